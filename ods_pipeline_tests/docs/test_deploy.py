"""docs/deploy: the examples name settings, modules and commands that exist."""

import shlex

import dagster as dg
import pytest
import yaml

from ods_pipeline import cli
from ods_pipeline.defs.instance import instance_text
from ods_pipeline_tests.support.rooms import REPOSITORY

DEPLOY = REPOSITORY / "docs" / "deploy"


def parsed(name: str) -> dict:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def test_the_instance_is_the_one_of_a_data_root_but_for_its_storage() -> None:
    text = (DEPLOY / "dagster.yaml").read_text(encoding="utf-8")
    assert text.endswith(instance_text())
    assert set(parsed("dagster.yaml")) - set(yaml.safe_load(instance_text())) == {"storage"}


def test_daemon_and_webserver_load_the_code_server_of_the_compose_file() -> None:
    services = parsed("compose.yaml")["services"]
    (location,) = parsed("workspace.yaml")["load_from"]
    server = location["grpc_server"]
    code = services[server["host"]]["entrypoint"]
    assert str(server["port"]) in code and "ods_pipeline.definitions" in code
    # Runs of the command line have this name: under another one the UI would show the jobs without them.
    assert server["location_name"] == code[code.index("--location-name") + 1] == "ods_pipeline"
    for name in ("daemon", "webserver"):
        assert services[name]["entrypoint"][-1] == "/srv/dagster/workspace.yaml"


def test_the_chart_has_our_settings_of_the_instance() -> None:
    daemon, ours = parsed("helm-values.yaml")["dagsterDaemon"], yaml.safe_load(instance_text())
    assert daemon["runMonitoring"]["maxRuntimeSeconds"] == ours["run_monitoring"]["max_runtime_seconds"]
    assert daemon["runRetries"]["maxRetries"] == ours["run_retries"]["max_retries"]
    assert daemon["runRetries"]["retryOnAssetOrOpFailure"] is False
    first_line = (DEPLOY / "helm-values.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert f"--version {dg.__version__}" in first_line


@pytest.mark.parametrize("step", parsed("nightly.yml")["jobs"]["build"]["steps"])
def test_the_commands_of_the_workflow_exist(step: dict) -> None:
    commands = [
        part for part in step.get("run", "").replace("||", "&&").split("&&") if "ods-pipeline " in part
    ]
    for command in commands:
        words = shlex.split(command, comments=True)
        cli.app.parse_args(words[1:], exit_on_error=False, print_error=False)
    assert commands or "uses" in step or "pip" in step["run"]
