"""What may be removed from a data root: files that no table, no rebuild and no audit needs.

Lives here: which files these are, how old they are, and removing them. Does not live here: what killed runs
leave and old builds, which every build removes (``dataroot/cleanup.py``). ``raw/trud``, ``raw/ord`` and
``flat/`` are never touched: the published set is made from them, and ``rebuild-history`` and ``audit`` read
all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ods_pipeline.dataroot.files import remove
from ods_pipeline.dataroot.layout import DataRoot

# A release that was set aside is not downloaded again while it lies in quarantine and is TRUD's newest. A new
# one comes every month, so two months are enough.
QUARANTINE_AT_LEAST = timedelta(days=62)
INDEX = "index"  # Dagster's index of all runs, next to the databases of single runs


@dataclass(frozen=True)
class Prunable:
    """Something that may be removed: ``kind`` names it, ``size`` is in bytes, ``changed`` in UTC."""

    path: Path
    kind: str
    size: int
    changed: datetime


def prunable(root: DataRoot, now: datetime, older_than: timedelta) -> list[Prunable]:
    """Return what may be removed, in order of path.

    Args:
        root: The data root.
        now: With its time zone.
        older_than: What has changed since ``now`` less this is kept.
    """
    items = [
        *_old(_logs_of_runs(root), "log of a run", now, older_than),
        *_old(_entries(root.quarantine), "set aside", now, max(older_than, QUARANTINE_AT_LEAST)),
        *_old(_unfinished_downloads(root), "unfinished download", now, older_than),
        *_old(_entries(root.raw_reports), "official report", now, older_than),
    ]
    return sorted(items, key=lambda item: item.path)


def prune(root: DataRoot, now: datetime, older_than: timedelta) -> list[Prunable]:
    """Remove what may be removed, and return it.

    Raises:
        Busy: Another process works on the data root.
    """
    with root.locked():
        items = prunable(root, now, older_than)
        for item in items:
            remove(item.path)
    return items


def _old(paths: Iterator[Path], kind: str, now: datetime, older_than: timedelta) -> Iterator[Prunable]:
    for path in paths:
        files = [path] if path.is_symlink() or path.is_file() else [path, *path.rglob("*")]
        stats = [file.lstat() for file in files]
        changed = datetime.fromtimestamp(max(s.st_mtime for s in stats), tz=now.tzinfo)
        if now - changed > older_than:
            yield Prunable(path, kind, sum(s.st_size for s in stats), changed)


def _logs_of_runs(root: DataRoot) -> Iterator[Path]:
    """Yield the databases of single runs.

    Dagster's list of runs and its state of every partition are elsewhere.
    """
    for path in (root.path / ".dagster" / "history" / "runs").glob("*.db*"):
        if path.name.partition(".")[0] != INDEX:
            yield path


def _unfinished_downloads(root: DataRoot) -> Iterator[Path]:
    yield from root.raw_releases.glob("*.part")


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from folder.iterdir()
