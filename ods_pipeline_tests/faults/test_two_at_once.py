"""Two processes on one data root: one works, the other waits or reports it; the published set is whole."""

import time
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.faults.harness import listing, set_differences
from ods_pipeline_tests.faults.inputs import BUILT, Inputs
from ods_pipeline_tests.faults.side_by_side import BUSY, DONE, begin, end
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.dagster_ui import Dagster, running_ui
from ods_pipeline_tests.support.rooms import copy_of, run_cli

pytestmark = [
    pytest.mark.dagster_records,
    pytest.mark.slow,
    pytest.mark.promise("one_at_a_time"),
    pytest.mark.promise("whole"),
]
LAUNCH = """mutation { launchRun(executionParams: {
  selector: {
    repositoryLocationName: "ods_pipeline", repositoryName: "__repository__", jobName: "publish_job"
  }, runConfigData: {}
}) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
RUN = """{ runOrError(runId: "%s") { ... on Run { status } }
  logsForRun(runId: "%s") { ... on EventConnection { events {
    ... on MessageEvent { message } ... on ErrorEvent { error { message } }
    ... on ExecutionStepFailureEvent { error { message causes { message } } }
} } } }"""
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


@pytest.fixture(scope="module")
def whole(inputs: Inputs, begun: DataRoot) -> DataRoot:
    """The next month, built by one process alone."""
    root = copy_of(begun, inputs.folder / "whole")
    assert run_cli("build", *inputs.arguments(2), "--data-root", root.path).returncode == BUILT
    return root


def assert_like(root: DataRoot, whole: DataRoot, inputs: Inputs) -> None:
    """Build once more, and check that the result is the same as with one process alone."""
    assert run_cli("build", *inputs.arguments(2), "--data-root", root.path).returncode == BUILT
    assert set_differences(root, whole) == []
    kept = {p for p in listing(root) if not p.startswith(".builds") and p != "ui.log"}
    assert kept == {p for p in listing(whole) if not p.startswith(".builds")}
    assert not root.next.exists()


@pytest.mark.parametrize("pair", [(o, s) for o in ("build", "rebuild-history") for s in (0.0, 1.0, 4.0)])
def test_two_processes_that_write(
    tmp_path: Path, inputs: Inputs, begun: DataRoot, whole: DataRoot, pair: tuple[str, float]
) -> None:
    """The second process begins the given number of seconds after the first."""
    other, seconds = pair
    root = copy_of(begun, tmp_path)
    month = ["build", *inputs.arguments(2)]
    first = begin(root, *month)
    time.sleep(seconds)
    second = begin(root, *(month if other == "build" else [other]))
    codes = sorted([end(first)[0], end(second)[0]])
    assert set(codes) <= {DONE, BUSY, BUILT} and codes != [BUSY, BUSY]
    assert_like(root, whole, inputs)
    figures.record("one_at_a_time", f"build and {other}, {seconds:.0f} s apart: exit codes", f"{codes}")


def test_status_and_find_during_a_build_see_the_old_set_or_the_new_one(
    tmp_path: Path, inputs: Inputs, begun: DataRoot, whole: DataRoot
) -> None:
    root = copy_of(begun, tmp_path)
    building = begin(root, "build", *inputs.arguments(2))
    seen, number = set(), 0
    while building.poll() is None:
        number += 1
        code, words = end(begin(root, "status"))
        assert code in (DONE, BUILT)
        seen.add(next(line for line in words.splitlines() if "published: build" in line).strip())
        code, words = end(begin(root, "find", "RX1"))
        assert code == DONE and "RENAMED" in words
    assert end(building)[0] == BUILT
    assert seen <= {
        "published: build 000001 as of 2026-08-21", "published: build 000002 as of 2026-09-04"
    }  # fmt: skip
    assert number > 1
    assert_like(root, whole, inputs)


def ui_run(dagster: Dagster) -> str:
    """Start publish_job in the UI and return the id of the run."""
    launched = dagster.ask(LAUNCH)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    return launched["run"]["runId"]


def status_and_events(dagster: Dagster, run_id: str, *until: str) -> tuple[str, str]:
    """Wait for one of these statuses of a run, and return it with the text of all events."""
    begun = time.monotonic()
    while True:
        answer: dict[str, Any] = dagster.ask(RUN % (run_id, run_id))
        status = answer["runOrError"]["status"]
        if status in until:
            return status, str(answer["logsForRun"])
        assert time.monotonic() - begun < 240, (status, answer)
        time.sleep(0.3)


def test_the_ui_and_the_command_line(
    tmp_path: Path, inputs: Inputs, begun: DataRoot, whole: DataRoot
) -> None:
    """The process that has the lock works.

    A run of the UI that meets a build of the command line waits in Dagster's queue, or fails with the reason.
    The command line prints the reason and ends with 3.
    """
    root = copy_of(begun, tmp_path)
    with running_ui(root) as dagster:
        building = begin(root, "build", *inputs.arguments(2))
        time.sleep(3)
        run_id = ui_run(dagster)
        assert end(building)[0] in (BUILT, BUSY)
        status, words = status_and_events(dagster, run_id, *ENDED)
        assert status == "SUCCESS" or "another build is running here" in words
        run_id = ui_run(dagster)
        status_and_events(dagster, run_id, "STARTED", *ENDED)
        code, _ = end(begin(root, "rebuild-history"))
        assert code in (BUSY, DONE)
        second, words = status_and_events(dagster, run_id, *ENDED)
        assert second == "SUCCESS" or "another build is running here" in words
    figures.record(
        "one_at_a_time", "UI and command line at once: runs, exit code", f"{status}, {second}, {code}"
    )
    assert_like(root, whole, inputs)
