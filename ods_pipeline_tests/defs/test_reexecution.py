"""Runs of the command line are executed again in the UI, as any other run.

Lives here: what the UI needs of their records, and the click itself. Does not live here: what the runs do.
"""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.dead_runs import fail_dead_runs
from ods_pipeline.defs.instance import open_instance
from ods_pipeline.defs.keys import LOCATION, is_of_command_line
from ods_pipeline_tests.support.builders import make_record, write_release
from ods_pipeline_tests.support.dagster_ui import Dagster, running_ui
from ods_pipeline_tests.support.rooms import copy_of, sample_root

pytestmark = [pytest.mark.dagster_records]
RUNS = "{ runsOrError { ... on Runs { results { runId jobName status parentRunId } } } }"
AGAIN = """mutation($parent: String!) {
  launchRunReexecution(reexecutionParams: {parentRunId: $parent, strategy: ALL_STEPS}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
} }"""


def again(ui: Dagster, run_id: str) -> str:
    """Click on "Re-execute all" of a run; the id of the new one."""
    launched = ui.ask(AGAIN, {"parent": run_id})["launchRunReexecution"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    return launched["run"]["runId"]


def runs_by_job(ui: Dagster) -> dict[str, dict[str, Any]]:
    return {run["jobName"]: run for run in ui.ask(RUNS)["runsOrError"]["results"] if not run["parentRunId"]}


def test_a_run_of_the_command_line_says_where_its_job_is_defined() -> None:
    with open_instance(sample_root()) as instance:
        runs = instance.get_runs()
    assert {run.job_name for run in runs} == {"publish_job", "release_job", "delta_job"}
    for run in runs:
        assert run.remote_job_origin is not None
        assert run.remote_job_origin.location_name == LOCATION
        assert run.remote_job_origin.repository_origin.repository_name == "__repository__"
        assert run.tags["user"] == "ods-pipeline"
        assert is_of_command_line(run)


def test_a_run_that_was_executed_again_is_none_of_the_command_line(tmp_path: Path) -> None:
    """While it waits for its first step, a command that holds the lock leaves it alone."""
    root = copy_of(sample_root(), tmp_path)
    with open_instance(root) as instance, root.locked():
        parent = instance.get_runs()[0]
        # A job of one asset: Dagster records an event for each that a run is going to make.
        job = build_definitions(root.path).resolve_job_def("site_job")
        started = {"status": dg.DagsterRunStatus.STARTED, "tags": parent.tags}
        child = instance.create_run_for_job(
            job, parent_run_id=parent.run_id, root_run_id=parent.run_id, **started
        )
        dead = instance.create_run_for_job(job, **started)
        assert fail_dead_runs(instance, root, locked=True) == 1
        statuses = {run.run_id: run.status.value for run in instance.get_runs()}
    assert (statuses[child.run_id], statuses[dead.run_id]) == ("STARTED", "FAILURE")


@pytest.mark.slow
def test_every_run_of_a_build_is_executed_again(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    with running_ui(root) as ui:
        runs = runs_by_job(ui)
        for job in ("release_job", "delta_job", "publish_job"):
            assert ui.wait_for(again(ui, runs[job]["runId"])) == "SUCCESS", job
        assert root.current.readlink() == Path("000002"), "publish_job publishes"


@pytest.mark.slow
def test_a_run_whose_file_is_gone_is_rejected_with_one_sentence(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    file = write_release(tmp_path / "trud", [make_record("RX1")])
    pipeline.build(root, releases=[file])
    file.unlink()
    with running_ui(root) as ui:
        run_id = again(ui, runs_by_job(ui)["release_job"]["runId"])
        assert ui.wait_for(run_id) == "FAILURE"
        sentence = ui.sentence_of(run_id)
    assert sentence.startswith(f"{file}: there is no such file. ")
