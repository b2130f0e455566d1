"""Flat: raw files parsed into frames, one folder per capture, whole or not at all.

Lives here: the two assets. Does not live here: what they do (``inventory/flattening.py``).
"""

from datetime import date

import dagster as dg

from ods_pipeline.checks.suite import FLAT_CHECKS, flat_findings
from ods_pipeline.defs.assets.raw import ORD_FETCHES, TRUD_RELEASE
from ods_pipeline.defs.catalogue import check_spec
from ods_pipeline.defs.failures import failing_in_words
from ods_pipeline.defs.keys import POOL, asset_key
from ods_pipeline.defs.partitions import releases
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.defs.results import check_result
from ods_pipeline.inventory.flattening import flatten_held_fetches, flatten_held_release
from ods_pipeline.inventory.intake import reject_stamps_nobody_asked_for

FLAT_RELEASE = asset_key("flat", "release")
FLAT_FETCHES = asset_key("flat", "fetches")


def _check_specs(asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    return [check_spec(asset, name, blocking=blocks) for name, blocks in FLAT_CHECKS.items()]


@dg.multi_asset(
    name="flatten_release",
    specs=[
        dg.AssetSpec(
            FLAT_RELEASE,
            deps=[TRUD_RELEASE],
            group_name="flat",
            kinds={"polars", "parquet"},
            description="One release, flattened. The full and archive files are merged, one record per code.",
        )
    ],
    partitions_def=releases,
    check_specs=_check_specs(FLAT_RELEASE),
    pool=POOL,
)
def flat_release(context: dg.AssetExecutionContext, data_root: DataRootResource) -> dg.MaterializeResult:
    """Flatten the release of the partition's date."""
    with failing_in_words(data_root.root):
        flat = flatten_held_release(data_root.root, context.partition_key)
    metadata = {f"rows_{name}": frame.height for name, frame in sorted(flat.frames.items())} | {
        "dagster/row_count": flat.frames["organisations"].height,
        "publication_date": str(flat.captures["publication_date"][0]),
    }
    results = [check_result(finding, FLAT_RELEASE) for finding in flat_findings(flat.frames)]
    return dg.MaterializeResult(asset_key=FLAT_RELEASE, metadata=metadata, check_results=results)


def flat_fetches(stamps: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """Return the asset of flattened fetches, partitioned by stamp like the raw ones."""

    @dg.multi_asset(
        name="flatten_fetches",
        specs=[
            dg.AssetSpec(
                FLAT_FETCHES,
                deps=[ORD_FETCHES],
                group_name="flat",
                kinds={"polars", "parquet"},
                description="Delta fetches flattened like releases, with their deletion notices.",
            )
        ],
        partitions_def=stamps,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=_check_specs(FLAT_FETCHES),
        pool=POOL,
    )
    def flat_fetches(context: dg.AssetExecutionContext, data_root: DataRootResource) -> dg.MaterializeResult:
        """Flatten the fetches that are about the partitions' stamps."""
        keys = context.partition_keys
        with failing_in_words(data_root.root):
            flat = flatten_held_fetches(data_root.root, keys[0], keys[-1])
            reject_stamps_nobody_asked_for(data_root.root, keys)
        records = flat.records_by_stamp()
        for key in keys:
            rows = {"dagster/partition_row_count": records.get(date.fromisoformat(key), 0)}
            context.add_asset_metadata(rows, asset_key=FLAT_FETCHES, partition_key=key)
        metadata = {
            "fetches": flat.count,
            "records": flat.frames["organisations"].height,
            "notices": flat.frames["notices"].height,
        }
        results = [check_result(finding, FLAT_FETCHES) for finding in flat_findings(flat.frames)]
        return dg.MaterializeResult(asset_key=FLAT_FETCHES, metadata=metadata, check_results=results)

    return flat_fetches
