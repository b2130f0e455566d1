"""Raw: bytes as received, with their receipts. Nothing is parsed here."""

from datetime import date
from pathlib import Path

import dagster as dg

from ods_pipeline.assets.partitions import releases
from ods_pipeline.assets.resources import DataRootResource
from ods_pipeline.errors import OdsError
from ods_pipeline.held import held_fetches
from ods_pipeline.source.receipt import read_fetch_receipt
from ods_pipeline.source.recorded import held_releases, recorded_fetches, take_fetch, take_release

TRUD_RELEASE = dg.AssetKey(["raw", "trud_release"])
ORD_FETCHES = dg.AssetKey(["raw", "ord_fetches"])


class ReleaseSource(dg.Config):
    """``file``: a TRUD zip on disk. Empty: the release is already in raw/trud."""

    file: str = ""


class FetchSource(dg.Config):
    """``folder``: recorded fetches on disk. Empty: what is in raw/ord already."""

    folder: str = ""


@dg.multi_asset(
    name="take_trud_release",
    specs=[
        dg.AssetSpec(
            TRUD_RELEASE,
            group_name="raw",
            kinds={"zip"},
            description="The monthly ORD XML baseline (TRUD item 341) as received, with a receipt.",
        )
    ],
    partitions_def=releases,
)
def trud_release(
    context: dg.AssetExecutionContext, config: ReleaseSource, data_root: DataRootResource
) -> dg.MaterializeResult:
    root, day = data_root.root, context.partition_key
    if config.file:
        take_release(root, Path(config.file), day)
    held = [r for r in held_releases(root) if r.release_date == day]
    if not held:
        raise OdsError(
            f"no release of {day} is in raw/trud",
            where=root.path,
            do="Run: ods-pipeline build --release FILE",
        )
    metadata = {
        "file": held[0].file_name,
        "bytes": held[0].bytes,
        "sha256": held[0].sha256,
        "source": held[0].source,
    }
    return dg.MaterializeResult(asset_key=TRUD_RELEASE, metadata=metadata)


def ord_fetches(stamps: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset of raw fetches, partitioned by stamp; a range of stamps is one run."""

    @dg.multi_asset(
        name="take_ord_fetches",
        specs=[
            dg.AssetSpec(
                ORD_FETCHES,
                group_name="raw",
                kinds={"json"},
                description="Delta fetches of the ORD API as received, with their receipts.",
            )
        ],
        partitions_def=stamps,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def ord_fetches(
        context: dg.AssetExecutionContext, config: FetchSource, data_root: DataRootResource
    ) -> dg.MaterializeResult:
        root, days = data_root.root, [date.fromisoformat(k) for k in context.partition_keys]
        taken = 0
        failed: list[OdsError] = []
        for folder in recorded_fetches(Path(config.folder)) if config.folder else []:
            try:
                receipt = read_fetch_receipt(folder)
                if (
                    date.fromisoformat(receipt.stamps_from) <= days[-1]
                    and date.fromisoformat(receipt.stamps_to) >= days[0]
                ):
                    take_fetch(root, folder)
                    taken += 1
            except OdsError as error:
                failed.append(error)
        windows = [(f.receipt.stamps_from, f.receipt.stamps_to) for f in held_fetches(root)]
        for key in context.partition_keys:
            asked = sum(start <= key <= end for start, end in windows)
            context.add_asset_metadata(
                {"fetches_that_asked": asked}, asset_key=ORD_FETCHES, partition_key=key
            )
        if failed:
            raise OdsError(" ".join(str(e) for e in failed), do=f"The other fetches count ({taken} taken)")
        return dg.MaterializeResult(
            asset_key=ORD_FETCHES, metadata={"fetches_taken": taken, "fetches_held": len(windows)}
        )

    return ord_fetches
