"""Runs whose process died are marked as failed, and no others are."""

import dagster as dg
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.run_marks import Mark, mark_of_run, marked
from ods_pipeline.defs.dead_runs import fail_dead_runs
from ods_pipeline.defs.instance import open_instance, run_job
from ods_pipeline.defs.keys import COMMAND_LINE_TAG, REPOSITORY_TAG
from ods_pipeline.defs.under_way import is_work_under_way
from ods_pipeline_tests.defs.small_jobs import DEFINITIONS, ENDS
from ods_pipeline_tests.support.rooms import run_python

pytestmark = pytest.mark.dagster_records


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
