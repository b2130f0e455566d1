"""Assembles the Dagster definitions of a data root; the only place that knows all of them."""

from datetime import date
from pathlib import Path

import dagster as dg

from ods_pipeline.assets.automation import publish_after_load
from ods_pipeline.assets.events import events
from ods_pipeline.assets.flat import flat_fetches, flat_release
from ods_pipeline.assets.marts import marts
from ods_pipeline.assets.partitions import FIRST_STAMP, stamps
from ods_pipeline.assets.published import ods_duckdb
from ods_pipeline.assets.raw import ord_fetches, trud_release
from ods_pipeline.assets.register import register
from ods_pipeline.assets.resources import DataRootResource
from ods_pipeline.held import first_and_last_stamp
from ods_pipeline.storage import DataRoot


def build_definitions(root: Path, window: tuple[date, date] | None = None) -> dg.Definitions:
    """Everything Dagster needs for one data root.

    ``window`` is the first and last stamp that deltas are about (both inclusive); without it, what is held
    says so.
    """
    first, last = window or first_and_last_stamp(DataRoot(root)) or (FIRST_STAMP, FIRST_STAMP)
    days = stamps(first, last)
    fetches, flattened = ord_fetches(days), flat_fetches(days)
    release_job = dg.define_asset_job(
        "release_job",
        dg.AssetSelection.assets(trud_release, flat_release),
        description="Takes in and flattens one TRUD release.",
    )
    delta_job = dg.define_asset_job(
        "delta_job",
        dg.AssetSelection.assets(fetches, flattened),
        description="Takes in and flattens the fetches of a range of stamps.",
    )
    publish_job = dg.define_asset_job(
        "publish_job",
        dg.AssetSelection.assets(register, events, *marts, ods_duckdb),
        description="Folds all captures into the register, builds the marts, publishes the whole set.",
    )
    return dg.Definitions(
        assets=[trud_release, flat_release, fetches, flattened, register, events, *marts, ods_duckdb],
        jobs=[release_job, delta_job, publish_job],
        sensors=[publish_after_load([release_job, delta_job], publish_job)],
        resources={"data_root": DataRootResource(path=str(root))},
        executor=dg.in_process_executor,
    )
