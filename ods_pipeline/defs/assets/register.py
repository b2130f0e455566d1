"""The register and its history: every table of facts, folded from all captures held.

All tables at once, because they are one outcome: yesterday's table next to today's would be half a register.
Does not live here: how they are made (``inventory/register.py``), and the step (``published.py``).
"""

import logging
from collections.abc import Iterator
from datetime import date

import dagster as dg

from ods_pipeline import history
from ods_pipeline.checks.base import log_failures
from ods_pipeline.checks.suite import FACTS, checks_of
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assets.flat import FLAT_FETCHES, FLAT_RELEASE
from ods_pipeline.defs.catalogue import check_spec, source_files, table_spec
from ods_pipeline.defs.keys import table_key
from ods_pipeline.defs.results import check_result, table_metadata
from ods_pipeline.inventory.register import fold_held, write_register

_GROUPS = {"ord": "register", "history": "history"}
log = logging.getLogger(__name__)


FACT_SPECS = [
    table_spec(
        table,
        deps=[
            dg.AssetDep(FLAT_RELEASE, partition_mapping=dg.AllPartitionMapping()),
            dg.AssetDep(FLAT_FETCHES, partition_mapping=dg.AllPartitionMapping()),
        ],
        group=_GROUPS[table.schema],
        kinds={"polars", "parquet"},
        code=source_files(history),
    )
    for table in FACTS
]
FACT_CHECKS = [
    check_spec(table_key(table), name, blocking=blocking)
    for table in FACTS
    for name, blocking in checks_of(table).items()
]


def fold_register(
    root: DataRoot, today: date | None, *, rebuild: bool
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Start a build with the register and its history, checked. Nothing is written if a blocking check fails.

    Args:
        root: The data root.
        today: The day of the marts; the newest as-of date held if None.
        rebuild: Read every flat folder, even if the published set has its history already.

    Raises:
        OdsError: A blocking check failed; its results are yielded before.
    """
    checked = fold_held(root, rebuild=rebuild)
    results = {t.id: [check_result(f, table_key(t)) for f in checked.findings[t.id]] for t in FACTS}
    error = checked.broken_rules()
    if error is not None:
        yield from (result for table in FACTS for result in results[table.id])
        raise error
    sizes = write_register(root, checked, today)
    for table in FACTS:
        log_failures(log, f"{table.schema}.{table.name}", checked.findings[table.id])
        frame = checked.register.frames[table.id]
        metadata = table_metadata(frame, root.path / table.path, sizes[table.id])
        yield dg.MaterializeResult(
            asset_key=table_key(table), metadata=metadata, check_results=results[table.id]
        )
