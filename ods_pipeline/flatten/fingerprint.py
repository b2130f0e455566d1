"""One number for the whole content of a record, so that two observations can be compared at once.

Content is everything ODS says in the record except LastChangeDate: equal content read from XML and
from JSON has the same fingerprint. Fax numbers have a fingerprint of their own, since the API may leave
them out. MD5 (the first 64 bits) because it is the same in every version and on every machine; nothing
here is about secrecy.
"""

from functools import cache

import duckdb
import polars as pl

from ods_pipeline.schema import COMPONENTS, TABLES

_NOT_CONTENT = {"last_change_date", "published_in", "capture_id", "ods_code"}
_FAX = pl.col("contact_type") == "fax"


def with_fingerprints(
    organisations: pl.DataFrame, components: dict[str, pl.DataFrame], by: str
) -> pl.DataFrame:
    """Adds ``content_hash`` and ``fax_hash`` (UInt64; fax_hash null without fax) to ``organisations``.

    ``by`` is the column that joins components to their record: ``ods_code`` or a record number.
    """
    own = [c for c in TABLES["organisations"].stored if c not in _NOT_CONTENT]
    texts = organisations.select(by, _text(own, organisations).alias("text_organisations"))
    for name in COMPONENTS:
        rows = components[name]
        if name == "contacts":
            texts = texts.join(_parts(rows.filter(_FAX), name, by, "text_fax"), on=by, how="left")
            rows = rows.filter(~_FAX)
        texts = texts.join(_parts(rows, name, by, f"text_{name}"), on=by, how="left")
    parts = ["text_organisations", *(f"text_{name}" for name in COMPONENTS)]
    texts = texts.select(
        by,
        pl.concat_str([pl.col(p).fill_null("") for p in parts], separator="\x1e").alias("content"),
        pl.col("text_fax").alias("fax"),
    )
    with _database().cursor() as connection:
        connection.register("texts", texts.to_arrow())
        hashed = connection.sql(
            f"SELECT {by}, md5_number_lower(content) AS content_hash, "
            "md5_number_lower(fax) AS fax_hash FROM texts"
        ).pl()
    return organisations.join(hashed, on=by, how="left")


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One empty database in memory, as opening costs more than hashing; every caller takes a cursor."""
    return duckdb.connect()


def _parts(rows: pl.DataFrame, table: str, by: str, name: str) -> pl.DataFrame:
    """All rows of a record as one text, in an order of their own."""
    columns = [c for c in TABLES[table].stored if c not in ("ods_code", "ordinal")]
    return (
        rows.select(by, _text(columns, rows).alias(name))
        .sort(by, name)
        .group_by(by, maintain_order=True)
        .agg(pl.col(name).str.join("\x1d"))
    )


def _text(columns: list[str], frame: pl.DataFrame) -> pl.Expr:
    return pl.concat_str(
        [pl.col(c).cast(pl.String).fill_null("\x00") for c in columns if c in frame.columns], separator="\x1f"
    )
