"""Runs in this process: their outcomes are complete, ranges are checked, dead runs are marked as failed."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from filelock import FileLock

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.run_marks import Mark, mark_of_run, marked
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.dead_runs import fail_dead_runs
from ods_pipeline.defs.instance import instance_home, open_instance, run_job
from ods_pipeline.defs.keys import COMMAND_LINE_TAG, REPOSITORY_TAG, table_key
from ods_pipeline.defs.under_way import is_work_under_way
from ods_pipeline.errors import OdsError
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import copy_of, published, release_root, run_python, sample_root

pytestmark = pytest.mark.dagster_records

DAYS = dg.DailyPartitionsDefinition("2026-08-01", end_date="2026-08-11")
ENDS = """
import os, signal, sys, time
from pathlib import Path
import dagster as dg
from ods_pipeline.defs.instance import open_instance, run_job
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.dataroot.layout import DataRoot

@dg.asset
def ends(data_root: DataRootResource):
    if sys.argv[2] == "dies":
        os._exit(7)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)

jobs = [dg.define_asset_job("job", "*")]
resources = {"data_root": DataRootResource(path=sys.argv[1])}
definitions = dg.Definitions(assets=[ends], jobs=jobs, resources=resources, executor=dg.in_process_executor)
with open_instance(DataRoot(Path(sys.argv[1]))) as instance:
    try:
        run_job(instance, definitions, "job")
    except KeyboardInterrupt:
        print("Ctrl-C", *(run.status.value for run in instance.get_runs()))
