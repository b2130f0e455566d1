"""Runs the SQL of marts on the tables of a build. Pure: tables and a day in, frames out.

Lives here: the rules that SQL reads next to the tables, the connection, and the building of one mart. Does
not live here: which mart reads what and comes first (``lineage.py``), checks (``checking.py``), writing
(``publish``).
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from ods_pipeline.marts import macros
from ods_pipeline.marts.lineage import mart_sql, read_by, step_sql, steps_of, steps_read_once
from ods_pipeline.schema import SCHEMAS, TABLES, Table
from ods_pipeline.schema.sorting import sorted_by

_RULES = resources.files("ods_pipeline.marts") / "rules"
# Up to this much memory DuckDB keeps for its blocks until it closes. Otherwise it returns each block and asks
# for it again, which is 4 % of a build (benchmarks/NOTES.md).
BLOCKS_KEPT: dict[str, Any] = {"block_allocator_memory": "1.5GB"}
# Many marts and checks read these: to unpack them once is cheaper than to read the files again and again.
_READ_OFTEN = ("organisations", "organisation_status")


@cache
def hierarchy_rules() -> pl.DataFrame:
    """Return which parent a level takes.

    Columns: ``level, child_role, rel_id, parent_role, preference, citation``. The lowest preference wins.
    A role is an expression, which holds on the days on which one of its alternatives (``|``) does: a primary
    role, or ``*`` for any, with ``+`` roles that must also hold and ``-`` roles that must not.
    ``RO98+RO218-RO319`` is a hub.
    """
    with resources.as_file(_RULES / "hierarchy_rules.csv") as path:
        return pl.read_csv(path, schema_overrides={"preference": pl.Int64})


@cache
def kinds_of_organisation() -> pl.DataFrame:
    """Return which organisations are of which kind, by their roles.

    Columns: ``kind, primary_role_id, with_role_id, preference, what``. ``*`` is any primary role; the lowest
    preference wins.
    """
    with resources.as_file(_RULES / "kinds.csv") as path:
        return pl.read_csv(path, schema_overrides={"preference": pl.Int64})


@cache
def overrides() -> pl.DataFrame:
    """Return successions that ODS lacks, each with its source.

    Columns: ``old_code, new_code, effective_on, source``. ``effective_on`` is the first day of the new state.
    """
    with resources.as_file(_RULES / "overrides.csv") as path:
        return pl.read_csv(path, schema_overrides={"effective_on": pl.Date})


@cache
def coverage_limits() -> pl.DataFrame:
    """Return the share of organisations of a kind that should have a parent at a level.

    A kind without a row for a level does not take part at it. The share is of the open organisations in
    England that no hub commissions.

    Columns: ``kind, level, least_share, why``; shares are from 0 to 1.
    """
    with resources.as_file(_RULES / "coverage_limits.csv") as path:
        return pl.read_csv(path, schema_overrides={"least_share": pl.Float64})


@cache
def organisation_type_codes() -> pl.DataFrame:
    """Return the type codes of NHS England's reference data by role.

    Columns: ``type_code, primary_role_id, with_role_id, name, source``. With ``with_role_id`` the
    organisation has that role too.
    """
    with resources.as_file(_RULES / "organisation_type_codes.csv") as path:
        return pl.read_csv(path)


@cache
def relationship_type_codes() -> pl.DataFrame:
    """Return the codes of pairs of types: ``rel_type_code, from_type_code, to_type_code, source``."""
    with resources.as_file(_RULES / "relationship_type_codes.csv") as path:
        return pl.read_csv(path)


@contextmanager
def mart_connection(
    build: Path, today: date, tables: Iterable[Table] | None = None
) -> Generator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB in memory that holds what the SQL of marts and checks reads.

    It has the tables, ``hierarchy_rules``, ``kinds_of_organisation``, ``overrides``, ``coverage_limits``,
    ``organisation_type_codes``, ``relationship_type_codes``, the macros of ``macros.define_for_building``,
    and an empty schema ``steps``. Tables are views on Parquet files.

    Args:
        build: The folder of the build.
        today: The day the build speaks for.
        tables: The tables to show, as far as they are written. None is all of them; those that are read often
            are then unpacked into memory.
    """
    with duckdb.connect(config=BLOCKS_KEPT) as connection:
        define_for_marts(connection, today)
        show_build(connection, build, tables)
        yield connection


def define_for_marts(connection: duckdb.DuckDBPyConnection, today: date) -> None:
    """Create what a mart connection has before any rule or table: the schemas and the macros."""
    connection.execute(";".join(f"CREATE SCHEMA {schema}" for schema in (*SCHEMAS, "steps")))
    macros.define_for_building(connection, today)


def show_build(
    connection: duckdb.DuckDBPyConnection, build: Path, tables: Iterable[Table] | None = None
) -> None:
    """Show the rules and the tables of a build on a mart connection; ``tables`` as in ``mart_connection``."""
    connection.register("hierarchy_rules", hierarchy_rules().to_arrow())
    connection.register("kinds_of_organisation", kinds_of_organisation().to_arrow())
    connection.register("overrides", overrides().to_arrow())
    connection.register("coverage_limits", coverage_limits().to_arrow())
    connection.register("organisation_type_codes", organisation_type_codes().to_arrow())
    connection.register("relationship_type_codes", relationship_type_codes().to_arrow())
    for table in TABLES.values() if tables is None else tables:
        if (build / table.path).exists():
            add_table(connection, build, table, unpack=tables is None)
        elif table.schema == "geo":  # a build without places has none: marts read an empty table then
            connection.execute(f"USE {table.schema}")
            connection.from_arrow(table.empty().to_arrow()).create(table.name)
            connection.execute("USE main")


def add_table(connection: duckdb.DuckDBPyConnection, build: Path, table: Table, *, unpack: bool) -> None:
    """Show the Parquet file of ``table`` on a mart connection, for the marts that read it.

    With ``unpack`` a table that is read often is taken into memory.
    """
    connection.execute(f"USE {table.schema}")
    rows = connection.read_parquet(str(build / table.path))
    if unpack and table.id in _READ_OFTEN:
        rows.create(table.name)
    else:
        rows.create_view(table.name)
    connection.execute("USE main")


def build_mart(name: str, build: Path, today: date) -> pl.DataFrame:
    """Return the rows of mart ``name`` on day ``today``, in the columns, types and order of its class."""
    with mart_connection(build, today, read_by(name)) as connection:
        return rows_of_mart(name, connection)


def rows_of_mart(name: str, connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return the same as ``build_mart``, on a mart connection that is open already.

    The steps of the mart are built first and dropped at the end. Those that one place reads are views:
    storing wide rows for one reader took a sixth of the time of ``provider_hierarchy``.
    """
    table, read_once = TABLES[name], steps_read_once(name)
    kinds = {step: "VIEW" if step in read_once else "TABLE" for step in steps_of(name)}
    for step, kind in kinds.items():
        connection.execute(f"CREATE {kind} steps.{step} AS {step_sql(step)}")
    frame = connection.sql(mart_sql(name)).pl()
    for step, kind in reversed(kinds.items()):
        connection.execute(f"DROP {kind} steps.{step}")
    return sorted_by(frame.select(table.columns).cast(pl.Schema(table.dtypes)), table.key)
