"""Judgements over time: ``code_changes``, ``drift`` and ``source_differences``.

They are derived from the history of the build under way. All at once, because a change that corrects a drift
is marked as such. Does not live here: how they are derived (``history/``,
``inventory/source_differences.py``), and the judgements that are SQL (``marts.py``).
"""

import logging
from collections.abc import Iterator
from datetime import date

import dagster as dg

from ods_pipeline import history
from ods_pipeline.checks.base import log_failures
from ods_pipeline.dataroot.builds import require_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.catalogue import source_files, table_spec
from ods_pipeline.defs.keys import table_key
from ods_pipeline.defs.results import check_result, table_metadata
from ods_pipeline.history.changes import code_changes
from ods_pipeline.history.drift import drift
from ods_pipeline.history.tables import READ, read_history
from ods_pipeline.inventory.source_differences import source_differences
from ods_pipeline.marts.build import mart_connection
from ods_pipeline.marts.checking import findings_on, mart_checks, tables_read
from ods_pipeline.publish.build_info import origin_of
from ods_pipeline.publish.files import write_table
from ods_pipeline.schema import EVENTS, TABLES

log = logging.getLogger(__name__)


JUDGED_SPECS = [
    table_spec(
        table,
        deps=[table_key(TABLES[name]) for name in READ],
        group="marts",
        kinds={"polars", "parquet"},
        code=source_files(history),
    )
    for table in EVENTS
]


def judge_changes(root: DataRoot) -> Iterator[dg.MaterializeResult]:
    """Derive, check and write the judgements of the build under way."""
    build = require_build(root)
    origin = origin_of(build)
    held = read_history(build)
    drifted = drift(held)
    frames = {
        "drift": drifted,
        "code_changes": code_changes(held, drifted),
        "source_differences": source_differences(root, held.captures),
    }
    tables = tables_read(*(check.sql for table in EVENTS for check in mart_checks(table.name)))
    # One connection for all: to open one takes longer than these checks.
    with mart_connection(build, date.fromisoformat(origin["today"]), tables) as connection:
        for table in EVENTS:
            frame = frames[table.name]
            outcomes = findings_on(connection, table.name, frame)
            log_failures(log, f"{table.schema}.{table.name}", outcomes)
            size = write_table(table, frame, build, origin)
            yield dg.MaterializeResult(
                asset_key=table_key(table),
                metadata=table_metadata(frame, root.path / table.path, size),
                check_results=[check_result(f, table_key(table)) for f in outcomes],
            )
