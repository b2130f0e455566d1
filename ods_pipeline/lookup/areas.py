"""GSS codes, which the Office for National Statistics gives to areas, with their names and ODS codes.

Lives here: which areas are known, and the sentence about one. Does not live here: the committed list and the
lists of the ONS (``places/areas.py``).
"""

import duckdb
import polars as pl

from ods_pipeline.places.areas import STORED, committed_areas

_KINDS = {
    "icb": "ICB",
    "sub_icb": "sub-ICB location",
    "region": "NHS region",
    "local_authority": "local authority",
}


def areas_by_gss(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return ``gss_code, kind, ods_code, name, words``: areas of ``geo.areas``, and of the committed list.

    ``words`` explains what the GSS code stands for. Without files of places ``geo.areas`` is empty, and a set
    that an older version published may not have it.
    """
    has_areas = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'geo' AND table_name = 'areas'"
    frames = [committed_areas().select(STORED.keys())]
    if connection.sql(has_areas).fetchall():
        frames.insert(0, connection.sql("SELECT gss_code, kind, ods_code, name FROM geo.areas").pl())
    areas = pl.concat(frames, how="vertical_relaxed").unique("gss_code", keep="first", maintain_order=True)
    kind = pl.col("kind").replace_strict(_KINDS, default=pl.col("kind"))
    code = (
        pl.when(pl.col("ods_code").is_null())
        .then(pl.lit(""))
        .otherwise(pl.format(", ODS code {}", "ods_code"))
    )
    return areas.with_columns(words=pl.format("It stands for the {} {}{}", kind, "name", code))


def area_in_words(connection: duckdb.DuckDBPyConnection, code: str) -> str | None:
    """Return what a GSS code stands for as a sentence without its stop; None if it is not a known one."""
    words = areas_by_gss(connection).filter(gss_code=code.strip().upper())["words"]
    return words[0] if words.len() else None
