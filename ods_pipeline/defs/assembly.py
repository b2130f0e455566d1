"""Assembles the Dagster definitions of a data root; the only module that knows all of them."""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assets.flat import flat_fetches, flat_release
from ods_pipeline.defs.assets.judgements import judgements
from ods_pipeline.defs.assets.marts import marts
from ods_pipeline.defs.assets.places import places, raw_places_of
from ods_pipeline.defs.assets.published import ods_duckdb
from ods_pipeline.defs.assets.raw import ord_fetches, trud_release
from ods_pipeline.defs.assets.register import register
from ods_pipeline.defs.automation import last_three_stamps, new_trud_release, publish_after_load
from ods_pipeline.defs.partitions import FIRST_STAMP, stamps
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.inventory.held import first_and_last_stamp
from ods_pipeline.sources.settings import Sources

# For runs that nobody watches: a source that does not answer is asked again after 5, 10 and 20 minutes.
UNATTENDED = dg.RetryPolicy(max_retries=3, delay=300, backoff=dg.Backoff.EXPONENTIAL)


def build_definitions(
    root: Path,
    window: tuple[date, date] | None = None,
    sources: Sources | None = None,
    retries: dg.RetryPolicy | None = None,
) -> dg.Definitions:
    """Return everything Dagster needs for one data root.

    Args:
        root: the path of the data root.
        window: the first and last stamp of the delta partitions, both inclusive; taken from what is held if
            left out.
        sources: how to reach TRUD and the ORD API.
        retries: for the steps that ask them.
    """
    sources = sources or Sources()
    first, last = window or first_and_last_stamp(DataRoot(root)) or (FIRST_STAMP, FIRST_STAMP)
    days = stamps(first, last)
    raw_release, raw_fetches = trud_release(retries), ord_fetches(days, retries)
    flattened = flat_fetches(days)
    release_job = dg.define_asset_job(
        "release_job",
        dg.AssetSelection.assets(raw_release, flat_release),
        description="Takes in one TRUD release and flattens it.",
    )
    delta_job = dg.define_asset_job(
        "delta_job",
        dg.AssetSelection.assets(raw_fetches, flattened),
        description="Fetches a range of stamps, or takes in recorded fetches, and flattens them.",
    )
    publish_job = dg.define_asset_job(
        "publish_job",
        dg.AssetSelection.assets(register, places, judgements, marts, ods_duckdb),
        description="Folds all captures into the register, builds the marts and publishes the whole set.",
    )
    taken = raw_places_of(DataRoot(root))
    jobs: list[Any] = [release_job, delta_job, publish_job]
    if taken:
        jobs.append(
            dg.define_asset_job(
                "places_job",
                dg.AssetSelection.assets(*taken),
                description="Records the files of places that are held.",
            )
        )
    return dg.Definitions(
        assets=[
            raw_release,
            flat_release,
            raw_fetches,
            flattened,
            *taken,
            register,
            places,
            judgements,
            marts,
            ods_duckdb,
        ],
        jobs=jobs,
        schedules=[last_three_stamps(root, delta_job)],
        sensors=[
            new_trud_release(root, sources, release_job),
            publish_after_load([release_job, delta_job], publish_job),
        ],
        resources={"data_root": DataRootResource(path=str(root)), "sources": sources},
        executor=dg.in_process_executor,
    )
