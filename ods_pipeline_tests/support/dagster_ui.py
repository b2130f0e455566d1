"""Dagster's own UI on a data root, started as users start it, and queried through GraphQL.

Lives here: the process and its answers. Does not live here: what it should show.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support.rooms import ENVIRONMENT

STARTS_WITHIN = 240.0
ENDS = ("SUCCESS", "FAILURE", "CANCELED")
REPOSITORY_SELECTOR = {"repositoryLocationName": "ods_pipeline", "repositoryName": "__repository__"}
LAUNCH = """mutation($parameters: ExecutionParams!) { launchRun(executionParams: $parameters) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } ... on InvalidSubsetError { message }
} }"""

BACKFILL = """mutation($parameters: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $parameters) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
} }"""
BACKFILL_STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status } } }"""
FAILURES = """query($run: ID!) { logsForRun(runId: $run) { ... on EventConnection { events {
  ... on ExecutionStepFailureEvent { failureMetadata { description } error { message } }
  ... on RunFailureEvent { message }
} } } }"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def process_tree(process: int) -> list[int]:
    """Return the ids of a process and of all its descendants."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    tree = [process]
    for pid in tree:
        tree += [child for child, parent in parents.items() if parent == pid]
    return tree


class Dagster:
    """Dagster's web server, queried through GraphQL."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        payload = json.dumps({"query": query, "variables": variables or {}}).encode()
        request = urllib.request.Request(self.url, payload, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]

    def launch(self, job: str = "publish_job", **parameters: Any) -> str:
        """Start a run and return its id. ``assets``: paths of keys; ``tags``; ``config``."""
        selector: dict[str, Any] = {**REPOSITORY_SELECTOR, "jobName": job}
        if assets := parameters.get("assets"):
            selector["assetSelection"] = [{"path": path.split("/")} for path in assets]
        tags = [{"key": key, "value": value} for key, value in parameters.get("tags", {}).items()]
        execution = {
            "selector": selector,
            "runConfigData": parameters.get("config", {}),
            "executionMetadata": {"tags": tags},
        }
        launched = self.ask(LAUNCH, {"parameters": execution})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return launched["run"]["runId"]

    def backfill(self, assets: Sequence[str], partitions: Sequence[str]) -> str:
        """Start a backfill of assets and return its id."""
        keys = [{"path": path.split("/")} for path in assets]
        parameters = {"assetSelection": keys, "partitionNames": list(partitions)}
        launched = self.ask(BACKFILL, {"parameters": parameters})["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return launched["backfillId"]

    def backfill_status(self, backfill: str) -> str:
        return self.ask(BACKFILL_STATUS, {"id": backfill})["partitionBackfillOrError"]["status"]

    def sentence_of(self, run_id: str) -> str:
        """Return what the page of a failed run begins with: the description of the first failed step."""
        events = self.ask(FAILURES, {"run": run_id})["logsForRun"]["events"]
        failures = [event for event in events if event.get("failureMetadata")]
        return failures[0]["failureMetadata"]["description"] if failures else ""

    def runs_of(self, job: str) -> list[str]:
        """Return the statuses of a job's runs, the newest first."""
        runs = self.ask("{ runsOrError { ... on Runs { results { jobName status } } } }")["runsOrError"]
        return [run["status"] for run in runs["results"] if run["jobName"] == job]

    def is_idle(self) -> bool:
        return set(self.runs().values()) <= {*ENDS}

    def runs(self) -> dict[str, str]:
        """Return the status of every run by its id, the newest first."""
        runs = self.ask("{ runsOrError { ... on Runs { results { runId status } } } }")
        return {run["runId"]: run["status"] for run in runs["runsOrError"]["results"]}

    def wait_for(self, run_id: str, *until: str, seconds: float = 240) -> str:
        """Wait until a run has one of these statuses (an end, unless given), and return it."""
        begun = time.monotonic()
        while (status := self.runs()[run_id]) not in (until or ENDS):
            assert time.monotonic() - begun < seconds, f"{run_id} is {status} after {seconds} s"
            time.sleep(0.3)
        return status

    def is_up(self) -> bool:
        try:
            return bool(self.ask("{ version }")["version"])
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


class RunningUi(Dagster):
    """A process of `ods-pipeline ui` with all that it started; of `dagster dev` if a workspace is given."""

    def __init__(
        self, root: DataRoot, environment: dict[str, str] | None = None, workspace: Path | None = None
    ) -> None:
        port = free_port()
        super().__init__(port)
        self.log = root.path / "ui.log"
        if workspace:
            command = [sys.executable, "-m", "dagster", "dev", "-w", str(workspace), "-p", str(port)]
        else:
            command = [sys.executable, "-m", "ods_pipeline.cli", "ui"]
            command += ["--data-root", str(root.path), "--port", str(port)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command, env=ENVIRONMENT | (environment or {}), stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        begun = time.monotonic()
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() - begun > STARTS_WITHIN:
                self.cut_power()
                raise AssertionError(self.log.read_text())
            time.sleep(0.2)

    def tree(self) -> list[int]:
        """Return the ids of the process and of all its descendants."""
        return process_tree(self.process.pid)

    def cut_power(self) -> None:
        """Kill every process of the tree at once, as a loss of power does."""
        tree = self.tree()
        for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first: nobody sees another one die
            for pid in tree:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        self.process.wait()

    def end(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it with a signal, and kill what is still there after a while."""
        tree = self.tree()
        self.process.send_signal(number)
        try:
            self.process.wait(60)
        finally:
            for pid in tree:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def wait_until(what: str, is_so: Callable[[], bool], seconds: float = 240) -> None:
    """Wait until something is so; fail with its name after this many seconds."""
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.5)


@contextmanager
def running_ui(
    root: DataRoot, environment: dict[str, str] | None = None, workspace: Path | None = None
) -> Iterator[RunningUi]:
    """Run `ods-pipeline ui` on a data root, and end it as Ctrl-C does."""
    ui = RunningUi(root, environment, workspace)
    try:
        yield ui
    finally:
        ui.end()
