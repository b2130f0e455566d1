"""One number for the whole content of a record, so that two observations can be compared at once.

Content is everything ODS says in the record except LastChangeDate: equal content read from XML and
from JSON has the same fingerprint. Fax numbers have a fingerprint of their own, since the API may leave
them out. MD5 (the first 64 bits) because it is the same in every version and on every machine; nothing
here is about secrecy.
"""

from functools import cache

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from ods_pipeline.schema import COMPONENTS, TABLES

_NOT_CONTENT = {"last_change_date", "published_in", "capture_id", "ods_code"}
_FAX = pl.col("contact_type") == "fax"


def with_fingerprints(organisations: pl.DataFrame, components: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Adds ``content_hash`` and ``fax_hash`` (UInt64; fax_hash null without fax) to ``organisations``.

    ``record`` joins components to their organisation; ``organisations`` are sorted by it.
    """
    own = [c for c in TABLES["organisations"].stored if c not in _NOT_CONTENT]
    record = organisations["record"]
    content = [organisations.select(_text(own, organisations)).to_series()]
    for name in COMPONENTS:
        rows = components[name]
        if name == "contacts":
            fax = _parts(rows.filter(_FAX), name, record)
            rows = rows.filter(~_FAX)
        content.append(_parts(rows, name, record).fill_null(""))
    texts = pl.select(pl.concat_str(content, separator="\x1e").alias("content"), fax.alias("fax"))
    with _database().cursor() as connection:
        connection.register("texts", texts.to_arrow())
        hashed = connection.sql(
            "SELECT md5_number_lower(content) AS content_hash, md5_number_lower(fax) AS fax_hash FROM texts"
        ).pl()
    return organisations.hstack(hashed)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One empty database in memory, as opening costs more than hashing; every caller takes a cursor.

    Rows come back in the order they went in: that is DuckDB's default, and it is relied on.
    """
    return duckdb.connect(config={"preserve_insertion_order": True})


def _parts(rows: pl.DataFrame, table: str, record: pl.Series) -> pl.Series:
    """For each of ``record`` (sorted) all its rows as one text, in an order of their own; null without rows.

    The texts of neighbours are neighbours in Arrow's buffer, so that only the offsets are made anew.
    """
    columns = [c for c in TABLES[table].stored if c not in ("ods_code", "ordinal")]
    # The separator stands before each row, so that rows which follow one another are one text already.
    text = pl.concat_str(pl.lit("\x1d"), _text(columns, rows)).alias("text")
    ordered = rows.select("record", text).sort("record", "text")
    keys = ordered["record"].to_numpy()
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    texts = ordered["text"].rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, values = texts.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    runs = np.append(ends[starts], ends[-1])
    joined = pl.Series(pa.LargeStringArray.from_buffers(len(starts), pa.py_buffer(runs.tobytes()), values))
    places = np.full(len(record), len(starts))
    places[np.searchsorted(record.to_numpy(), keys[starts])] = np.arange(len(starts))
    return joined.extend_constant(None, 1).gather(places)


def _text(columns: list[str], frame: pl.DataFrame) -> pl.Expr:
    there = [pl.col(c) for c in columns if c in frame.columns]
    # Days as numbers: they are written faster.
    plain = [c.to_physical() if frame.schema[c.meta.output_name()] == pl.Date else c for c in there]
    return pl.concat_str([c.cast(pl.String).fill_null("\x00") for c in plain], separator="\x1f")
