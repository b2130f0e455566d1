"""Marts: one asset per SQL file, with lineage from its parsed SQL.

Lives here: the specifications, and the order of building, checking and writing. Does not live here: the SQL
and how it is run (``marts/``), and what ``ods.duckdb`` holds (``publish/duckdb.py``).

The metadata of each asset has its seconds.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb

from ods_pipeline.dataroot.builds import require_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.catalogue import check_spec, table_spec
from ods_pipeline.defs.keys import table_key
from ods_pipeline.defs.results import check_result, column_lineage, made_of, table_metadata
from ods_pipeline.errors import OdsError
from ods_pipeline.marts.build import add_table, mart_connection, rows_of_mart
from ods_pipeline.marts.checking import findings_on, mart_checks
from ods_pipeline.marts.lineage import files_of_mart, mart_sql, marts_in_order, read_by, step_sql, steps_of
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


def build_marts(root: DataRoot, fill: Callable[[Table], None]) -> Iterator[dg.MaterializeResult]:
    """Build all marts of the build under way in order, each with its checks.

    Args:
        root: The data root.
        fill: Called with each mart once its file is written.
    """
    build = require_build(root)
    origin = origin_of(build)
    today = date.fromisoformat(origin["today"])
    # One connection for all: to open one for each would cost as much as most marts.
    with (
        mart_connection(build, today) as connection,
        ThreadPoolExecutor(1) as writer,
    ):
        for table in marts_in_order():
            yield _built(
                table,
                build,
                origin,
                place=root.path / table.path,
                connection=connection,
                writer=writer,
            )
            fill(table)


def _built(
    table: Table,
    build: Path,
    origin: dict[str, str],
    *,
    place: Path,
    connection: duckdb.DuckDBPyConnection,
    writer: Executor,
) -> dg.MaterializeResult:
    """Build and check a mart, and write it during the check; the marts after it read the file.

    Args:
        table: The mart.
        build: The folder of the build.
        origin: Where the build comes from, for the footer of the file.
        place: The path of the file once it is published.
        connection: The mart connection.
        writer: Runs the writing.

    Raises:
        OdsError: The SQL of the mart or of a check fails.
    """
    key, began = table_key(table), time.monotonic()
    try:
        frame = rows_of_mart(table.name, connection)
        written = writer.submit(write_table, table, frame, build, origin)
        outcomes = findings_on(connection, table.name, frame)
    except duckdb.Error as error:
        raise OdsError(
            f"the SQL of this mart or of one of its checks failed: {error}",
            where=f"{table.schema}.{table.name}",
            do="This is a fault of the pipeline. Please report it with the release date",
        ) from error
    for finding in outcomes:
        if not finding.passed:
            level = logging.ERROR if finding.blocking else logging.WARNING
            log.log(level, "%s.%s: %s", table.schema, table.name, finding.summary)
    size = written.result()
    add_table(connection, build, table, unpack=True)
    more = {"dagster/column_lineage": column_lineage(table), "seconds": round(time.monotonic() - began, 2)}
    return dg.MaterializeResult(
        asset_key=key,
        metadata=table_metadata(frame, place, size) | more,
        check_results=[check_result(f, key) for f in outcomes],
    )
