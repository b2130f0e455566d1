"""During a run the event log keeps its connections: the same events, few connections, nothing left behind."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.event_log import connections_kept_open
from ods_pipeline.defs.instance import open_instance, run_job
from ods_pipeline_tests.support.rooms import run_python

pytestmark = pytest.mark.dagster_records

READS = """
import sys
from pathlib import Path
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.instance import open_instance
with open_instance(DataRoot(Path(sys.argv[1]))) as instance:
    (run,) = instance.get_runs()
    instance.report_engine_event("said from outside", run)
    print(len(instance.all_logs(run.run_id)))
"""
KEYS = [f"part_{n}" for n in range(20)]


@dg.multi_asset(
    specs=[dg.AssetSpec(key) for key in KEYS],
    check_specs=[dg.AssetCheckSpec("whole", asset=key) for key in KEYS],
)
def parts() -> Generator[dg.MaterializeResult]:
    for key in KEYS:
        whole = dg.AssetCheckResult(asset_key=key, check_name="whole", passed=True)
        yield dg.MaterializeResult(asset_key=key, check_results=[whole])


@dg.asset
def broken() -> None:
    raise ValueError("no")


@dg.asset
def asks_another_process(context: dg.AssetExecutionContext) -> None:
    home = Path(context.instance.root_directory)
    seen = int(run_python(READS, home.parent).stdout)
    mine = [entry.message for entry in context.instance.all_logs(context.run.run_id)]
    assert len(mine) == seen
    assert any("said from outside" in message for message in mine)


DEFINITIONS = dg.Definitions(
    assets=[parts, broken, asks_another_process],
    jobs=[
        dg.define_asset_job("parts_job", [*KEYS]),
        dg.define_asset_job("broken_job", ["broken"]),
        dg.define_asset_job("asking_job", ["asks_another_process"]),
    ],
    executor=dg.in_process_executor,
)


@contextmanager
def connections_counted() -> Generator[Counter[str]]:
    opened: Counter[str] = Counter()

    def count(connection: object, _: object) -> None:
        opened["all"] += 1

    event.listen(Pool, "connect", count)
    try:
        yield opened
    finally:
        event.remove(Pool, "connect", count)


def events_of(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    return [str(entry.dagster_event_type) for entry in instance.all_logs(run_id) if entry.is_dagster_event]


def test_a_run_opens_few_connections_and_stores_every_event(root: DataRoot) -> None:
    job = DEFINITIONS.resolve_job_def("parts_job")
    with open_instance(root) as instance:
        with connections_counted() as without:
            as_dagster_does = job.execute_in_process(instance=instance)
        with connections_counted() as kept, connections_kept_open(instance):
            result = job.execute_in_process(instance=instance)
        assert events_of(instance, result.run_id) == events_of(instance, as_dagster_does.run_id)
        for key in KEYS:
            stored = instance.get_latest_materialization_event(dg.AssetKey(key))
            assert stored is not None
            assert stored.run_id == result.run_id
    assert kept["all"] < without["all"] / 3
    assert kept["all"] < 2 * len(KEYS)  # fewer than assets and checks


def test_only_these_connections_wait_less_for_the_disk_and_the_log_is_in_wal_mode(
    root: DataRoot,
) -> None:
    with open_instance(root) as instance:

        def asked(pragma: str) -> object:
            with instance.event_log_storage.index_connection() as connection:  # ty: ignore[unresolved-attribute]
                return connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()

        full, normal = 2, 1
        assert asked("synchronous") == full
        with connections_kept_open(instance):
            assert (asked("journal_mode"), asked("synchronous")) == ("wal", normal)
        assert asked("synchronous") == full


def test_another_process_reads_and_writes_the_log_of_a_run_under_way(root: DataRoot) -> None:
    with open_instance(root) as instance:
        assert run_job(instance, DEFINITIONS, "asking_job").success


def test_after_a_run_that_failed_the_event_log_is_as_it_was(root: DataRoot) -> None:
    with open_instance(root) as instance:
        outcome = run_job(instance, DEFINITIONS, "broken_job")
        assert not outcome.success
        assert "STEP_FAILURE" in " ".join(events_of(instance, outcome.run_id))
        assert not {"run_connection", "index_connection", "has_table"} & set(vars(instance.event_log_storage))
    logs = root.path / ".dagster" / "history" / "runs"
    assert list(logs.glob("*.db"))
    assert not list(logs.glob("*.db-wal"))


def test_an_event_log_of_another_kind_is_left_alone() -> None:
    with dg.DagsterInstance.ephemeral() as instance, connections_kept_open(instance):
        assert "run_connection" not in vars(instance.event_log_storage)