"""


@dg.multi_asset(
    specs=[dg.AssetSpec("days")], partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run()
)
def days(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"days": len(context.partition_keys)})


@dg.asset
def fails() -> None:
    raise OdsError("the file is empty", where="x.zip", do="Fetch it again")


@dg.asset(check_specs=[dg.AssetCheckSpec("sound", asset="checked", blocking=True)])
def checked() -> dg.MaterializeResult:
    result = dg.AssetCheckResult(passed=False, check_name="sound", description="2 of 3 are not")
    return dg.MaterializeResult(check_results=[result])


@dg.asset(deps=[checked])
def after_checked() -> None:
    raise AssertionError("a blocking check should have stopped this")


JOBS = {
    "days_job": [days],
    "fails_job": [fails],
    "checked_job": [checked, after_checked],
}
DEFINITIONS = dg.Definitions(
    assets=[asset for assets in JOBS.values() for asset in assets],
    jobs=[dg.define_asset_job(name, dg.AssetSelection.assets(*assets)) for name, assets in JOBS.items()],
    executor=dg.in_process_executor,
)


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


def test_a_range_of_partitions_is_one_run(root: DataRoot) -> None:
    with open_instance(root) as instance:
        outcome = run_job(instance, DEFINITIONS, "days_job", partition_range=("2026-08-02", "2026-08-10"))
        assert (outcome.success, outcome.error, outcome.materialized) == (True, None, ["days"])
        assert len(instance.get_runs()) == 1
        partitions = instance.get_materialized_partitions(dg.AssetKey("days"))
    assert partitions == {f"2026-08-{n:02d}" for n in range(2, 11)}


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-08-05", "2026-08-04"),
        ("2026-07-31", "2026-08-04"),
        ("2026-08-04", "2026-08-11"),
        ("soon", "later"),
    ],
)
def test_an_invalid_range_is_rejected(root: DataRoot, first: str, last: str) -> None:
    with open_instance(root) as instance:
        with pytest.raises(ValueError, match=f"{first} to {last} is not a range of partitions"):
            run_job(instance, DEFINITIONS, "days_job", partition_range=(first, last))
        assert instance.get_runs() == []


@pytest.mark.promise("explained")
def test_the_error_of_a_step_is_returned_as_it_was_raised(root: DataRoot) -> None:
    with open_instance(root) as instance:
        outcome = run_job(instance, DEFINITIONS, "fails_job")
        run = instance.get_run_by_id(outcome.run_id)
    assert not outcome.success
    assert isinstance(outcome.error, OdsError)
    assert outcome.message == str(outcome.error) == "x.zip: the file is empty. Fetch it again."
    assert run is not None and run.status == dg.DagsterRunStatus.FAILURE


@pytest.mark.promise("whole")
def test_a_failing_blocking_check_stops_what_comes_after(root: DataRoot) -> None:
    with open_instance(root) as instance:
        outcome = run_job(instance, DEFINITIONS, "checked_job")
    assert not outcome.success
    assert outcome.materialized == ["checked"]
    (failed,) = outcome.failed_checks
    assert (failed.asset, failed.name, failed.summary) == ("checked", "sound", "2 of 3 are not")
    assert outcome.warnings == []


def test_ctrl_c_is_raised_again(root: DataRoot) -> None:
    assert run_python(ENDS, root.path, "is interrupted").stdout == "Ctrl-C FAILURE\n"


@pytest.mark.promise("resumed")
def test_runs_of_a_dead_process_are_marked_failed(root: DataRoot, caplog: pytest.LogCaptureFixture) -> None:
    assert run_python(ENDS, root.path, "dies").returncode == 7
    with open_instance(root) as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.STARTED
        assert fail_dead_runs(instance, root) == 1
        assert [r.status for r in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]
        assert fail_dead_runs(instance, root) == 0
    assert "1 unfinished runs of an earlier process are marked as failed" in caplog.text


@pytest.mark.promise("resumed")
def test_a_run_whose_process_died_before_it_began_keeps_nothing_waiting(root: DataRoot) -> None:
    with open_instance(root) as instance:
        job = DEFINITIONS.resolve_job_def("fails_job")
        ours = instance.create_run_for_job(job, tags={**REPOSITORY_TAG, COMMAND_LINE_TAG: "true"})
        requested = instance.create_run_for_job(job, tags=REPOSITORY_TAG)
        assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.NOT_STARTED}
        assert fail_dead_runs(instance, root) == 0, "another command line may be about to begin it"
        assert fail_dead_runs(instance, root, locked=True) == 1
        assert is_work_under_way(instance), "the daemon may be about to begin the other one"
        assert {run.run_id: run.status.value for run in instance.get_runs()} == {
            ours.run_id: "FAILURE", requested.run_id: "NOT_STARTED"
        }  # fmt: skip
        assert fail_dead_runs(instance, root, none_is_starting=True) == 1
        assert not is_work_under_way(instance)


def test_finished_runs_are_left_alone(root: DataRoot) -> None:
    with open_instance(root) as instance:
        run_job(instance, DEFINITIONS, "days_job", partition_range=("2026-08-02", "2026-08-02"))
        assert fail_dead_runs(instance, root, locked=True, none_is_starting=True) == 0
        assert [r.status for r in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS]


@pytest.mark.promise("resumed")
def test_a_run_is_dead_if_nobody_holds_its_mark_whatever_has_its_process_id(root: DataRoot) -> None:
    with open_instance(root) as instance:
        job = DEFINITIONS.resolve_job_def("fails_job")
        started = {"status": dg.DagsterRunStatus.STARTED, "tags": REPOSITORY_TAG}
        alive, between_steps = (instance.create_run_for_job(job, **started) for _ in range(2))
        foreign = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        with marked(root, alive.run_id):
            assert mark_of_run(root, alive.run_id) == Mark.HELD
            assert fail_dead_runs(instance, root, locked=True) == 0
            assert fail_dead_runs(instance, root, none_is_starting=True) == 1
        statuses = {run.run_id: run.status.value for run in instance.get_runs()}
    assert mark_of_run(root, alive.run_id) == Mark.NONE, "its process ended as it should"
    assert statuses == {
        alive.run_id: "STARTED", between_steps.run_id: "FAILURE", foreign.run_id: "STARTED"
    }  # fmt: skip


def test_a_file_that_somebody_edited_stays_as_it_is(root: DataRoot) -> None:
    file = instance_home(root) / "dagster.yaml"
    assert file.parent == (root.path / ".dagster").resolve()
    written, at = file.read_text(), file.stat().st_mtime_ns
    assert instance_home(root) == file.parent and file.stat().st_mtime_ns == at
    file.write_text(written.replace("max_retries: 2", "max_retries: 1"))
    with open_instance(root) as instance:
        assert instance.run_retries_max_retries == 1
    assert "max_retries: 1" in file.read_text()
    first, _, rest = written.partition("\n")
    older = rest.replace("max_runtime_seconds: 21600", "max_runtime_seconds: 3600")
    file.write_text(first.replace(checksum_of(rest), checksum_of(older)) + "\n" + older)
    instance_home(root)
    assert file.read_text() == written, "another version wrote it and nobody edited it"


def checksum_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_dagster_home_is_the_instance_of_the_command_line_too(
    root: DataRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with open_instance(root) as instance:
        run_job(instance, DEFINITIONS, "days_job", partition_range=("2026-08-02", "2026-08-02"))
    assert (home / "history" / "runs.db").exists()
    assert not (root.path / ".dagster").exists() and not (home / "dagster.yaml").exists()


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
