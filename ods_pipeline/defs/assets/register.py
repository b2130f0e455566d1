"""The register and its history: every table of facts, folded from all captures held, in one step.

One step for all tables, because they are one outcome: yesterday's table next to today's would be half a
register. Does not live here: what the step does (``inventory/register.py``).
"""

import logging
from collections.abc import Iterator
from datetime import date

import dagster as dg

from ods_pipeline.checks.base import log_failures
from ods_pipeline.checks.suite import FACTS, checks_of
from ods_pipeline.defs.assets.flat import FLAT_FETCHES, FLAT_RELEASE
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.defs.results import check_result, column_schema, table_key, table_metadata
from ods_pipeline.inventory.register import fold_held, write_register

_GROUPS = {"ord": "register", "history": "history"}
log = logging.getLogger(__name__)


class RegisterConfig(dg.Config):
    """How the register is folded.

    ``today`` is the day of the marts (ISO); empty for the newest as-of date held. ``rebuild`` reads every
    flat folder, even if the published set has its history already.
    """

    today: str = ""
    rebuild: bool = False


@dg.multi_asset(
    name="fold_register",
    specs=[
        dg.AssetSpec(
            table_key(table),
            deps=[
                dg.AssetDep(FLAT_RELEASE, partition_mapping=dg.AllPartitionMapping()),
                dg.AssetDep(FLAT_FETCHES, partition_mapping=dg.AllPartitionMapping()),
            ],
            group_name=_GROUPS[table.schema],
            kinds={"polars", "parquet"},
            description=table.description,
            metadata={"dagster/column_schema": column_schema(table)},
        )
        for table in FACTS
    ],
    check_specs=[
        dg.AssetCheckSpec(name, asset=table_key(table), blocking=blocking)
        for table in FACTS
        for name, blocking in checks_of(table).items()
    ],
)
def register(
    config: RegisterConfig, data_root: DataRootResource
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Fold, check and write the register and its history. Nothing is written if a blocking check fails."""
    root = data_root.root
    checked = fold_held(root, rebuild=config.rebuild)
    results = {t.id: [check_result(f, table_key(t)) for f in checked.findings[t.id]] for t in FACTS}
    error = checked.broken_rules()
    if error is not None:
        yield from (result for table in FACTS for result in results[table.id])
        raise error
    sizes = write_register(root, checked, date.fromisoformat(config.today) if config.today else None)
    for table in FACTS:
        log_failures(log, f"{table.schema}.{table.name}", checked.findings[table.id])
        frame = checked.register.frames[table.id]
        metadata = table_metadata(frame, root.path / table.path, sizes[table.id])
        yield dg.MaterializeResult(
            asset_key=table_key(table), metadata=metadata, check_results=results[table.id]
        )
