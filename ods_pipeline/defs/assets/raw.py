"""Raw assets: bytes as received, with their receipts.

What lives here: the two assets, their configuration and metadata. What does not: what is taken in, and from
where (``inventory/intake.py``). Nothing is parsed here.
"""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Literal

import dagster as dg

from ods_pipeline.defs.partitions import releases
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.inventory.due import unanswered
from ods_pipeline.inventory.held import held_fetches
from ods_pipeline.inventory.intake import DeltaChoice, take_deltas, take_release_of
from ods_pipeline.sources.settings import Sources

TRUD_RELEASE = dg.AssetKey(["raw", "trud_release"])
ORD_FETCHES = dg.AssetKey(["raw", "ord_fetches"])
# A release comes once a month, on a Friday near its end. The API changes daily; one missed day does no harm.
RELEASE_FRESHNESS = dg.FreshnessPolicy.time_window(timedelta(days=45), warn_window=timedelta(days=36))
DELTA_FRESHNESS = dg.FreshnessPolicy.time_window(timedelta(days=3), warn_window=timedelta(hours=36))


class ReleaseSource(dg.Config):
    """``file``: a TRUD zip on disk. Empty: the release is in raw/trud, or TRUD is asked if there is a key."""

    file: str = ""


class FetchSource(dg.Config):
    """Where fetches come from.

    ``source``: ``ord`` asks the delta source that the environment chooses (the ORD API, unless
    ODS_DELTAS_FROM says otherwise); ``held`` takes what is in raw/ord; ``auto`` asks if the data root holds a
    real release. ``folder``: recorded fetches on disk; nobody is asked then.
    """

    source: Literal["auto", "held", "ord"] = "auto"
    folder: str = ""
    ignore_maintenance_window: bool = False


@contextmanager
def retry_only_if_unreachable() -> Generator[None]:
    """Lets Dagster retry when a source does not answer. Any other error stays the same and is not retried."""
    try:
        yield
    except Unreachable:
        raise
    except OdsError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def trud_release(retries: dg.RetryPolicy | None) -> dg.AssetsDefinition:
    """The asset of raw releases, partitioned by release date."""

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
    )
    def trud_release(
        context: dg.AssetExecutionContext,
        config: ReleaseSource,
        data_root: DataRootResource,
        sources: dg.ResourceParam[Sources],
    ) -> dg.MaterializeResult:
        with retry_only_if_unreachable():
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


def ord_fetches(stamps: dg.DailyPartitionsDefinition, retries: dg.RetryPolicy | None) -> dg.AssetsDefinition:
    """The asset of raw fetches, partitioned by stamp; one run covers a range of stamps."""

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
    )
    def ord_fetches(
        context: dg.AssetExecutionContext,
        config: FetchSource,
        data_root: DataRootResource,
        sources: dg.ResourceParam[Sources],
    ) -> dg.MaterializeResult:
        choice = DeltaChoice(config.source, config.folder, config.ignore_maintenance_window)
        with retry_only_if_unreachable():
            added = take_deltas(data_root.root, sources, choice, context.partition_keys)
        windows = [(f.receipt.stamps_from, f.receipt.stamps_to) for f in held_fetches(data_root.root)]
        for stamp in context.partition_keys:
            count = {"fetches_that_asked": sum(first <= stamp <= last for first, last in windows)}
            context.add_asset_metadata(count, asset_key=ORD_FETCHES, partition_key=stamp)
        metadata = {
            "fetches_taken": added,
            "fetches_held": len(windows),
            "codes_without_an_answer": ", ".join(unanswered(data_root.root)) or "none",
        }
        return dg.MaterializeResult(asset_key=ORD_FETCHES, metadata=metadata)

    return ord_fetches
