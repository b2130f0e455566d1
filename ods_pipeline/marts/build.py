"""Runs a mart's SQL on the tables of a build. Pure: tables and a day in, a frame out."""

import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import date
from importlib import resources
from pathlib import Path

import duckdb
import polars as pl

from ods_pipeline.marts import macros
from ods_pipeline.schema import SCHEMAS, TABLES, Table
from ods_pipeline.schema.sorting import sorted_by

_HERE = resources.files("ods_pipeline.marts")
# Read by so many marts and checks that to unpack them once is cheaper than to read the files again and again.
_READ_OFTEN = ("organisations", "organisation_status")


def mart_sql(name: str) -> str:
    """The SQL of a mart."""
    return _HERE.joinpath(f"{name}.sql").read_text(encoding="utf-8")


def tables_read(*statements: str) -> list[Table]:
    """The tables that SQL names, so that lineage cannot say anything else than the SQL does."""
    used = {found for sql in statements for found in re.findall(r"\b(ord|history|marts)\.(\w+)", sql)}
    return sorted((t for t in TABLES.values() if (t.schema, t.name) in used), key=lambda t: t.id)


def hierarchy_rules() -> pl.DataFrame:
    """Which parent a level takes: ``level, child_role, rel_id, parent_role, except_parent_roles, preference,
    citation``. ``*`` is any role; exceptions are separated by ``|``."""
    with resources.as_file(_HERE / "rules" / "hierarchy_rules.csv") as path:
        return pl.read_csv(path, schema_overrides={"preference": pl.Int64})


def kinds_of_organisation() -> pl.DataFrame:
    """``kind, primary_role_id, with_role_id, preference, what``: which bodies are of which kind, by their
    roles. The lowest preference wins; ``*`` is any primary role."""
    with resources.as_file(_HERE / "rules" / "kinds.csv") as path:
        return pl.read_csv(path, schema_overrides={"preference": pl.Int64})


def overrides() -> pl.DataFrame:
    """``old_code, new_code, effective_on, source``: successions that ODS lacks, each with where it is from.
    ``effective_on`` is the first day of the new state."""
    with resources.as_file(_HERE / "rules" / "overrides.csv") as path:
        return pl.read_csv(path, schema_overrides={"effective_on": pl.Date})


def coverage_limits() -> pl.DataFrame:
    """``kind, level, least_share, why``: the share of open bodies that should have a parent at a level."""
    with resources.as_file(_HERE / "rules" / "coverage_limits.csv") as path:
        return pl.read_csv(path, schema_overrides={"least_share": pl.Float64})


@contextmanager
def mart_connection(
    build: Path, today: date, tables: Iterable[Table] | None = None
) -> Generator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory with ``tables`` (all, if None) of the build, as far as they are written,
    ``hierarchy_rules``, ``kinds_of_organisation``, ``overrides``, ``coverage_limits``, the words of
    ``macros/``, and ``ods_today()``. Tables are views on Parquet files; for all marts, what is read often
    is unpacked."""
    with duckdb.connect() as connection:
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA {schema}")
        for table in TABLES.values() if tables is None else tables:
            if (build / table.path).exists():
                add_table(connection, build, table, unpack=tables is None)
        connection.register("hierarchy_rules", hierarchy_rules().to_arrow())
        connection.register("kinds_of_organisation", kinds_of_organisation().to_arrow())
        connection.register("overrides", overrides().to_arrow())
        connection.register("coverage_limits", coverage_limits().to_arrow())
        macros.define(connection, today, words_only=True)
        yield connection


def add_table(connection: duckdb.DuckDBPyConnection, build: Path, table: Table, *, unpack: bool) -> None:
    """Shows the Parquet file of a table on a mart connection, for the marts that read it. With ``unpack`` one
    that is read often is taken into memory."""
    connection.execute(f"USE {table.schema}")
    rows = connection.read_parquet(str(build / table.path))
    if unpack and table.id in _READ_OFTEN:
        rows.create(table.name)
    else:
        rows.create_view(table.name)
    connection.execute("USE main")


def build_mart(name: str, build: Path, today: date) -> pl.DataFrame:
    """The rows of mart ``name`` on day ``today``, in the columns, types and order of its class."""
    with mart_connection(build, today, tables_read(mart_sql(name))) as connection:
        return rows_of_mart(name, connection)


def rows_of_mart(name: str, connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The same as ``build_mart``, on a mart connection that is open already."""
    table = TABLES[name]
    frame = connection.sql(mart_sql(name)).pl()
    return sorted_by(frame.select(table.columns).cast(pl.Schema(table.dtypes)), table.key)
