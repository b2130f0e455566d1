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
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support.rooms import ENVIRONMENT

STARTS_WITHIN = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dagster:
    """Dagster's web server, queried through GraphQL."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str) -> dict[str, Any]:
        payload = json.dumps({"query": query}).encode()
        request = urllib.request.Request(self.url, payload, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]

    def is_up(self) -> bool:
        try:
            return bool(self.ask("{ version }")["version"])
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def running_ui(root: DataRoot) -> Iterator[Dagster]:
    """Run `ods-pipeline ui` on a data root, and end it as Ctrl-C does."""
    port = free_port()
    command = [sys.executable, "-m", "ods_pipeline.cli", "ui"]
    command += ["--data-root", str(root.path), "--port", str(port)]
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
