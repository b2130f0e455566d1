"""Marts: one asset per SQL file, with lineage from its parsed SQL.

Lives here: the specifications, and the order of building, checking and writing. Does not live here: the SQL
and how it is run (``marts/``), and what ``ods.duckdb`` holds (``publish/duckdb.py``).

The metadata of each asset has its seconds.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl

from ods_pipeline.checks import Finding
from ods_pipeline.checks.base import log_failures
from ods_pipeline.dataroot.builds import require_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.catalogue import check_spec, table_spec
from ods_pipeline.defs.keys import table_key
from ods_pipeline.defs.results import check_result, column_lineage, made_of, table_metadata
from ods_pipeline.errors import OdsError
from ods_pipeline.marts.build import add_table, mart_connection, rows_of_mart
from ods_pipeline.marts.checking import findings_on, mart_checks
from ods_pipeline.marts.lineage import (
    files_of_mart,
    mart_sql,
    marts_in_order,
    read_by,
    step_sql,
    steps_of,
    tables_read,
)
from ods_pipeline.publish.build_info import origin_of
from ods_pipeline.publish.files import write_table
from ods_pipeline.schema import EVENTS, MARTS, Table

log = logging.getLogger(__name__)


def shown_sql(name: str) -> dg.MarkdownMetadataValue:
    """Return the SQL of a mart for Dagster's page of the asset, its steps first."""
    statements = (*map(step_sql, steps_of(name)), mart_sql(name))
    return dg.MetadataValue.md("\n\n".join(f"```sql\n{sql}\n```" for sql in statements))


MART_SPECS = [
    table_spec(
        table,
        deps=[table_key(t) for t in read_by(table.name)],
        group="marts",
        kinds={"duckdb", "parquet"},
        code=files_of_mart(table.name),
        metadata={
            "made_of": made_of(table),
            "sql": shown_sql(table.name),
            "dagster/column_lineage": column_lineage(table),
        },
    )
    for table in MARTS
]
MART_CHECKS = [
    spec
    for table in (*EVENTS, *MARTS)
    for spec in (
        check_spec(table_key(table), "unique_key", blocking=True),
        *(
            check_spec(table_key(table), check.name, blocking=check.blocking, about=check.rule)
            for check in mart_checks(table.name)
        ),
    )
]


@dataclass(frozen=True)
class _Made:
    """A mart that is made and checked, while its file is written.

    ``began`` is when its SQL began, and ``written`` gives the size of the file in bytes and when it was
    complete, both in seconds of the monotonic clock.
    """

    table: Table
    frame: pl.DataFrame
    outcomes: list[Finding]
    began: float
    written: Future[tuple[int, float]]


def build_marts(root: DataRoot, fill: Callable[[Table], None]) -> Iterator[dg.MaterializeResult]:
    """Build all marts of the build under way in order, each with its checks.

    The file of a mart is written while the next one is made, unless that one reads it.

    Args:
        root: The data root.
        fill: Called with each mart once its file is written.
    """
    build = require_build(root)
    origin = origin_of(build)
    today = date.fromisoformat(origin["today"])
    # One connection for all: to open one for each would cost as much as most marts.
    with mart_connection(build, today) as connection, ThreadPoolExecutor(1) as writer:

        def finished(made: _Made) -> dg.MaterializeResult:
            result = _reported(made, root.path / made.table.path)
            add_table(connection, build, made.table, unpack=True)
            fill(made.table)
            return result

        last: _Made | None = None
        for table in marts_in_order():
            if last and last.table in _read_for(table):
                yield finished(last)
                last = None
            try:
                made = _made(table, build, origin, connection, writer)
            finally:  # if this one fails, too: what was made before it is reported
                if last:
                    yield finished(last)
            last = made
        if last:
            yield finished(last)


def _read_for(table: Table) -> list[Table]:
    """Return the tables that a mart or its checks read."""
    return [*read_by(table.name), *tables_read(*(check.sql for check in mart_checks(table.name)))]


def _made(
    table: Table,
    build: Path,
    origin: dict[str, str],
    connection: duckdb.DuckDBPyConnection,
    writer: Executor,
) -> _Made:
    """Make a mart, check it, and write its file meanwhile and after.

    Args:
        table: The mart.
        build: The folder of the build.
        origin: Where the build comes from, for the footer of the file.
        connection: The mart connection.
        writer: Runs the writing.

    Raises:
        OdsError: The SQL of the mart or of a check fails.
    """
    began = time.monotonic()

    def write() -> tuple[int, float]:
        return write_table(table, frame, build, origin), time.monotonic()

    try:
        frame = rows_of_mart(table.name, connection)
        written = writer.submit(write)
        outcomes = findings_on(connection, table.name, frame)
    except duckdb.Error as error:
        raise OdsError(
            f"the SQL of this mart or of one of its checks failed: {error}",
            where=f"{table.schema}.{table.name}",
            do="This is a fault of the pipeline. Please report it with the release date",
        ) from error
    log_failures(log, f"{table.schema}.{table.name}", outcomes)
    return _Made(table, frame, outcomes, began, written)


def _reported(made: _Made, place: Path) -> dg.MaterializeResult:
    """Return what Dagster records of a mart, once its file is written.

    Args:
        made: The mart.
        place: The path of its file once it is published.
    """
    key, (size, ended) = table_key(made.table), made.written.result()
    more = {"dagster/column_lineage": column_lineage(made.table), "seconds": round(ended - made.began, 2)}
    return dg.MaterializeResult(
        asset_key=key,
        metadata=table_metadata(made.frame, place, size) | more,
        check_results=[check_result(f, key) for f in made.outcomes],
    )
