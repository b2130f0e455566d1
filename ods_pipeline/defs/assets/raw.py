"""Raw assets: bytes as received, with their receipts.

Lives here: the two assets, their configuration and metadata. Does not live here: what is taken in, and from
where (``inventory/intake.py``). Nothing is parsed here.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import dagster as dg

from ods_pipeline.defs.failures import failing_in_words
from ods_pipeline.defs.keys import POOL, asset_key
from ods_pipeline.defs.partitions import releases
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.inventory.due import unanswered
from ods_pipeline.inventory.held import held_fetches
from ods_pipeline.inventory.intake import (
    DeltaChoice,
    reject_stamps_nobody_asked_for,
    take_deltas,
    take_release_of,
)
from ods_pipeline.sources.settings import Sources

TRUD_RELEASE = asset_key("raw", "trud_release")
ORD_FETCHES = asset_key("raw", "ord_fetches")
# The most days that are usual between two: a release comes once a month, on a Friday near its end. The API
# changes daily; one missed day does no harm.
DAYS_BETWEEN_RELEASES, DAYS_BETWEEN_FETCHES = 45, 3
RELEASE_FRESHNESS = dg.FreshnessPolicy.time_window(
    timedelta(days=DAYS_BETWEEN_RELEASES), warn_window=timedelta(days=36)
)
DELTA_FRESHNESS = dg.FreshnessPolicy.time_window(
    timedelta(days=DAYS_BETWEEN_FETCHES), warn_window=timedelta(hours=36)
)


class ReleaseSource(dg.Config):
    """``file``: a TRUD zip on disk. Empty: the release is in raw/trud, or TRUD is asked if there is a key."""

    file: str = ""


class FetchSource(dg.Config):
    """Where fetches come from.

    ``source``: ``ord`` asks the delta source that the environment chooses (the ORD API, unless
    ODS_DELTAS_FROM is set otherwise); ``held`` takes what is in raw/ord; ``auto`` asks it, if the data root
    holds a real release, for the stamps that were not asked for at least two days later; ``odt_backfill``
    reads the whole register from ODT into an empty data root, for the partition of today. ``folder``:
    recorded fetches on disk; nobody is asked then.
    """

    source: Literal["auto", "held", "ord", "odt_backfill"] = "auto"
    folder: str = ""
    ignore_maintenance_window: bool = False


def trud_release(retries: dg.RetryPolicy | None) -> dg.AssetsDefinition:
    """Return the asset of raw releases, partitioned by release date."""

    @dg.multi_asset(
        name="take_trud_release",
        specs=[
            dg.AssetSpec(
                TRUD_RELEASE,
                group_name="raw",
                kinds={"zip"},
                description="The monthly ORD XML baseline (TRUD item 341) as received, with a receipt.",
                freshness_policy=RELEASE_FRESHNESS,
            )
        ],
        partitions_def=releases,
        retry_policy=retries,
        pool=POOL,
    )
    def trud_release(
        context: dg.AssetExecutionContext,
        config: ReleaseSource,
        data_root: DataRootResource,
        sources: dg.ResourceParam[Sources],
    ) -> dg.MaterializeResult:
        with failing_in_words(data_root.root):
            receipt = take_release_of(data_root.root, sources, context.partition_key, config.file)
        metadata = {
            "file": receipt.file_name,
            "bytes": receipt.bytes,
            "sha256": receipt.sha256,
            "sha256_verified": receipt.sha256_verified,
            "source": receipt.source,
        }
        return dg.MaterializeResult(asset_key=TRUD_RELEASE, metadata=metadata)

    return trud_release


def report_asked_stamps(
    context: dg.AssetExecutionContext, asset: dg.AssetKey, counts: Mapping[str, int]
) -> None:
    """Report the stamps that a fetch asked for, if there are others: the step fails then.

    A step that succeeds reports all its partitions, so only those of a failing one are reported here.
    """
    if all(counts.values()):
        return
    for stamp, count in counts.items():
        if count:
            metadata = {"fetches_that_asked": count}
            context.log_event(dg.AssetMaterialization(asset, partition=stamp, metadata=metadata))


def ord_fetches(stamps: dg.DailyPartitionsDefinition, retries: dg.RetryPolicy | None) -> dg.AssetsDefinition:
    """Return the asset of raw fetches, partitioned by stamp; one run covers a range of stamps."""

    @dg.multi_asset(
        name="take_ord_fetches",
        specs=[
            dg.AssetSpec(
                ORD_FETCHES,
                group_name="raw",
                kinds={"json"},
                description="Delta fetches of the ORD API or of ODT as received, with their receipts.",
                freshness_policy=DELTA_FRESHNESS,
            )
        ],
        partitions_def=stamps,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=retries,
        pool=POOL,
    )
    def ord_fetches(
        context: dg.AssetExecutionContext,
        config: FetchSource,
        data_root: DataRootResource,
        sources: dg.ResourceParam[Sources],
    ) -> dg.MaterializeResult:
        choice = DeltaChoice(config.source, config.folder, config.ignore_maintenance_window)
        with failing_in_words(data_root.root):
            added = take_deltas(data_root.root, sources, choice, context.partition_keys)
            windows = [(f.receipt.stamps_from, f.receipt.stamps_to) for f in held_fetches(data_root.root)]
            counts = {
                stamp: sum(first <= stamp <= last for first, last in windows)
                for stamp in context.partition_keys
            }
            report_asked_stamps(context, ORD_FETCHES, counts)
            reject_stamps_nobody_asked_for(data_root.root, context.partition_keys)
        for stamp, count in counts.items():
            context.add_asset_metadata(
                {"fetches_that_asked": count}, asset_key=ORD_FETCHES, partition_key=stamp
            )
        metadata = {
            "fetches_taken": added,
            "fetches_held": len(windows),
            "codes_without_an_answer": ", ".join(unanswered(data_root.root)) or "none",
        }
        return dg.MaterializeResult(asset_key=ORD_FETCHES, metadata=metadata)

    return ord_fetches
