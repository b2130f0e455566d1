"""A PostgreSQL server on loopback, started and stopped by a test.

Lives here: the server. Does not live here: what is kept in it. Needs PostgreSQL's programs (Debian:
`postgresql`) and the extra `postgres`.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ods_pipeline_tests.support.dagster_ui import free_port


def programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@dataclass(frozen=True)
class Postgres:
    """A server with the database ``dagster`` of the user ``dagster``."""

    binaries: Path
    folder: Path
    port: int

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs; it refuses to run as root."""
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*prefix, str(self.binaries / program), *arguments]
        subprocess.run(command, check=True, cwd="/", timeout=120, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Start the server, or start it again."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "db"), "-o", options, "-l", log, "-w", "start")

    def kill(self) -> None:
        """End the server at once, with all its connections."""
        self.run("pg_ctl", "-D", str(self.folder / "db"), "-m", "immediate", "stop")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a server. Skips the test if PostgreSQL or the extra is missing."""
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("dagster_postgres", reason="the extra `postgres` is not installed")
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(subprocess.check_output([*prefix, "mktemp", "-d"], text=True).strip())
    server = Postgres(binaries, folder, free_port())
    try:
        server.run("initdb", "-D", str(folder / "db"), "-U", "dagster", "--auth=trust", "-N")
        server.start()
        server.run("createdb", "-h", "127.0.0.1", "-p", str(server.port), "-U", "dagster", "dagster")
        yield server
    finally:
        with suppress(subprocess.CalledProcessError):
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
