"""Dagster's records in PostgreSQL: `build` uses DAGSTER_HOME, so that there is one history and not two.

Needs PostgreSQL's programs (Debian: `postgresql`) and the extra `postgres`.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from ods_pipeline.defs.instance import instance_text
from ods_pipeline_tests.support.postgres import postgres
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


@pytest.fixture
def database() -> Iterator[int]:
    """A server on loopback with the database `dagster`; its port."""
    with postgres() as server:
        yield server.port


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
