"""Runs a mart's SQL on the tables of a build. Pure: tables and a day in, a frame out."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from importlib import resources
from pathlib import Path

import duckdb
import polars as pl

from ods_pipeline.schema import MARTS, ORD, TABLES

_HERE = resources.files("ods_pipeline.marts")


def mart_sql(name: str) -> str:
    """The SQL of a mart."""
    return _HERE.joinpath(f"{name}.sql").read_text()


def hierarchy_rules() -> pl.DataFrame:
    """``level, child_role, rel_id, parent_role, preference, citation``: which parent a level takes."""
    with resources.as_file(_HERE / "hierarchy_rules.csv") as path:
        return pl.read_csv(path, schema_overrides={"preference": pl.Int64})


@contextmanager
def mart_connection(build: Path, today: date) -> Generator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory with ``ord.*`` and the marts built so far as views on the build's Parquet files,
    ``hierarchy_rules``, the shared macros, and ``today()``."""
    with duckdb.connect() as connection:
        for schema in ("ord", "marts"):
            connection.execute(f"CREATE SCHEMA {schema}")
        for table in [*ORD, *MARTS]:
            file = build / table.path
            if file.exists():
                connection.execute(f"USE {table.schema}")
                connection.read_parquet(str(file)).create_view(table.name)
        connection.execute("USE main")
        connection.register("hierarchy_rules", hierarchy_rules().to_arrow())
        connection.execute("SET VARIABLE today = CAST(? AS DATE)", [today.isoformat()])
        connection.execute(mart_sql("macros"))
        yield connection


def build_mart(name: str, build: Path, today: date) -> pl.DataFrame:
    """The rows of mart ``name`` on day ``today``, in the columns, types and order of its class."""
    table = TABLES[name]
    with mart_connection(build, today) as connection:
        frame = connection.sql(mart_sql(name)).pl()
    return frame.select(table.columns).cast(pl.Schema(table.dtypes)).sort(table.key)
