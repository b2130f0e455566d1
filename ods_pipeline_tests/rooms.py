"""Data roots for tests that need whole ones, and the command as people run it.

What lives here: the sample built once for all tests, cheap copies of it, subprocesses. What does not: what is
in it. The shared roots are for reading only: a test that changes something takes a copy.
"""

import atexit
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ods_pipeline import pipeline
from ods_pipeline.storage import DataRoot
from ods_pipeline_tests.sample import SAMPLE

REPOSITORY = Path(__file__).resolve().parent.parent
RELEASE = next((SAMPLE / "trud").glob("*.zip"))
FETCHES = SAMPLE / "ord"
FIRST_FETCH = "fetch=20260824T043000Z"
# What a developer has set for the real sources is not for tests.
REAL_SOURCES = {"TRUD_API_KEY", "ODS_ORD_URL", "ODS_TRUD_URL", "ODS_ORD_FORMAT", "ODS_DATA_ROOT"}
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in REAL_SOURCES} | {"PYTHONPATH": str(REPOSITORY)}


def _room() -> DataRoot:
    folder = Path(tempfile.mkdtemp(prefix="ods_pipeline_tests_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return DataRoot(folder / "data")


@functools.cache
def sample_root() -> DataRoot:
    """The embedded sample, release and fetches, built in this process."""
    root = _room()
    pipeline.build(root)
    return root


@functools.cache
def release_root() -> DataRoot:
    """The sample's release alone, built in this process."""
    root = _room()
    pipeline.build(root, releases=[RELEASE])
    return root


def copy_of(root: DataRoot, folder: Path) -> DataRoot:
    """The same data root in another place, to be changed."""
    shutil.copytree(root.path, folder / "data", symlinks=True)
    return DataRoot(folder / "data")


def published(root: DataRoot) -> dict[str, str]:
    """SHA-256 of every published file, as a reader finds them."""
    kept = [root.path / name for name in ("tables", "history", "marts", "ods.duckdb", "datapackage.json")]
    files = [
        file for place in kept for file in ([place] if place.is_file() else sorted(place.rglob("*.parquet")))
    ]
    return {str(f.relative_to(root.path)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def run_cli(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`ods-pipeline …` in a process of its own."""
    command = [sys.executable, "-m", "ods_pipeline.cli", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300
    )


def run_python(script: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script in a process of its own, which may end it as it likes."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(
        command, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, check=False, timeout=300
    )
