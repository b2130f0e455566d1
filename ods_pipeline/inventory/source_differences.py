"""Where ORD and ODT give different values for one record on one day.

Lives here: the comparison of two fetches of the same day, one of each source, field by field. Does not live
here: fetching from both (``sources/deltas.py``), and what history makes of them (``history/versions.py``).

Only records with the same LastChangeDate are compared: the two sources may be a load apart. A difference is
explained if it is one that ODT cannot avoid (``schema/silence.py``); any other is worth a look.
"""

from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline.schema.silence import ODT_SILENT

NOT_SAID, ENDED_ROLE = "not_said_by_odt", "ended_role_left_out"
# What identifies a row of each table within a record.
_ROW = {
    "organisations": (),
    "roles": ("unique_role_id",),
    "relationships": ("unique_rel_id",),
    "successions": ("succession_type", "target_ods_code"),
    "contacts": ("contact_type", "contact_value"),
}
_NOT_COMPARED = ("ods_code", "published_in", "ordinal")
_SILENT_CONTACTS = [f.partition(".")[2] for f in ODT_SILENT if f.startswith("contacts.")]


def source_differences(root: DataRoot, captures: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of ``marts.source_differences``, in its columns and order.

    Args:
        root: The data root, whose flat folders are read.
        captures: The captures of the build: ``ord.captures``.
    """
    table = TABLES["source_differences"]
    pairs = _pairs(captures)
    rows = [
        _differences(root.flat / odt, root.flat / ord_).with_columns(pl.lit(day).alias("as_of"))
        for day, ord_, odt in pairs.iter_rows()
        if (root.flat / odt).is_dir() and (root.flat / ord_).is_dir()
    ]
    if not rows:
        return table.empty()
    return pl.concat(rows).select(table.columns).cast(pl.Schema(table.dtypes)).sort(table.key)


def _pairs(captures: pl.DataFrame) -> pl.DataFrame:
    """Return ``as_of, ord, odt``: the newest fetch of each source on each day that has both."""
    fetches = captures.filter(pl.col("kind") == "delta").sort("capture_id")
    newest = fetches.unique(["as_of", "source"], keep="last", maintain_order=True)
    both = [newest.filter(source=s).select("as_of", pl.col("capture_id").alias(s)) for s in ("ord", "odt")]
    return both[0].join(both[1], on="as_of").sort("as_of")


def _differences(odt: Path, ord_: Path) -> pl.DataFrame:
    stamps = [
        pl.scan_parquet(folder / "organisations.parquet").select("ods_code", "last_change_date")
        for folder in (ord_, odt)
    ]
    codes = stamps[0].join(stamps[1], on=["ods_code", "last_change_date"]).select("ods_code")
    parts = [_of_table(name, odt, ord_, codes) for name in ("organisations", *COMPONENTS)]
    return pl.concat(pl.collect_all(parts))


def _of_table(name: str, odt: Path, ord_: Path, codes: pl.LazyFrame) -> pl.LazyFrame:
    key = ["ods_code", "row_id", "field"]
    ours, theirs = (_cells(name, folder, codes) for folder in (ord_, odt))
    both = ours.rename({"value": "ord_value"}).join(
        theirs.rename({"value": "odt_value"}), on=key, how="full", coalesce=True
    )
    return (
        both.filter(pl.col("ord_value").ne_missing(pl.col("odt_value")))
        .with_columns(pl.lit(name).alias("table_name"))
        .with_columns(_explained(name).alias("explanation"))
        .select("ods_code", "table_name", "row_id", "field", "ord_value", "odt_value", "explanation")
    )


def _cells(name: str, folder: Path, codes: pl.LazyFrame) -> pl.LazyFrame:
    """Return ``ods_code, row_id, field, value``: every value of a table; null values are left out."""
    row = [pl.col(c).cast(pl.String) for c in _ROW[name]]
    row_id = pl.concat_str(row, separator=" ", ignore_nulls=True) if row else pl.lit("")
    columns = [c for c in TABLES[name].stored if c not in _NOT_COMPARED and not c.endswith("capture_id")]
    return (
        pl.scan_parquet(folder / f"{name}.parquet")
        .join(codes, on="ods_code", how="semi")
        .select("ods_code", row_id.alias("row_id"), *(pl.col(c).cast(pl.String) for c in columns))
        .unpivot(index=["ods_code", "row_id"], variable_name="field", value_name="value")
        .filter(pl.col("value").is_not_null())
        # Two rows may share an id: the least of their values counts, whichever row is read first.
        .group_by("ods_code", "row_id", "field")
        .agg(pl.col("value").min())
    )


def _explained(name: str) -> pl.Expr:
    """Return which rule explains a difference; null if none does."""
    fields = [f.partition(".")[2] for f in ODT_SILENT if f.startswith(f"{name}.")]
    silent = pl.when(pl.col("field").is_in(fields)).then(pl.lit(NOT_SAID))
    if name == "contacts":
        kind = pl.col("row_id").str.split(" ").list.first()
        return pl.when(kind.is_in(_SILENT_CONTACTS)).then(pl.lit(NOT_SAID))
    if name == "roles":
        row = ["ods_code", "row_id"]
        missing = pl.col("odt_value").is_null().all().over(row)
        is_field = pl.col("field").is_in(["status", "is_primary"])
        ended = (is_field & pl.col("ord_value").is_in(["Inactive", "false"])).sum().over(row) == 2
        return pl.when(missing & ended).then(pl.lit(ENDED_ROLE))
    return silent
