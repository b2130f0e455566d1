"""The report as an asset: written by its own job from what is published, and by nothing else."""

from pathlib import Path

import dagster as dg

from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.assets.site import SITE
from ods_pipeline_tests.site.registers import hostile_register, publish


def test_site_job_writes_the_site_into_the_data_root(tmp_path: Path) -> None:
    root = publish(hostile_register(tmp_path), "set")
    definitions = build_definitions(root.path)
    ran = definitions.get_job_def("site_job").execute_in_process(instance=dg.DagsterInstance.ephemeral())
    (made,) = ran.asset_materializations_for_node("published__site")
    pages = list((root.path / "site").rglob("*.html"))
    assert made.asset_key == SITE
    assert made.metadata["pages"].value == len(pages) > 10


def test_no_other_job_writes_it_and_its_sensor_is_off() -> None:
    definitions = build_definitions(Path("data"))
    jobs = {job.name: job for job in definitions.resolve_all_job_defs()}
    writers = {name for name, job in jobs.items() if SITE in job.asset_layer.executable_asset_keys}
    assert writers - {"__ASSET_JOB"} == {"site_job"}
    sensors = {sensor.name: sensor for sensor in definitions.sensors or []}
    assert sensors["site_after_publish"].default_status is dg.DefaultSensorStatus.STOPPED
