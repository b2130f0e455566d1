"""The stage from zip to ``flat/``."""

import shutil
import time
from pathlib import Path

from benchmarks import inputs
from benchmarks.results import Result, sizes
from ods_pipeline.dataroot.flat import write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.release import Origin, flatten_release


def make_release(room: Path, scale: float) -> Result:
    """Make the release itself; this stage is not compared with anything."""
    path = inputs.release(room, scale)
    return {"rows": 0, "bytes": path.stat().st_size}


def flat(room: Path, scale: float) -> Result:
    """Flatten the zip and write every table of ``flat/``."""
    path = inputs.release(room, scale)
    started = time.perf_counter()
    flattened = flatten_release(path, Origin("file", path.stat().st_size, "0" * 64, False))
    read = time.perf_counter()
    root = DataRoot(room / "flat")
    shutil.rmtree(root.path, ignore_errors=True)
    folder = write_flat(root, flattened.folder, flattened.frames, {})
    written = time.perf_counter()
    parts = {"read and merge": read - started, "write": written - read}
    return {**sizes(folder.glob("*.parquet")), "parts": parts}
