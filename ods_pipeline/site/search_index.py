"""The files that the look-up page searches for names, towns and codes: the tables of the schema search.

Lives here: the words of names and towns, which names have each, and every code with its name and town, as
script files of numbers. Does not live here: the search itself (``static/search.js``), which takes the steps
of ``ods_find``, and the records that it shows (``shards.py``).
"""

import base64
import json
from pathlib import Path

import duckdb
import polars as pl

from ods_pipeline.site.figures import rows_of
from ods_pipeline.site.words import HARMFUL

# A browser reads a file of this size in some milliseconds.
_TEXTS_IN_A_FILE = 2_000
_PLACES_IN_A_FILE = 50_000


def write_search(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, object]:
    """Write ``search/`` and ``text/`` into ``lookup/`` of a site.

    Args:
        connection: The published ods.duckdb.
        folder: ``lookup/`` of the site.

    Returns:
        What ``about.js`` states of them: the first word of each file of ``search/``, texts in a file.

    Raises:
        OdsError: An older version published the set, without a table of the search.
    """
    search, text = folder / "search", folder / "text"
    search.mkdir(parents=True)
    text.mkdir()
    where = "the look-up page"
    words = rows_of(
        connection, where, "SELECT word_id, word, texts FROM search.words WHERE word_id > 0 ORDER BY 1"
    )
    placed = rows_of(
        connection,
        where,
        """
        SELECT word_id, text_id, size + 65536 * is_town::INTEGER AS size,
            coalesce(other_size, 0) AS other_size
        FROM search.texts ORDER BY 1, 2
        """,
    )
    listings = rows_of(
        connection,
        where,
        """
        SELECT ods_code, coalesce(name_id, 0) AS name_id, coalesce(town_id, 0) AS town_id, place,
            openness_rank + 16 * is_site::INTEGER + 32 * (former_name IS NOT NULL)::INTEGER AS flags
        FROM search.listings ORDER BY listing_id
        """,
    )
    keys = rows_of(
        connection,
        where,
        """
        SELECT DISTINCT l.name_id, f.name_key FROM search.listings AS l
        JOIN marts.code_finder AS f ON f.ods_code = l.ods_code
        WHERE l.former_name IS NULL AND l.name_id IS NOT NULL ORDER BY 1
        """,
    )
    used = [column.cast(pl.Int32) for column in (placed["text_id"], listings["name_id"], listings["town_id"])]
    every = pl.concat([pl.Series("text_id", [0], pl.Int32), *(column.rename("text_id") for column in used)])
    last = pl.col("text_id").max()
    every = every.to_frame().select(text_id=pl.int_range(0, last + 1, dtype=pl.Int32))
    sizes = every.join(placed.select("text_id", "size").unique(), on="text_id", how="left")
    _write(search, "words", {
        "words": "\n".join(_harmless(words["word"])),
        "texts": _numbers(words["texts"]),
    })  # fmt: skip
    _write(search, "listings", {
        "codes": "\n".join(_harmless(listings["ods_code"])),
        "names": _numbers(listings["name_id"], 3),
        "towns": _numbers(listings["town_id"], 3),
        "flags": _numbers(listings["flags"], 1),
        "sizes": _numbers(sizes.sort("text_id")["size"].fill_null(0), 3),
    })  # fmt: skip
    _write(search, "places", {"places": _numbers(listings["place"])})
    firsts = []
    # All places of a word are in one file, that of its first.
    filed = placed.with_row_index("file").with_columns(
        pl.col("file").min().over("word_id") // _PLACES_IN_A_FILE
    )
    for part in filed.partition_by("file", maintain_order=True):
        firsts.append(part["word_id"][0])
        lists = part.group_by("word_id", maintain_order=True).agg("text_id", "other_size")
        content = {str(word): _numbers(pl.Series(texts)) for word, texts, _ in lists.iter_rows()}
        # Next to a word that stands for others of a text: what counts of the text then.
        content |= {
            f"{word}+": _numbers(pl.Series(sizes)) for word, _, sizes in lists.iter_rows() if any(sizes)
        }
        _write(search, f"word{firsts[-1]}", content)
    named = keys.with_columns(file=pl.col("name_id") // _TEXTS_IN_A_FILE)
    for part in named.partition_by("file", maintain_order=True):
        content = dict(zip(map(str, part["name_id"]), _harmless(part["name_key"]), strict=True))
        _write(text, str(part["file"][0]), content)
    return {"words": firsts, "texts_in_a_file": _TEXTS_IN_A_FILE}


def _harmless(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(HARMFUL, "\ufffd")


def _numbers(values: pl.Series, width: int = 4) -> str:
    """Return whole numbers, none of them below 0, as base64 of this many bytes each, the least first.

    The page reads the list of all codes before its first answer, so its numbers have no byte too many.
    """
    column = values.cast(pl.UInt32).to_numpy().astype("<u4")
    assert not len(column) or int(column.max()) < 256**width, f"a number needs more than {width} bytes"
    return base64.b64encode(column.view("u1").reshape(-1, 4)[:, :width].tobytes()).decode("ascii")


def _write(folder: Path, name: str, content: dict[str, str]) -> None:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (folder / f"{name}.js").write_text(f'odsShelf("{folder.name}", "{name}", {text});\n', encoding="utf-8")
