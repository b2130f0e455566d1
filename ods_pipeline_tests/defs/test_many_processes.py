"""Records in PostgreSQL; code server, daemon and webserver as processes of their own, as in docs/deploy.

The schedule asks the API for what is new, sensors publish it and put it into a store, and every part is
killed on the way. What is killed is started again, as a supervisor does: what is new is built once.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.publish.store.manifest import read_current
from ods_pipeline.publish.store.opening import Store
from ods_pipeline_tests.faults.inputs import Inputs
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.dagster_ui import Dagster, free_port, process_tree
from ods_pipeline_tests.support.postgres import Postgres, postgres
from ods_pipeline_tests.support.rooms import ENVIRONMENT, REPOSITORY

pytestmark = [pytest.mark.dagster_records, pytest.mark.slow]
DEPLOY = REPOSITORY / "docs" / "deploy"
RUNS = "{ runsOrError { ... on Runs { results { runId jobName status } } } }"
LONGEST = 420.0


class Services:
    """The three processes, each started again when it ends, as a supervisor does."""

    def __init__(self, home: Path, environment: dict[str, str], ports: dict[str, int]) -> None:
        self.home, self.environment, self.ports = home, environment, ports
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.starts = dict.fromkeys(("code", "daemon", "webserver"), 0)

    def command(self, name: str) -> list[str]:
        workspace, loopback = str(self.home / "workspace.yaml"), ["-h", "127.0.0.1"]
        binaries = Path(sys.executable).parent
        return {
            "code": [
                *(str(binaries / "dagster"), "code-server", "start", *loopback),
                *("-p", str(self.ports["code"]), "-m", "ods_pipeline_tests.support.every_minute"),
                *("--location-name", "ods_pipeline"),
            ],
            "daemon": [str(binaries / "dagster-daemon"), "run", "-w", workspace],
            "webserver": [
                *(str(binaries / "dagster-webserver"), *loopback),
                *("-p", str(self.ports["webserver"]), "-w", workspace),
            ],
        }[name]

    def keep_up(self) -> None:
        """Start what is not running."""
        for name in self.starts:
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                self.starts[name] += 1
                with (self.home / f"{name}.log").open("a") as log:
                    self.processes[name] = subprocess.Popen(
                        self.command(name), env=self.environment, stdout=log, stderr=log, cwd=self.home
                    )

    def run_workers(self) -> list[int]:
        """The processes of runs: what the code server's process of definitions has started."""
        workers = []
        for pid in process_tree(self.processes["code"].pid):
            with suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    workers.append(pid)
        return workers

    def end(self) -> None:
        for process in self.processes.values():
            for pid in process_tree(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait(30)


@contextmanager
def services(tmp_path: Path, database: Postgres, root: DataRoot, ord_url: str) -> Iterator[Services]:
    """The services of docs/deploy, with their files; only addresses and the pace of looking differ."""
    home, ports = tmp_path / "home", {"code": free_port(), "webserver": free_port()}
    home.mkdir()
    instance = yaml.safe_load((DEPLOY / "dagster.yaml").read_text(encoding="utf-8"))
    instance["storage"]["postgres"]["postgres_db"]["port"] = database.port
    instance["run_monitoring"] |= {"poll_interval_seconds": 5, "start_timeout_seconds": 60}
    (home / "dagster.yaml").write_text(yaml.safe_dump(instance))
    workspace = yaml.safe_load((DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))
    workspace["load_from"][0]["grpc_server"] |= {"host": "127.0.0.1", "port": ports["code"]}
    (home / "workspace.yaml").write_text(yaml.safe_dump(workspace))
    environment = ENVIRONMENT | {
        "DAGSTER_HOME": str(home),
        "DAGSTER_POSTGRES_HOST": "127.0.0.1",
        "DAGSTER_POSTGRES_USER": "dagster",
        "DAGSTER_POSTGRES_PASSWORD": "none",
        "DAGSTER_POSTGRES_DB": "dagster",
        "ODS_DATA_ROOT": str(root.path),
        "ODS_ORD_URL": ord_url,
        "ODS_STORE": (tmp_path / "store").as_uri(),
    }
    running = Services(home, environment, ports)
    try:
        yield running
    finally:
        running.end()


def wait(running: Services, what: str, until: Callable[[], Any], seconds: float = LONGEST) -> Any:
    """Keep the services up until something is true, and return it."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        running.keep_up()
        with suppress(OSError, AssertionError):  # a webserver or database that is down for a moment
            if answer := until():
                return answer
        time.sleep(0.3)
    logs = {name: (running.home / f"{name}.log").read_text()[-1500:] for name in running.starts}
    raise AssertionError(f"{what}: not within {seconds:.0f} s; {logs}")


def test_every_part_is_killed_and_what_is_new_is_built_once(tmp_path: Path) -> None:
    root, inputs = DataRoot(tmp_path / "data"), Inputs(tmp_path / "inputs").write()
    (release,) = sorted((tmp_path / "inputs" / "release2").glob("*.zip"))
    assert not pipeline.build(root, releases=[release]).problems
    (tmp_path / "store").mkdir()
    began = time.monotonic()
    with (
        postgres() as database,
        OrdServer(inputs.world(), delay=0.7) as server,
        services(tmp_path, database, root, server.ord_url) as running,
    ):
        dagster = Dagster(running.ports["webserver"])

        def runs(job: str, *status: str) -> list[str]:
            results = dagster.ask(RUNS)["runsOrError"]["results"]
            return [r["runId"] for r in results if r["jobName"] == job and r["status"] in status]

        def built() -> bool:
            build = current_build(root)
            return build is not None and int(build.name) > 1

        # 1. The worker of the run that the schedule has started.
        wait(running, "a delta run asks the API", lambda: server.requests("sync") and running.run_workers())
        for worker in running.run_workers():
            os.kill(worker, signal.SIGKILL)
        wait(running, "the dead run is noticed", lambda: runs("delta_job", "FAILURE"))
        # 2. The daemon, as soon as the next attempt is there.
        wait(running, "it is started again", lambda: runs("delta_job", "QUEUED", "STARTING", "STARTED"))
        os.kill(running.processes["daemon"].pid, signal.SIGKILL)
        wait(running, "an attempt ends well", lambda: runs("delta_job", "SUCCESS"))
        # 3. The database, with every connection, before the sensor publishes.
        database.kill()
        time.sleep(3)
        database.start()
        wait(running, "what is new is published", built)
        wait(running, "it is in the store", lambda: read_current(Store((tmp_path / "store").as_uri())))
        wait(running, "publishing has ended", lambda: runs("publish_job", "SUCCESS"))
        took = time.monotonic() - began
        # Two more ticks of the schedule, and several of each sensor: nothing is left to do.
        until = time.monotonic() + 125
        wait(running, "two minutes", lambda: time.monotonic() > until)
        results = wait(running, "the runs are shown", lambda: dagster.ask(RUNS)["runsOrError"]["results"])
        starts = dict(running.starts)
    ours = sorted((r["jobName"], r["status"]) for r in results if r["jobName"] != "store_job")
    assert ours[0] == ("delta_job", "FAILURE"), "the worker that was killed"
    assert [run for run in ours if run[1] != "FAILURE"] == [
        ("delta_job", "SUCCESS"),
        ("publish_job", "SUCCESS"),
    ]
    build = current_build(root)
    assert build is not None and build.name == "000002"
    read = read_current(Store((tmp_path / "store").as_uri()))
    assert read is not None and read[0].build == 2
    assert starts["daemon"] >= 2
    figures.record(
        "resumed", "services: starts of code server, daemon, webserver", str(list(starts.values()))
    )
    figures.record("resumed", "services: seconds", round(took, 1))
