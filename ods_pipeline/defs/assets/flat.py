"""Flat: raw files parsed into frames, one folder a capture, whole or not at all."""

import logging
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from ods_pipeline import checks
from ods_pipeline.dataroot.layout import DataRoot, write_flat
from ods_pipeline.dataroot.parquet import write_parquet
from ods_pipeline.defs.assets.raw import ORD_FETCHES, TRUD_RELEASE
from ods_pipeline.defs.partitions import releases
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.defs.results import check_result
from ods_pipeline.errors import OdsError
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.flat import Flat
from ods_pipeline.flatten.release import Origin, flatten_release
from ods_pipeline.inventory.held import due_fetches, held_fetches, mark_of, refuse_mixture
from ods_pipeline.progress import progress
from ods_pipeline.sources.recorded import held_releases, set_aside

FLAT_RELEASE = dg.AssetKey(["flat", "release"])
FLAT_FETCHES = dg.AssetKey(["flat", "fetches"])
log = logging.getLogger(__name__)

_BLOCKING = ("declared_equals_parsed", "no_record_lost")


def _specs(asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    return [dg.AssetCheckSpec(name, asset=asset, blocking=True) for name in _BLOCKING] + [
        dg.AssetCheckSpec("nothing_quarantined", asset=asset),
        dg.AssetCheckSpec("nothing_unknown", asset=asset),
    ]


def _results(frames: dict[str, pl.DataFrame], asset: dg.AssetKey) -> list[dg.AssetCheckResult]:
    found = [
        checks.declared_equals_parsed(frames["captures"]),
        checks.conservation(frames["captures"]),
        checks.nothing_quarantined(frames["quarantined_records"]),
        checks.nothing_unknown(frames["unknown_elements"]),
    ]
    return [check_result(finding, asset) for finding in found]


def _keep(root: DataRoot, flat: Flat, sha256: str) -> None:
    """Writes what was flattened, and what was set aside on the way to ``quarantine/`` too."""
    for finding in (checks.declared_equals_parsed(flat.captures), checks.conservation(flat.captures)):
        if not finding.passed:
            raise OdsError(finding.summary, do="Take it in again")
    refuse_mixture(root, flat.captures, flat.folder)
    for note in flat.notes:
        log.warning("%s", note)
    # First what is set aside: once the flat folder is there, nobody comes back to it.
    for name in ("quarantined_records", "collapsed_successions"):
        if flat.frames[name].height:
            write_parquet(flat.frames[name], root.quarantine / flat.folder / f"{name}.parquet")
            log.warning(
                "%s: %d %s set aside in quarantine/%s",
                flat.folder,
                flat.frames[name].height,
                name.replace("_", " "),
                flat.folder,
            )
    write_flat(root, flat.folder, flat.frames, mark_of(sha256))


@dg.multi_asset(
    name="flatten_release",
    specs=[
        dg.AssetSpec(
            FLAT_RELEASE,
            deps=[TRUD_RELEASE],
            group_name="flat",
            kinds={"polars", "parquet"},
            description="One release flattened: full and archive merged, one record a code.",
        )
    ],
    partitions_def=releases,
    check_specs=_specs(FLAT_RELEASE),
)
def flat_release(context: dg.AssetExecutionContext, data_root: DataRootResource) -> dg.MaterializeResult:
    root, day = data_root.root, context.partition_key
    receipt = next((r for r in held_releases(root) if r.release_date == day), None)
    if receipt is None:
        raise OdsError(
            f"no release of {day} is in raw/trud",
            where=root.path,
            do="Run: ods-pipeline build --release FILE",
        )
    raw = root.raw_releases / receipt.file_name
    origin = Origin(receipt.source, receipt.bytes, receipt.sha256, receipt.sha256_verified)
    try:
        with progress(f"Flattening the release of {day}") as report:
            flat = flatten_release(raw, origin, report)
        _keep(root, flat, receipt.sha256)
    except OdsError as error:
        raise error.with_note(f"It is set aside as quarantine/{set_aside(root, raw, error).name}") from None
    captures = flat.captures
    log.info(
        "release %s: %d records, %d organisations",
        day,
        captures["parsed_records"].sum(),
        captures["used_records"].sum(),
    )
    metadata: dict[str, Any] = {f"rows_{name}": frame.height for name, frame in sorted(flat.frames.items())}
    metadata |= {
        "dagster/row_count": flat.frames["organisations"].height,
        "publication_date": str(captures["publication_date"][0]),
    }
    return dg.MaterializeResult(
        asset_key=FLAT_RELEASE, metadata=metadata, check_results=_results(flat.frames, FLAT_RELEASE)
    )


def flat_fetches(stamps: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset of flattened fetches, partitioned by stamp like the raw ones."""

    @dg.multi_asset(
        name="flatten_fetches",
        specs=[
            dg.AssetSpec(
                FLAT_FETCHES,
                deps=[ORD_FETCHES],
                group_name="flat",
                kinds={"polars", "parquet"},
                description="Delta fetches flattened like releases, and their notices of deletion.",
            )
        ],
        partitions_def=stamps,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=_specs(FLAT_FETCHES),
    )
    def flat_fetches(context: dg.AssetExecutionContext, data_root: DataRootResource) -> dg.MaterializeResult:
        root, keys = data_root.root, context.partition_keys
        failed: list[OdsError] = []
        for held in due_fetches(root):
            if held.receipt.stamps_from > keys[-1] or held.receipt.stamps_to < keys[0]:
                continue
            try:
                _keep(root, flatten_fetch(held.folder), held.receipt.sha256)
            except OdsError as error:
                aside = set_aside(root, held.folder, error)
                failed.append(error.with_note(f"It is set aside as quarantine/{aside.name}"))
        mine = [
            f.folder.name
            for f in held_fetches(root)
            if f.receipt.stamps_from <= keys[-1] and f.receipt.stamps_to >= keys[0]
        ]
        if failed:
            raise OdsError(
                " ".join(str(e) for e in failed), do="The other fetches count; fetch these stamps again"
            )
        if not mine:
            raise OdsError(
                f"no fetch of the stamps {keys[0]} to {keys[-1]} is in raw/ord",
                where=root.path,
                do="Run: ods-pipeline build --recorded DIR",
            )
        frames = {
            name: pl.concat([pl.read_parquet(root.flat / folder / f"{name}.parquet") for folder in mine])
            for name in ("captures", "organisations", "notices", "quarantined_records", "unknown_elements")
        }
        stamped = dict(
            frames["organisations"]
            .unique(["ods_code", "last_change_date"])["last_change_date"]
            .value_counts()
            .iter_rows()
        )
        for key in keys:
            count = stamped.get(date.fromisoformat(key), 0)
            context.add_asset_metadata(
                {"dagster/partition_row_count": count}, asset_key=FLAT_FETCHES, partition_key=key
            )
        records = frames["organisations"].height
        log.info(
            "%d fetches: %d records, %d notices of deletion",
            len(mine),
            records,
            frames["notices"]["ods_code"].n_unique(),
        )
        metadata = {"fetches": len(mine), "records": records, "notices": frames["notices"].height}
        return dg.MaterializeResult(
            asset_key=FLAT_FETCHES, metadata=metadata, check_results=_results(frames, FLAT_FETCHES)
        )

    return flat_fetches
