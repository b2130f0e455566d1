"""Dagster's UI on a data root shows what the command line did there."""

from collections.abc import Iterator

import pytest

from ods_pipeline.schema import ORD, TABLES
from ods_pipeline_tests.support.dagster_ui import Dagster, running_ui
from ods_pipeline_tests.support.rooms import copy_of, sample_root

pytestmark = [pytest.mark.dagster_records, pytest.mark.slow]

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


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dagster]:
    """`ods-pipeline ui` on a copy of the sample's data root."""
    with running_ui(copy_of(sample_root(), tmp_path_factory.mktemp("ui"))) as server:
        yield server


def test_it_shows_the_runs_of_the_command_line(dagster: Dagster) -> None:
    runs = dagster.ask(RUNS)["runsOrError"]["results"]
    assert [(run["jobName"], run["status"]) for run in reversed(runs)] == [
        ("release_job", "SUCCESS"),
        ("delta_job", "SUCCESS"),
        ("publish_job", "SUCCESS"),
    ]


def test_those_runs_materialised_every_asset(dagster: Dagster) -> None:
    runs = {run["jobName"]: run["runId"] for run in dagster.ask(RUNS)["runsOrError"]["results"]}
    nodes = {"/".join(node["assetKey"]["path"][1:]): node for node in dagster.ask(ASSETS)["assetNodes"]}
    assert nodes.pop("published/site")["assetMaterializations"] == [], "written only if somebody asks for it"
    assert len(nodes) == len(TABLES) + 5
    run_of = {key: node["assetMaterializations"][0]["runId"] for key, node in nodes.items()}
    jobs = {"raw/trud_release": "release_job", "flat/release": "release_job"}
    jobs |= {"raw/ord_fetches": "delta_job", "flat/fetches": "delta_job"}
    assert run_of == {key: runs[jobs.get(key, "publish_job")] for key in nodes}
    (materialization,) = nodes["ord/organisations"]["assetMaterializations"]
    rows = {entry["label"]: entry.get("intValue") for entry in materialization["metadataEntries"]}
    assert rows["dagster/row_count"] == 776


def test_it_shows_the_checks_of_the_last_build(dagster: Dagster) -> None:
    statuses = {}
    for node in dagster.ask(ASSETS)["assetNodes"]:
        for check in node["assetChecksOrError"].get("checks", []):
            key = f"{'/'.join(node['assetKey']['path'][1:])} {check['name']}"
            statuses[key] = (check["executionForLatestMaterialization"] or {}).get("status")
    assert len([key for key in statuses if key.endswith(" unique_key")]) == len(TABLES)
    assert len(ORD) < len(statuses)
    assert statuses.pop("published/ods_duckdb audit") is None, "it takes minutes: audit_job runs it"
    assert {key: status for key, status in statuses.items() if status != "SUCCEEDED"} == {}


def test_it_shows_each_job_with_its_run_and_the_sensors(dagster: Dagster) -> None:
    (repository,) = dagster.ask(SENSORS)["repositoriesOrError"]["nodes"]
    assert repository["location"]["name"] == "ods_pipeline"
    runs = {job["name"]: [run["status"] for run in job["runs"]] for job in repository["jobs"]}
    for name in ("release_job", "delta_job", "publish_job"):
        assert runs[name] == ["SUCCESS"], f"{name} has no run of the command line"
    sensors = ["dead_runs", "new_trud_release", "publish_after_load", "site_after_publish"]
    assert [sensor["name"] for sensor in repository["sensors"]] == sensors
    assert [s["name"] for s in repository["schedules"]] == ["check_as_of", "last_three_stamps"]
