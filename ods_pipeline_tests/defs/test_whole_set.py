"""A set is published whole or not at all, and by one run at a time."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from filelock import FileLock

from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.instance import open_instance, run_job
from ods_pipeline.defs.keys import table_key
from ods_pipeline.errors import OdsError
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import copy_of, published, release_root, sample_root

pytestmark = pytest.mark.dagster_records


@pytest.mark.promise("whole")
@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("roles", r"ord\.roles unique_key: 1 keys occur more than once: \d+"),
        pytest.param(
            "captures",
            r"ord\.captures unique_key: 1 keys occur more than once: release=2026-08-28/full",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_register_that_breaks_its_rules_is_not_published(tmp_path: Path, table: str, message: str) -> None:
    root = copy_of(release_root(), tmp_path)
    before = published(root)
    file = root.flat / "release=2026-08-28" / f"{table}.parquet"
    frame = pl.read_parquet(file)
    pl.concat([frame, frame.head(1)]).write_parquet(file)
    with pytest.raises(OdsError, match=f"{message}.*Nothing was published"):
        pipeline.rebuild_history(root)  # an ordinary build would not read this folder again
    assert published(root) == before
    assert root.current.readlink() == Path("000001")


def test_the_failed_check_is_recorded_where_the_ui_shows_it(tmp_path: Path) -> None:
    root = copy_of(release_root(), tmp_path)
    file = root.flat / "release=2026-08-28" / "roles.parquet"
    frame = pl.read_parquet(file)
    pl.concat([frame, frame.filter(~pl.col("is_primary")).head(1)]).write_parquet(file)
    with open_instance(root) as instance:
        config = {"publish_set": {"config": {"rebuild": True}}}
        outcome = run_job(instance, build_definitions(root.path), "publish_job", config=config)
    assert not outcome.success
    failed = [(c.asset, c.name) for c in outcome.failed_checks]
    assert failed == [("ord/roles", "unique_key"), ("history/roles", "unique_key")]
    assert not any(name.startswith(("marts", "published")) for name in outcome.materialized)


@pytest.mark.slow
@pytest.mark.promise("whole")
def test_whatever_is_selected_of_the_set_the_whole_set_is_published_and_reported(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    with open_instance(root) as instance:
        result = build_definitions(root.path).resolve_job_def("publish_job").execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(["ods", "marts", "trust_sites"])],
            raise_on_error=False,
        )  # fmt: skip
        assert result.success
        keys = [table_key(table) for table in TABLES.values()]
        newest = instance.get_latest_materialization_events(keys)
    assert root.current.readlink() == Path("000002")
    assert {event.run_id for event in newest.values() if event} == {result.run_id}
    checked = [(e.asset_key, e.check_name) for e in result.get_asset_check_evaluations()]
    assert len(checked) == len(set(checked)) and {key for key, _ in checked} == set(keys)


def release_when_waited_for(lock: FileLock, instance: dg.DagsterInstance) -> None:
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        logs = [log for run in instance.get_runs(limit=1) for log in instance.all_logs(run.run_id)]
        if any("waiting for it" in log.user_message for log in logs):
            break
        time.sleep(0.2)
    lock.release()


def test_a_run_waits_for_the_lock_and_reports_it(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    other = FileLock(root.path / ".lock", thread_local=False)
    other.acquire()
    with open_instance(root) as instance, ThreadPoolExecutor(1) as pool:
        pool.submit(release_when_waited_for, other, instance)
        result = build_definitions(root.path).resolve_job_def("release_job").execute_in_process(
            instance=instance, partition_key="2026-08-28"
        )  # fmt: skip
        logged = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert result.success
    assert [m for m in logged if m.endswith("waiting for it, at most 15 minutes.")]
