"""Marks of runs under way: which of the runs that a data root began are alive, and which have died.

Lives here: the marks and their judgement. Does not live here: what becomes of a dead run
(``defs/dead_runs.py``) and the lock on the data root (``layout.py``).

A process that works for a run holds the lock of a small file in ``.dagster/marks``. The system gives the lock
back when the process ends, however it ends, so a mark that nobody holds is that of a dead process. A process
id proves nothing: after a reboot, and in a container always, another process has it.
"""

import json
import os
import platform
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

from filelock import FileLock, Timeout

from ods_pipeline.dataroot.layout import DataRoot

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# A mark is a file for a moment before it is locked.
_UNLOCKED_FOR_SECONDS = 0.3


class Mark(Enum):
    """What the marks of a run show.

    HELD: a process works for it. LEFT: a process that worked for it has died. ELSEWHERE: another machine left
    it, whose locks may not be seen from here. NONE: no process has begun, or each one has ended as it should.
    """

    HELD = "held"
    LEFT = "left"
    ELSEWHERE = "elsewhere"
    NONE = "none"


@contextmanager
def marked(root: DataRoot, run_id: str) -> Generator[None]:
    """Hold a mark of a run while the block works for it. Several processes may do so at once."""
    folder = _folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f"{run_id}.", dir=folder)
    os.close(descriptor)
    path = Path(name)
    with FileLock(path, timeout=10):
        path.write_text(json.dumps(_this_machine()), encoding="utf-8")
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes no file that is open
                path.unlink(missing_ok=True)


def mark_of_run(root: DataRoot, run_id: str) -> Mark:
    """Return what the marks of a run show; a mark that is held counts before one that is left."""
    shown = {_shown_by(path) for path in _folder(root).glob(f"{run_id}.*")}
    return next((mark for mark in (Mark.HELD, Mark.LEFT, Mark.ELSEWHERE) if mark in shown), Mark.NONE)


def remove_marks(root: DataRoot, run_id: str) -> None:
    """Remove the marks of a run that has ended."""
    for path in _folder(root).glob(f"{run_id}.*"):
        path.unlink(missing_ok=True)


def booted_at() -> float | None:
    """Return when this machine was started, in seconds since 1970; None if the system does not show it."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
            if line.startswith("btime "):
                return float(line.split()[1])
    return None


def _folder(root: DataRoot) -> Path:
    return root.path / ".dagster" / "marks"


def _this_machine() -> dict[str, str]:
    boot = _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else ""
    return {"boot": boot, "host": platform.node()}


def _shown_by(path: Path) -> Mark:
    if _is_locked(path):
        return Mark.HELD
    time.sleep(_UNLOCKED_FOR_SECONDS)
    if not path.exists():
        return Mark.NONE
    if _is_locked(path):
        return Mark.HELD
    try:
        made_on = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return Mark.LEFT
    here = _this_machine()
    is_here = made_on.get("boot") == here["boot"] or made_on.get("host") == here["host"]
    return Mark.LEFT if is_here else Mark.ELSEWHERE


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
