"""The schema ``plain`` of ``ods.duckdb``: tables with lists as views, for tools that cannot read lists.

Lives here: the views. Does not live here: the tables (``marts/``), which are published as they are.
"""

from collections.abc import Iterable

import duckdb
import polars as pl

from ods_pipeline.schema import Table

SCHEMA = "plain"


def make_plain_views(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> None:
    """Create a view ``plain.NAME`` for each table of ``marts`` that has lists.

    Its columns are those of the table. A list is text: its values in order, with spaces between them; the
    parts of a value that has several have colons between them. An empty list is empty text, null stays null.
    """
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    for table in tables:
        lists = {name: dtype for name, dtype in table.dtypes.items() if isinstance(dtype, pl.List)}
        if not lists or table.schema != "marts":
            continue
        texts = ", ".join(f"{_as_text(name, dtype)} AS {name}" for name, dtype in lists.items())
        connection.execute(
            f"CREATE OR REPLACE VIEW {SCHEMA}.{table.name} AS "
            f"SELECT * REPLACE ({texts}) FROM {table.schema}.{table.name} AS held"
        )
        connection.execute(
            f"COMMENT ON VIEW {SCHEMA}.{table.name} IS "
            f"'{table.schema}.{table.name} with its lists as text, values separated by spaces.'"
        )


def _as_text(name: str, dtype: pl.List) -> str:
    if not isinstance(dtype.inner, pl.Struct):
        return f"array_to_string(held.{name}, ' ')"
    # No lambda: its form differs between the versions of DuckDB that open the file.
    parts = ", ".join(f"item.{part.name}" for part in dtype.inner.fields)
    items = f"SELECT unnest(held.{name}) AS item, unnest(range(len(held.{name}))) AS place"
    return (
        f"CASE WHEN held.{name} IS NOT NULL THEN coalesce("
        f"(SELECT string_agg(concat_ws(':', {parts}), ' ' ORDER BY place) FROM ({items})), '') END"
    )
