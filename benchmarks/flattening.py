"""The stage from zip to ``flat/``."""

import shutil
import time
from pathlib import Path

from benchmarks import inputs
from benchmarks.results import Result, sizes
from ods_pipeline.dataroot.layout import DataRoot, write_flat
from ods_pipeline.flatten.release import Origin, flatten_release


def make_release(room: Path, scale: float) -> Result:
    """Not measured against anything: the release itself."""
    path = inputs.release(room, scale)
    return {"rows": 0, "bytes": path.stat().st_size}


def flat(room: Path, scale: float) -> Result:
    """Zip to every table of ``flat/``, written."""
    path = inputs.release(room, scale)
    started = time.perf_counter()
    made = flatten_release(path, Origin("file", path.stat().st_size, "0" * 64, False))
    read = time.perf_counter()
    root = DataRoot(room / "flat")
    shutil.rmtree(root.path, ignore_errors=True)
    folder = write_flat(root, made.folder, made.frames, {})
    written = time.perf_counter()
    parts = {"read and merge": read - started, "write": written - read}
    return {**sizes(folder.glob("*.parquet")), "parts": parts}
