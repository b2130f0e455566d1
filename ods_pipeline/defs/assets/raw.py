"""Raw: bytes as received, with their receipts. Nothing is parsed here."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import dagster as dg

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.partitions import releases
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.inventory.held import held_fetches, holds_sample, newest_publication, unanswered
from ods_pipeline.sources.ord.fetch import fetch_stamps
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline.sources.recorded import held_releases, recorded_fetches, take_fetch, take_release
from ods_pipeline.sources.settings import Sources
from ods_pipeline.sources.trud import NO_KEY, Trud

TRUD_RELEASE = dg.AssetKey(["raw", "trud_release"])
ORD_FETCHES = dg.AssetKey(["raw", "ord_fetches"])
# A release a month, on a Friday near its end; the API every day, and nothing is amiss if one day is missed.
RELEASE_FRESHNESS = dg.FreshnessPolicy.time_window(timedelta(days=45), warn_window=timedelta(days=36))
DELTA_FRESHNESS = dg.FreshnessPolicy.time_window(timedelta(days=3), warn_window=timedelta(hours=36))


class ReleaseSource(dg.Config):
    """``file``: a TRUD zip on disk. Empty: the release is in raw/trud, or TRUD gives it if there is a key."""

    file: str = ""


class FetchSource(dg.Config):
    """``source``: ``ord`` asks the API; ``held`` takes what is in raw/ord; ``auto`` asks the API if the data
    root holds a real release. ``folder``: recorded fetches on disk; the API is not asked then."""

    source: Literal["auto", "held", "ord"] = "auto"
    folder: str = ""
    ignore_maintenance_window: bool = False


@contextmanager
def _only_absence_is_tried_again() -> Generator[None]:
    """Dagster's retries are for a source that does not answer. Whatever else is wrong stays wrong."""
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
        root, day = data_root.root, context.partition_key
        with _only_absence_is_tried_again():
            if config.file:
                take_release(root, Path(config.file), day)
            elif not any(r.release_date == day for r in held_releases(root)):
                _download(root, sources, day)
        receipt = next(r for r in held_releases(root) if r.release_date == day)
        metadata = {
            "file": receipt.file_name,
            "bytes": receipt.bytes,
            "sha256": receipt.sha256,
            "sha256_verified": receipt.sha256_verified,
            "source": receipt.source,
        }
        return dg.MaterializeResult(asset_key=TRUD_RELEASE, metadata=metadata)

    return trud_release


def _download(root: DataRoot, sources: Sources, day: str) -> None:
    if sources.key is None or holds_sample(root):
        why = "the embedded sample is here" if holds_sample(root) else "there is no TRUD_API_KEY"
        raise OdsError(f"no release of {day} is in raw/trud, and {why}", where=root.path, do=NO_KEY)
    with closing(Trud(sources)) as trud:
        trud.download(root, trud.find(day))


def ord_fetches(stamps: dg.DailyPartitionsDefinition, retries: dg.RetryPolicy | None) -> dg.AssetsDefinition:
    """The asset of raw fetches, partitioned by stamp; a range of stamps is one run."""

    @dg.multi_asset(
        name="take_ord_fetches",
        specs=[
            dg.AssetSpec(
                ORD_FETCHES,
                group_name="raw",
                kinds={"json"},
                description="Delta fetches of the ORD API as received, with their receipts.",
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
        root, keys = data_root.root, context.partition_keys
        with _only_absence_is_tried_again():
            if _asks_the_api(root, config):
                mine = sources.with_maintenance_ignored() if config.ignore_maintenance_window else sources
                window = (date.fromisoformat(keys[0]), date.fromisoformat(keys[-1]))
                again = {code: entry.stamp for code, entry in unanswered(root).items()}
                taken = len(fetch_stamps(root, mine, window, also=again))
            else:
                taken = _take_recorded(root, config.folder, keys)
        windows = [(f.receipt.stamps_from, f.receipt.stamps_to) for f in held_fetches(root)]
        for key in keys:
            asked = sum(start <= key <= end for start, end in windows)
            context.add_asset_metadata(
                {"fetches_that_asked": asked}, asset_key=ORD_FETCHES, partition_key=key
            )
        metadata = {
            "fetches_taken": taken,
            "fetches_held": len(windows),
            "codes_without_an_answer": ", ".join(unanswered(root)) or "none",
        }
        return dg.MaterializeResult(asset_key=ORD_FETCHES, metadata=metadata)

    return ord_fetches


def _asks_the_api(root: DataRoot, config: FetchSource) -> bool:
    if config.folder or config.source == "held":
        return False
    if holds_sample(root):
        if config.source == "ord":
            raise OdsError(
                "the embedded sample is here: the real API is not asked for it",
                where=root.path,
                do="Give the real register a place of its own with --data-root DIR (or ODS_DATA_ROOT)",
            )
        return False
    return config.source == "ord" or newest_publication(root) is not None


def _take_recorded(root: DataRoot, folder: str, keys: list[str]) -> int:
    """Takes in the recorded fetches about these stamps. Raises one OdsError for all that cannot be used."""
    taken = 0
    failed: list[OdsError] = []
    for fetch in recorded_fetches(Path(folder)) if folder else []:
        try:
            receipt = read_fetch_receipt(fetch)
            if receipt.stamps_from <= keys[-1] and receipt.stamps_to >= keys[0]:
                take_fetch(root, fetch)
                taken += 1
        except OdsError as error:
            failed.append(error)
    if failed:
        raise OdsError(" ".join(str(e) for e in failed), do=f"The other fetches count ({taken} taken)")
    return taken
