"""Complete data roots for tests, and the command as users run it.

Lives here: the sample built once for all tests, cheap copies of it, subprocesses. Does not live here: the
content of the sample. The shared roots are read-only: a test that changes something takes a copy.
"""

import atexit
import functools
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from filelock import FileLock

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.instance import instance_text
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.sample import SAMPLE

REPOSITORY = Path(__file__).resolve().parents[2]
RELEASE = next((SAMPLE / "trud").glob("*.zip"))
FETCHES = SAMPLE / "ord"
FIRST_FETCH = "fetch=20260824T043000Z"
# The folder that all processes of a test run share (conftest.py); without it each process has its own.
ROOMS = "ODS_PIPELINE_TESTS_ROOMS"
# A developer's settings for the real sources must not reach the tests.
REAL_SOURCES = {"TRUD_API_KEY", "ODS_ORD_URL", "ODS_TRUD_URL", "ODS_ORD_FORMAT", "ODS_DATA_ROOT"}
REAL_SOURCES |= {"ODS_ODT_API_KEY", "ODS_ODT_URL", "ODS_DELTAS_FROM", "ODS_REPORTS_URL"}
REAL_SOURCES |= {"DAGSTER_HOME", "ODS_ALERT_URL", "ODS_ALERT_COMMAND", "ODS_RUN_RETENTION_DAYS", "ODS_STORE"}
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in REAL_SOURCES} | {"PYTHONPATH": str(REPOSITORY)}


_FORGETFUL = """
event_log_storage:
  module: ods_pipeline_tests.support.events
  class: ForgetfulEventLog
run_storage:
  module: dagster._core.storage.runs
  class: SqliteRunStorage
  config: {{base_dir: {home}/runs}}
schedule_storage:
  module: dagster._core.storage.schedules
  class: SqliteScheduleStorage
  config: {{base_dir: {home}/schedules}}
"""


def room(name: str, make: Callable[[DataRoot], None], *, dagster_records: bool = False) -> DataRoot:
    """A data root that is built once for all processes of a test run, by the first that needs it.

    With ``dagster_records`` Dagster keeps its records in it, as it does for users.
    """
    place = _place()
    root, whole = DataRoot(place / name / "data"), place / name / "whole"
    with FileLock(place / f"{name}.lock"):
        if not whole.exists():
            shutil.rmtree(place / name, ignore_errors=True)
            with _dagster_home(None) if dagster_records else events_forgotten():
                make(root)
            whole.touch()
    return root


@contextmanager
def events_forgotten() -> Generator[None]:
    """Let Dagster forget the events of runs, also in commands that run by themselves (``run_cli``).

    Most tests look at files and words only, and writing some 500 events into SQLite takes more than half of a
    small build. Runs are recorded as ever.
    """
    home = Path(tempfile.mkdtemp(prefix="dagster_", dir=_place()))
    for name in ("runs", "schedules"):
        shutil.copytree(_empty_records() / name, home / name)
    _write_settings(home)
    try:
        with _dagster_home(str(home)):
            yield
    finally:
        shutil.rmtree(home, ignore_errors=True)


@functools.cache
def _empty_records() -> Path:
    """A home of Dagster with its databases as they begin: to make them takes a quarter of a second."""
    home, whole = _place() / "empty_records", _place() / "empty_records" / "whole"
    with FileLock(_place() / "empty_records.lock"):
        if not whole.exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            _write_settings(home)
            logging.getLogger("alembic").setLevel(logging.WARNING)
            with dg.DagsterInstance.from_config(str(home)):
                pass
            whole.touch()
    return home


def _write_settings(home: Path) -> None:
    text = instance_text() + _FORGETFUL.format(home=home)
    (home / "dagster.yaml").write_text(text, encoding="utf-8")


@contextmanager
def _dagster_home(home: str | None) -> Generator[None]:
    variables = os.environ, ENVIRONMENT
    before = [v.pop("DAGSTER_HOME", None) for v in variables]
    try:
        if home is not None:
            for v in variables:
                v["DAGSTER_HOME"] = home
        yield
    finally:
        for v, value in zip(variables, before, strict=True):
            v.pop("DAGSTER_HOME", None)
            if value is not None:
                v["DAGSTER_HOME"] = value


def _place() -> Path:
    return Path(os.environ.get(ROOMS) or _own_place())


@functools.cache
def _own_place() -> str:
    folder = tempfile.mkdtemp(prefix="ods_pipeline_tests_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _build_sample(root: DataRoot) -> None:
    ran = run_cli("build", "--data-root", root.path)
    assert ran.returncode == 0, ran.stderr
    (root.path.parent / "output.txt").write_text(ran.stdout, encoding="utf-8")
    (root.path.parent / "errors.txt").write_text(ran.stderr, encoding="utf-8")


def _build_release(root: DataRoot) -> None:
    pipeline.build(root, releases=[RELEASE])


@functools.cache
def sample_root() -> DataRoot:
    """The embedded sample, release and fetches, built by the command without arguments."""
    return room("sample", _build_sample, dagster_records=True)


def of_sample(mart: str) -> dict[str, dict[str, Any]]:
    """Return the rows of a mart of the sample by code."""
    frame = pl.read_parquet(sample_root().path / TABLES[mart].path)
    return {row["ods_code"]: row for row in frame.to_dicts()}


def sample_output() -> tuple[str, str]:
    """What the command that built the sample wrote to stdout and stderr."""
    folder = sample_root().path.parent
    out, err = ((folder / name).read_text(encoding="utf-8") for name in ("output.txt", "errors.txt"))
    return out, err


@functools.cache
def release_root() -> DataRoot:
    """The sample's release alone, built through the API."""
    return room("release", _build_release)


def _write_site(root: DataRoot) -> None:
    ran = run_cli("report", "--data-root", sample_root().path, "--out", root.path)
    assert ran.returncode == 0, ran.stderr


@functools.cache
def sample_site() -> Path:
    """The folder of the sample's site, written by the command."""
    return room("site", _write_site).path


def copy_of(root: DataRoot, folder: Path) -> DataRoot:
    """A copy of a data root that a test may change."""
    # SQLite's side files come and go while another test process reads the shared root.
    shutil.copytree(
        root.path, folder / "data", symlinks=True, ignore=shutil.ignore_patterns("*.db-wal", "*.db-shm")
    )
    return DataRoot(folder / "data")


def published(root: DataRoot) -> dict[str, str]:
    """SHA-256 of every published file, by the path that a reader uses."""
    places = [
        root.path / name
        for name in ("tables", "history", "geo", "marts", "compat", "ods.duckdb", "datapackage.json")
    ]
    files = [
        file
        for place in places
        for file in ([place] if place.is_file() else sorted(place.rglob("*.parquet")))
    ]
    return {str(f.relative_to(root.path)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def without_duckdb(files: dict[str, str]) -> dict[str, str]:
    """The same without ods.duckdb, whose own bytes differ from one build to the next."""
    return {name: sha for name, sha in files.items() if name != "ods.duckdb"}


def run_cli(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `ods-pipeline …` in its own process."""
    command = [sys.executable, "-m", "ods_pipeline.cli", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300
    )


def run_python(script: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in its own process, which it may end in any way."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(
        command, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, check=False, timeout=300
    )
