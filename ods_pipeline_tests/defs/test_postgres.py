"""Dagster's records in PostgreSQL: `build` uses DAGSTER_HOME, so that there is one history and not two.

Needs PostgreSQL's programs (Debian: `postgresql`) and the extra `postgres`.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest
import yaml

from ods_pipeline.defs.instance import instance_text
from ods_pipeline_tests.support.dagster_ui import free_port
from ods_pipeline_tests.support.rooms import copy_of, release_root, run_python

pytestmark = [pytest.mark.dagster_records, pytest.mark.slow]
BUILD = """
import sys
from pathlib import Path
from ods_pipeline.defs import build as pipeline
from ods_pipeline.dataroot.layout import DataRoot
built = pipeline.build(DataRoot(Path(sys.argv[1])), again=True)
print(*(outcome.job for outcome in built.outcomes))
"""


def programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@pytest.fixture
def database(tmp_path: Path) -> Iterator[int]:
    """A server on loopback with the database `dagster`; its port."""
    binaries, port = programs(), free_port()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("dagster_postgres")
    # PostgreSQL refuses to run as root.
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(subprocess.check_output([*prefix, "mktemp", "-d"], text=True).strip())

    def run(program: str, *arguments: str) -> None:
        subprocess.run([*prefix, str(binaries / program), *arguments], check=True, cwd="/", timeout=120)

    try:
        run("initdb", "-D", str(folder / "db"), "-U", "dagster", "--auth=trust", "-N")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        run("pg_ctl", "-D", str(folder / "db"), "-o", options, "-l", str(folder / "log"), "-w", "start")
        run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "dagster", "dagster")
        yield port
    finally:
        with suppress(subprocess.CalledProcessError):
            run("pg_ctl", "-D", str(folder / "db"), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def test_builds_are_recorded_in_postgresql(
    tmp_path: Path, database: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, root = tmp_path / "home", copy_of(release_root(), tmp_path)
    shutil.rmtree(root.path / ".dagster")
    home.mkdir()
    address = {"hostname": "127.0.0.1", "port": database, "db_name": "dagster"}
    address |= {"username": "dagster", "password": "none", "scheme": "postgresql+psycopg2"}
    storage = {"storage": {"postgres": {"postgres_db": address}}}
    (home / "dagster.yaml").write_text(instance_text() + yaml.safe_dump(storage))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    for _ in range(2):
        ran = run_python(BUILD, root.path, DAGSTER_HOME=str(home))
        assert (ran.returncode, ran.stdout) == (0, "publish_job\n"), ran.stderr
    with dg.DagsterInstance.from_config(str(home)) as instance:
        runs = [(run.job_name, run.status.value) for run in instance.get_runs()]
        partitions = instance.get_dynamic_partitions("ods_release")
    assert runs == [("publish_job", "SUCCESS")] * 2
    assert partitions == ["2026-08-28"], "restored from what is held"
    assert not (root.path / ".dagster" / "history").exists()
