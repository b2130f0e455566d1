"""The published set in an object store as an asset, where ODS_STORE names one.

Lives here: the asset, its job, and the sensor that asks for it after each publication. Does not live here:
how a store is written (``publish/store/``). No job that publishes depends on it: a store that does not answer
never stops a build.
"""

import os
from typing import Any

import dagster as dg

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assets.published import ODS_DUCKDB
from ods_pipeline.defs.failures import failing_in_words
from ods_pipeline.defs.keys import POOL, asset_key
from ods_pipeline.defs.resources import DataRootResource

STORE_VARIABLE = "ODS_STORE"
PUBLISHED_TO_STORE = asset_key("published", "store")
STORE_JOB = "store_job"


def store_address() -> str:
    """Return the store that the environment names; empty if it names none."""
    return os.environ.get(STORE_VARIABLE, "").strip()


def store_assets(address: str) -> tuple[dg.AssetsDefinition, Any]:
    """Return the asset and its job for a store."""

    @dg.asset(
        key=PUBLISHED_TO_STORE,
        deps=[ODS_DUCKDB],
        group_name="published",
        kinds={"deltalake", "parquet"},
        pool=POOL,
        description="The published set in the object store that ODS_STORE names: Parquet files, a manifest, "
        "Delta tables. Whole or not at all; what the store has already costs nothing. Needs the extra store.",
    )
    def published_to_store(data_root: DataRootResource) -> dg.MaterializeResult:
        """Publish the current build into the store."""
        from ods_pipeline.publish.store.lease import writer  # noqa: PLC0415 - an extra
        from ods_pipeline.publish.store.opening import Store  # noqa: PLC0415
        from ods_pipeline.publish.store.publishing import publish_to  # noqa: PLC0415

        with failing_in_words(data_root.root):
            done = publish_to(data_root.root, Store(address, create=True), who=writer())
        return dg.MaterializeResult(
            metadata={
                "build": f"{done.build:06d}",
                "files_written": done.files_written,
                "bytes_written": done.bytes_written,
                "delta_commits": done.commits,
                "had_it_already": not done.is_new,
            }
        )

    job = dg.define_asset_job(
        STORE_JOB,
        dg.AssetSelection.assets(published_to_store),
        description="Publishes the current build into the store that ODS_STORE names.",
    )
    return published_to_store, job


def store_after_publish(job: Any) -> dg.SensorDefinition:
    """Return a sensor that requests the job after each publication, from wherever it was started."""

    @dg.asset_sensor(
        asset_key=ODS_DUCKDB,
        name="store_after_publish",
        description="Publishes into the store after each publication here.",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.SensorEvaluationContext, event: dg.EventLogEntry) -> dg.RunRequest:
        return dg.RunRequest(run_key=event.run_id)

    return sensor


def store_lacks(root: DataRoot, address: str) -> bool:
    """Return whether the store has another build than the one that is published here, or none.

    Raises:
        OdsError: The store fails, or the extra is not installed.
    """
    from ods_pipeline.publish.store.manifest import read_current  # noqa: PLC0415 - an extra
    from ods_pipeline.publish.store.opening import Store  # noqa: PLC0415

    read = read_current(Store(address, create=True))
    return read is None or not root.current.exists() or read[0].build != int(root.current.resolve().name)
