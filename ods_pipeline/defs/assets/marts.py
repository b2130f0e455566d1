"""Marts: one asset a SQL file, with lineage read from the SQL's own table names, all built in one step.

One step, because a mart alone is never published: the whole set is, and a step of Dagster's costs more than
most marts do. Seconds of each stand in its metadata. ``ods.duckdb`` is filled beside it, first with the
tables that are there already, then with each mart: neither work keeps all cores busy by itself.
"""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb

from ods_pipeline.dataroot.layout import require_build
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.defs.results import check_result, column_schema, table_key, table_metadata
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.held import origin_of
from ods_pipeline.marts.build import add_table, mart_connection, mart_sql, rows_of_mart, tables_read
from ods_pipeline.marts.checking import findings_on, mart_checks
from ods_pipeline.publish.files import filling_duckdb, write_table
from ods_pipeline.schema import HISTORY, MARTS, ORD, Table

log = logging.getLogger(__name__)


def read_by(name: str) -> list[Table]:
    """The tables that a mart's SQL reads."""
    return tables_read(mart_sql(name))


@dg.multi_asset(
    name="build_marts",
    specs=[
        dg.AssetSpec(
            table_key(table),
            deps=[table_key(t) for t in read_by(table.name)],
            group_name="marts",
            kinds={"duckdb", "parquet"},
            description=table.description,
            metadata={
                "dagster/column_schema": column_schema(table),
                "sql": dg.MetadataValue.md(f"```sql\n{mart_sql(table.name)}\n```"),
            },
        )
        for table in MARTS
    ],
    check_specs=[
        dg.AssetCheckSpec(name, asset=table_key(table), blocking=blocking)
        for table in MARTS
        for name, blocking in [("unique_key", True), *((c.name, c.blocking) for c in mart_checks(table.name))]
    ],
)
def marts(data_root: DataRootResource) -> Iterator[dg.MaterializeResult]:
    build = require_build(data_root.root)
    origin = origin_of(build)
    today = date.fromisoformat(origin["today"])
    # One connection for all: to open one for each would cost as much as most marts.
    with (
        mart_connection(build, today) as connection,
        ThreadPoolExecutor(1) as writer,
        filling_duckdb(build) as fill,
    ):
        for table in (*ORD, *HISTORY):
            fill(table)
        for table in MARTS:
            yield _built(
                table,
                build,
                origin,
                place=data_root.root.path / table.path,
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
    """Builds and checks a mart, and writes it while it is checked; the marts after it read the file.
    ``place`` is where it stands once it is published."""
    key, began = table_key(table), time.monotonic()
    try:
        frame = rows_of_mart(table.name, connection)
        written = writer.submit(write_table, table, frame, build, origin)
        found = findings_on(connection, table.name, frame)
    except duckdb.Error as error:
        raise OdsError(
            f"the SQL of this mart or of one of its checks failed: {error}",
            where=f"{table.schema}.{table.name}",
            do="This is a fault of the pipeline: please report it with the release date",
        ) from error
    for finding in found:
        if not finding.passed:
            level = logging.ERROR if finding.blocking else logging.WARNING
            log.log(level, "%s.%s: %s", table.schema, table.name, finding.summary)
    size = written.result()
    add_table(connection, build, table, unpack=True)
    seconds = {"seconds": round(time.monotonic() - began, 2)}
    return dg.MaterializeResult(
        asset_key=key,
        metadata=table_metadata(frame, place, size) | seconds,
        check_results=[check_result(f, key) for f in found],
    )
