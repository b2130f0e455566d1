"""The files that the look-up page reads: script files, so that a browser takes them from a folder.

Lives here: records by the beginning of their code, and codes by the beginning of their postcode. Does not
live here: what is searched for words (``search_index.py``), and the search itself (``static/search.js``). It
finds what ``ods_find`` finds, in the same order; the tests compare them.
"""

import json
from pathlib import Path

import duckdb
import polars as pl

from ods_pipeline.site.figures import statement_of
from ods_pipeline.site.search_index import write_search
from ods_pipeline.site.words import HARMFUL, kind_name, slug

# A browser reads a file of this many records in some milliseconds.
_MOST_IN_A_FILE = 500
_LONGEST_BEGINNING = 6
_RECORD = (
    "name", "kind", "openness", "explanation", "address", "postcode", "hq_code", "icb_code", "region_code",
    "replaced_by", "candidate_codes", "former",
)  # fmt: skip


def write_lookup(connection: duckdb.DuckDBPyConnection, folder: Path, as_of: str) -> None:
    """Write ``lookup/`` into the folder of a site.

    Args:
        connection: The published ods.duckdb.
        folder: The folder of the site.
        as_of: The day of the report (ISO).
    """
    place = folder / "lookup"
    records = _cleaned(connection.sql(statement_of("lookup_records")).pl())
    records = records.with_columns(former=pl.col("former_names").list.join("; "))
    postcodes = _cleaned(connection.sql(statement_of("lookup_postcodes")).pl())
    kinds, openness = _numbers(records, "kind"), _numbers(records, "openness")
    numbered = records.with_columns(
        pl.col("kind").replace_strict(kinds, return_dtype=pl.Int64),
        pl.col("openness").replace_strict(openness, return_dtype=pl.Int64),
    )
    areas = records.filter(pl.col("kind").is_in(["icb", "region"])).sort("ods_code")
    about = {
        "as_of": as_of,
        "kinds": [kind_name(kind) for kind in kinds],
        "openness": list(openness),
        "areas": dict(areas.select("ods_code", "name").iter_rows()),
        "files": {
            "code": _write_shelf(place / "code", "ods_code", numbered, _array(_RECORD)),
            "postcode": _write_shelf(place / "postcode", "postcode_key", postcodes, pl.col("codes_json")),
        },
        "search": write_search(connection, place),
        "longest": _LONGEST_BEGINNING,
    }
    (place / "about.js").write_text(f"window.odsAbout = {_json(about)};\n", encoding="utf-8")


def _write_shelf(folder: Path, key: str, rows: pl.DataFrame, value: pl.Expr) -> dict[str, str]:
    """Write rows into files by the beginning of their key, and return the name of the file of each beginning.

    A file with too many rows is split by one more character of the key.
    """
    folder.mkdir(parents=True)
    file = pl.lit("")
    filed = rows.sort(key).with_columns(file=file)
    for length in range(1, _LONGEST_BEGINNING + 1):
        beginning = pl.col(key).str.slice(0, length)
        full = pl.len().over("file") > _MOST_IN_A_FILE
        filed = filed.with_columns(file=pl.when(full).then(beginning).otherwise("file"))
    entries = filed.with_columns(codes_json=_list_json("codes")) if "codes" in rows.columns else filed
    entry = pl.concat_str(_text_json(key), pl.lit(":"), value)
    files = entries.group_by("file").agg(entry.sort_by(key).str.join(",\n")).sort("file")
    names = {}
    for beginning, text in files.iter_rows():
        names[beginning] = slug(beginning) or "all"
        shelf = f'odsShelf("{folder.name}", "{names[beginning]}", {{\n{text}\n}});\n'
        (folder / f"{names[beginning]}.js").write_text(shelf, encoding="utf-8")
    return names


def _cleaned(frame: pl.DataFrame) -> pl.DataFrame:
    lists = pl.col([name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)])
    return frame.with_columns(
        pl.col(pl.String).str.replace_all(HARMFUL, "\ufffd"),
        lists.list.eval(pl.element().str.replace_all(HARMFUL, "\ufffd")),
    )


def _numbers(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return {value: number for number, value in enumerate(sorted(frame[column].unique()))}


def _array(columns: tuple[str, ...]) -> pl.Expr:
    """Return the JSON array of some columns of a row."""
    parts: list[pl.Expr] = []
    for name in columns:
        value = (
            _list_json(name)
            if name in ("replaced_by", "candidate_codes")
            else pl.col(name).cast(pl.String)
            if name in ("kind", "openness")
            else _text_json(name)
        )
        parts += [pl.lit(","), value]
    return pl.concat_str(pl.lit("["), *parts[1:], pl.lit("]"))


def _text_json(name: str) -> pl.Expr:
    r"""Return text as JSON. Control characters are gone already, so only \ and " need care."""
    quoted = (
        pl.col(name).str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    )
    return (
        pl.when(pl.col(name).is_null())
        .then(pl.lit("null"))
        .otherwise(pl.concat_str(pl.lit('"'), quoted, pl.lit('"')))
    )


def _list_json(name: str) -> pl.Expr:
    """Return a list of codes as JSON. A code that is not plain text becomes harmless, and finds nothing."""
    joined = (
        pl.col(name).list.eval(pl.element().str.replace_all(r'[\\"\x00-\x1f]', "\ufffd")).list.join('","')
    )
    return (
        pl.when(pl.col(name).list.len() > 0)
        .then(pl.concat_str(pl.lit('["'), joined, pl.lit('"]')))
        .otherwise(pl.lit("[]"))
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
