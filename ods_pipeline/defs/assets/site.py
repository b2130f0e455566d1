"""The report as an asset: written after a publication, if somebody asks for it.

Lives here: the asset, its job, and the sensor that asks for it after each publication once it is turned on.
Does not live here: what a site holds (``site/``). No job that publishes depends on it: a site that cannot be
written never stops a build.
"""

from typing import Any

import dagster as dg

from ods_pipeline.defs.assets.published import ODS_DUCKDB
from ods_pipeline.defs.failures import failing_in_words
from ods_pipeline.defs.keys import POOL, asset_key
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.site.build import write_site

SITE = asset_key("published", "site")


@dg.asset(
    key=SITE,
    deps=[ODS_DUCKDB],
    group_name="published",
    kinds={"html"},
    pool=POOL,
    description="The report: a static site of the published set, in the folder site of the data root. "
    "Needs the extra site. Run site_job for it, or turn on the sensor site_after_publish.",
)
def site(data_root: DataRootResource) -> dg.MaterializeResult:
    """Write the site of the published set."""
    root = data_root.root
    with failing_in_words(root):
        written = write_site(root, root.path / "site")
    index = dg.MetadataValue.path((written.folder / "index.html").absolute())
    return dg.MaterializeResult(
        metadata={"pages": written.pages, "files": written.files, "bytes": written.size, "index": index}
    )


site_job = dg.define_asset_job(
    "site_job", dg.AssetSelection.assets(site), description="Writes the report of the published set."
)


def site_after_publish(publish_job: Any) -> dg.SensorDefinition:
    """Return a sensor that requests ``site_job`` after each publication. It is off at first."""

    @dg.run_status_sensor(
        name="site_after_publish",
        description="Writes the report after each publication. Needs the extra site.",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[publish_job],
        request_job=site_job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.STOPPED,
    )
    def sensor(context: dg.RunStatusSensorContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.dagster_run.run_id)

    return sensor
