"""Runs in this process: their outcomes are complete, ranges are checked, dead runs are marked as failed."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.instance import fail_dead_runs, open_instance, run_job, write_instance_config
from ods_pipeline.errors import OdsError
from ods_pipeline_tests.support.rooms import copy_of, published, release_root, run_python, sample_root

DAYS = dg.DailyPartitionsDefinition("2026-08-01", end_date="2026-08-11")
ENDS = """
import os, signal, sys, time
from pathlib import Path
import dagster as dg
from ods_pipeline.defs.instance import open_instance, run_job
from ods_pipeline.dataroot.layout import DataRoot

@dg.asset
def ends():
    if sys.argv[2] == "dies":
        os._exit(7)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)

jobs = [dg.define_asset_job("job", "*")]
definitions = dg.Definitions(assets=[ends], jobs=jobs, executor=dg.in_process_executor)
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
def test_an_invalid_range_is_refused(root: DataRoot, first: str, last: str) -> None:
    with open_instance(root) as instance:
        with pytest.raises(ValueError, match=f"{first} to {last} is not a range of partitions"):
            run_job(instance, DEFINITIONS, "days_job", partition_range=(first, last))
        assert instance.get_runs() == []


def test_databases_are_open_while_a_job_runs_and_put_away_after_it(root: DataRoot) -> None:
    history = root.path / ".dagster" / "history"
    with open_instance(root) as instance:
        assert (history / "runs" / "index.db-wal").exists()
        run_id = run_job(instance, DEFINITIONS, "fails_job").run_id
        with pytest.raises(dg.DagsterInvalidConfigError):
            run_job(instance, DEFINITIONS, "checked_job", config={"no_such_op": {"config": {}}})
    left = {path.name for path in history.rglob("*") if path.is_file()}
    assert left == {"runs.db", "index.db", f"{run_id}.db"}


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
        assert fail_dead_runs(instance) == 1
        assert [r.status for r in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]
        assert fail_dead_runs(instance) == 0
    assert "1 unfinished runs of an earlier process are marked as failed" in caplog.text


def test_finished_runs_are_left_alone(root: DataRoot) -> None:
    with open_instance(root) as instance:
        run_job(instance, DEFINITIONS, "days_job", partition_range=("2026-08-02", "2026-08-02"))
        assert fail_dead_runs(instance) == 0
        assert [r.status for r in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS]


def test_the_instance_is_configured_once_and_can_be_a_dagster_home(root: DataRoot) -> None:
    home = write_instance_config(root)
    assert home == (root.path / ".dagster").resolve()
    written = (home / "dagster.yaml").stat().st_mtime_ns
    assert write_instance_config(root) == home
    assert (home / "dagster.yaml").stat().st_mtime_ns == written


@pytest.mark.promise("whole")
@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("roles", r"ord\.roles unique_key: 1 keys occur more than once: \d+"),
        ("captures", r"ord\.captures unique_key: 1 keys occur more than once: release=2026-08-28/full"),
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
        config = {"fold_register": {"config": {"rebuild": True}}}
        outcome = run_job(instance, build_definitions(root.path), "publish_job", config=config)
    assert not outcome.success
    failed = [(c.asset, c.name) for c in outcome.failed_checks]
    assert failed == [("ord/roles", "unique_key"), ("history/roles", "unique_key")]
    assert not any(name.startswith(("marts", "published")) for name in outcome.materialized)


def test_parts_of_the_publish_job_cannot_run_without_a_build(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    definitions = build_definitions(root.path)
    job = definitions.resolve_job_def("publish_job")
    with open_instance(root) as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(["published", "ods_duckdb"])],
            raise_on_error=False,
        )
    assert not result.success
    (failure,) = [e for e in result.all_events if e.is_step_failure]
    assert "no build has been started" in str(failure.step_failure_data.error)
    assert root.current.readlink() == Path("000001")
