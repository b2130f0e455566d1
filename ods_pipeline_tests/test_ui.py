"""Dagster's own UI, opened on a data root, shows what the command line did there."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from ods_pipeline.schema import ORD, TABLES
from ods_pipeline_tests.rooms import ENVIRONMENT, copy_of, sample_root

STARTS_WITHIN = 90.0
ASSETS = """{ assetNodes {
  assetKey { path } groupName description
  assetMaterializations(limit: 1) { runId metadataEntries { label ... on IntMetadataEntry { intValue } } }
  assetChecksOrError { ... on AssetChecks { checks {
    name blocking executionForLatestMaterialization { status }
  } } }
} }"""
RUNS = "{ runsOrError { ... on Runs { results { runId jobName status } } } }"
SENSORS = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
  name location { name } jobs { name runs(limit: 5) { status } } sensors { name } schedules { name }
} } } }"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Dagster:
    """A web server of Dagster's, asked in its own language."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str) -> dict[str, Any]:
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]

    def is_up(self) -> bool:
        try:
            return bool(self.ask("{ version }")["version"])
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dagster]:
    """`ods-pipeline ui` on a copy of the sample's data root, ended as by Ctrl-C."""
    root, port = copy_of(sample_root(), tmp_path_factory.mktemp("ui")), free_port()
    command = [
        sys.executable,
        "-m",
        "ods_pipeline.cli",
        "ui",
        "--data-root",
        str(root.path),
        "--port",
        str(port),
    ]
    with (root.path / "ui.log").open("w+") as log:
        process = subprocess.Popen(
            command, env=ENVIRONMENT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            server, begun = Dagster(port), time.monotonic()
            while not server.is_up():
                assert process.poll() is None, (root.path / "ui.log").read_text()
                assert time.monotonic() - begun < STARTS_WITHIN, (root.path / "ui.log").read_text()
                time.sleep(0.2)
            yield server
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def test_the_runs_of_the_command_line_are_there(dagster: Dagster) -> None:
    runs = dagster.ask(RUNS)["runsOrError"]["results"]
    assert [(run["jobName"], run["status"]) for run in reversed(runs)] == [
        ("release_job", "SUCCESS"),
        ("delta_job", "SUCCESS"),
        ("publish_job", "SUCCESS"),
    ]


def test_every_asset_was_materialised_by_them(dagster: Dagster) -> None:
    runs = {run["jobName"]: run["runId"] for run in dagster.ask(RUNS)["runsOrError"]["results"]}
    nodes = {"/".join(node["assetKey"]["path"]): node for node in dagster.ask(ASSETS)["assetNodes"]}
    assert len(nodes) == len(TABLES) + 5
    made_by = {key: node["assetMaterializations"][0]["runId"] for key, node in nodes.items()}
    jobs = {"raw/trud_release": "release_job", "flat/release": "release_job"}
    jobs |= {"raw/ord_fetches": "delta_job", "flat/fetches": "delta_job"}
    assert made_by == {key: runs[jobs.get(key, "publish_job")] for key in nodes}
    (materialization,) = nodes["ord/organisations"]["assetMaterializations"]
    rows = {entry["label"]: entry.get("intValue") for entry in materialization["metadataEntries"]}
    assert rows["dagster/row_count"] == 774


def test_the_checks_of_the_last_build_are_there(dagster: Dagster) -> None:
    statuses = {}
    for node in dagster.ask(ASSETS)["assetNodes"]:
        for check in node["assetChecksOrError"].get("checks", []):
            key = f"{'/'.join(node['assetKey']['path'])} {check['name']}"
            statuses[key] = (check["executionForLatestMaterialization"] or {}).get("status")
    assert len([key for key in statuses if key.endswith(" unique_key")]) == len(TABLES)
    assert len(ORD) < len(statuses)
    assert {key: status for key, status in statuses.items() if status != "SUCCEEDED"} == {}


def test_each_job_shows_with_its_run_and_there_is_the_sensor(dagster: Dagster) -> None:
    (repository,) = dagster.ask(SENSORS)["repositoriesOrError"]["nodes"]
    assert repository["location"]["name"] == "ods_pipeline"
    runs = {job["name"]: [run["status"] for run in job["runs"]] for job in repository["jobs"]}
    for name in ("release_job", "delta_job", "publish_job"):
        assert runs[name] == ["SUCCESS"], f"{name} shows without the run of the command line"
    assert [sensor["name"] for sensor in repository["sensors"]] == ["new_trud_release", "publish_after_load"]
    assert [schedule["name"] for schedule in repository["schedules"]] == ["last_three_stamps"]
