"""Assembles the Dagster definitions of a data root; the only module that knows all of them.

Lives here: the jobs, and what goes into one ``Definitions``. Does not live here: the assets (``assets/``),
sensors and schedules (``automation.py``, ``watching.py``), and checks of the published set (``auditing.py``,
``reconciling.py``).
"""

import atexit
import gc
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.alerts import Alerts
from ods_pipeline.defs.assets.flat import flat_fetches, flat_release
from ods_pipeline.defs.assets.places import raw_places_of
from ods_pipeline.defs.assets.published import published_set
from ods_pipeline.defs.assets.raw import ord_fetches, trud_release
from ods_pipeline.defs.assets.site import site, site_after_publish, site_job
from ods_pipeline.defs.assets.store import store_after_publish, store_assets
from ods_pipeline.defs.auditing import audit_check
from ods_pipeline.defs.automation import (
    dead_runs,
    last_three_stamps,
    new_trud_release,
    publish_after_load,
)
from ods_pipeline.defs.partitions import FIRST_STAMP, stamps
from ods_pipeline.defs.reconciling import reconcile_check
from ods_pipeline.defs.resources import DataRootResource, EnvironmentSources
from ods_pipeline.defs.watching import as_of_is_recent, daily_check, published_with_gaps, run_failed
from ods_pipeline.inventory.held import first_and_last_stamp
from ods_pipeline.inventory.sample import holds_sample
from ods_pipeline.sources.settings import Sources

# What is imported by now lives as long as the process: collections pass over it, which is 0.5 s of a build.
# At the end they must see it again, or DuckDB's binding reports its types as leaked. With collection disabled
# Python still collects twice there, which is enough, and not three times.
gc.freeze()
atexit.register(gc.unfreeze)
atexit.register(gc.disable)

# For runs that nobody watches: a source that does not answer is asked again after 5, 10 and 20 minutes.
UNATTENDED = dg.RetryPolicy(max_retries=3, delay=300, backoff=dg.Backoff.EXPONENTIAL)


def build_definitions(
    root: Path,
    window: tuple[date, date] | None = None,
    sources: Sources | None = None,
    *,
    sources_resource: EnvironmentSources | None = None,
    retries: dg.RetryPolicy | None = None,
    alerts: Alerts | None = None,
    store: str = "",
    executor: dg.ExecutorDefinition = dg.in_process_executor,
) -> dg.Definitions:
    """Return everything Dagster needs for one data root.

    Args:
        root: The path of the data root.
        window: The first and last stamp of the delta partitions, both inclusive; taken from what is held if
            left out.
        sources: How to reach TRUD and the ORD API.
        sources_resource: The same, as the resource of steps; ``sources`` itself if left out.
        retries: For the steps that ask them.
        alerts: Who hears of failures and gaps; nobody unless given.
        store: The address of the object store to publish into as well; none if empty.
        executor: Where steps run; any will do.
    """
    sources, alerts = sources or Sources(), alerts or Alerts()
    first, last = window or first_and_last_stamp(DataRoot(root)) or (FIRST_STAMP, FIRST_STAMP)
    days = stamps(first, last, is_sample=holds_sample(DataRoot(root)))
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
    audited = audit_check(root)
    publish_job = dg.define_asset_job(
        "publish_job",
        # A selection of an asset brings all its checks. The audit takes minutes and has a job of its own.
        dg.AssetSelection.assets(published_set) - dg.AssetSelection.checks(audited),
        description="Folds all captures into the register, builds the marts and publishes the whole set.",
    )
    age_check = as_of_is_recent(root, alerts)
    age_job = dg.define_asset_job(
        "age_job",
        dg.AssetSelection.checks(age_check),
        description="Checks that the published set covers a recent day.",
    )
    audit_job = dg.define_asset_job(
        "audit_job",
        dg.AssetSelection.checks(audited),
        description="Recomputes from the raw files what is published, and compares. Takes minutes.",
    )
    report_check = reconcile_check(root)
    reconcile_job = dg.define_asset_job(
        "reconcile_job",
        dg.AssetSelection.checks(report_check),
        description="Compares the published set with the official reports in raw/reports.",
    )
    taken = raw_places_of(DataRoot(root))
    jobs: list[Any] = [release_job, delta_job, publish_job, age_job, audit_job, reconcile_job, site_job]
    if taken:
        jobs.append(
            dg.define_asset_job(
                "places_job",
                dg.AssetSelection.assets(*taken),
                description="Records the files of places that are held.",
            )
        )
    stored, sensors = [], []
    if store:
        published_to_store, store_job = store_assets(store)
        stored.append(published_to_store)
        jobs.append(store_job)
        sensors.append(store_after_publish(store_job))
    watchers = [run_failed(root, alerts), published_with_gaps(root, alerts, publish_job)] if alerts else []
    return dg.Definitions(
        assets=[raw_release, flat_release, raw_fetches, flattened, *taken, published_set, site, *stored],
        asset_checks=[age_check, audited, report_check],
        jobs=jobs,
        schedules=[last_three_stamps(root, sources, delta_job), daily_check(age_job)],
        sensors=[
            new_trud_release(root, sources, release_job),
            publish_after_load(root, publish_job),
            site_after_publish(publish_job),
            dead_runs(root),
            *sensors,
            *watchers,
        ],
        resources={"data_root": DataRootResource(path=str(root)), "sources": sources_resource or sources},
        executor=executor,
    )
