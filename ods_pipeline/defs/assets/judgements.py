"""Judgements over time: ``code_changes``, ``drift`` and ``source_differences``.

They are derived from the history of the build under way. All at once, because a change that corrects a drift
is marked as such.
"""

import logging
from collections.abc import Iterator
from datetime import date

import dagster as dg

from ods_pipeline.checks.base import log_failures
from ods_pipeline.dataroot.builds import require_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.keys import table_key
from ods_pipeline.defs.results import check_result, column_schema, table_metadata
from ods_pipeline.history.changes import code_changes
from ods_pipeline.history.drift import drift
from ods_pipeline.history.tables import READ, read_history
from ods_pipeline.inventory.source_differences import source_differences
from ods_pipeline.marts.checking import findings
from ods_pipeline.publish.build_info import origin_of
from ods_pipeline.publish.files import write_table
from ods_pipeline.schema import EVENTS, TABLES

log = logging.getLogger(__name__)


JUDGED_SPECS = [
    dg.AssetSpec(
        table_key(table),
        deps=[table_key(TABLES[name]) for name in READ],
        group_name="marts",
        kinds={"polars", "parquet"},
        description=table.description,
        metadata={"dagster/column_schema": column_schema(table)},
    )
    for table in EVENTS
]


def judge_changes(root: DataRoot) -> Iterator[dg.MaterializeResult]:
    """Derive, check and write the judgements of the build under way."""
    build = require_build(root)
    origin = origin_of(build)
    history = read_history(build)
    drifted = drift(history)
    frames = {
        "drift": drifted,
        "code_changes": code_changes(history, drifted),
        "source_differences": source_differences(root, history.captures),
    }
    for table in EVENTS:
        frame = frames[table.name]
        outcomes = findings(table.name, frame, build, date.fromisoformat(origin["today"]))
        log_failures(log, f"{table.schema}.{table.name}", outcomes)
        size = write_table(table, frame, build, origin)
        yield dg.MaterializeResult(
            asset_key=table_key(table),
            metadata=table_metadata(frame, root.path / table.path, size),
            check_results=[check_result(f, table_key(table)) for f in outcomes],
        )
