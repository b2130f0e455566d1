"""The report as an asset: written by its own job, and by nothing else.

That the job writes it: ``site/test_hostile.py``, whose site is made by a run.
"""

from pathlib import Path

import dagster as dg

from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.assets.site import SITE


def test_no_other_job_writes_it_and_its_sensor_is_off() -> None:
    definitions = build_definitions(Path("data"))
    jobs = {job.name: job for job in definitions.resolve_all_job_defs()}
    writers = {name for name, job in jobs.items() if SITE in job.asset_layer.executable_asset_keys}
    assert writers - {"__ASSET_JOB"} == {"site_job"}
    sensors = {sensor.name: sensor for sensor in definitions.sensors or []}
    assert sensors["site_after_publish"].default_status is dg.DefaultSensorStatus.STOPPED
