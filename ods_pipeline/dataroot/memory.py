"""The memory that this process can still get, and what a build needs.

Lives here: the two figures and the warning that compares them. The system kills a process that takes too
much before it can report anything, so the warning comes first. Does not live here: the limits of DuckDB
(``marts/``).
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot

# A build of national size (a zip of 38 MB) is killed below 1.6 GB, and takes 2.5 GB where it can.
# One of the sample (0.03 MB) needs some 250 MB.
ALWAYS, PER_BYTE_OF_ZIP = 250 << 20, 36
USUAL_RELEASE = 38_000_000
_NO_LIMIT = 1 << 60  # cgroup v1 writes a number near 2^63
log = logging.getLogger(__name__)


def needed(release_bytes: int) -> int:
    """Return the bytes that a build needs whose largest release has a zip of ``release_bytes``."""
    return ALWAYS + PER_BYTE_OF_ZIP * release_bytes


def largest_release(root: DataRoot, files: Sequence[Path], *, downloads: bool) -> int:
    """Return the bytes of the largest zip that a build may read; one to download counts as 38 MB."""
    sizes = [file.stat().st_size for file in (*files, *root.raw_releases.glob("*.zip")) if file.is_file()]
    return max([*sizes, USUAL_RELEASE if downloads else 0])


def available(system: Path = Path("/")) -> int | None:
    """Return the bytes that this process can get: free memory and swap, or what its cgroups leave of it.

    Args:
        system: The folder that has ``proc`` and ``sys``.

    Returns:
        None where the system does not report it (it is not Linux).
    """
    free = _free(system / "proc" / "meminfo")
    if free is None:
        return None
    return min([free, *_left_by_cgroups(system)])


def warn_if_short(release_bytes: int, system: Path = Path("/")) -> str | None:
    """Log a warning, and return it, if less memory is available than a build needs."""
    free, need = available(system), needed(release_bytes)
    if free is None or free >= need:
        return None
    text = (
        f"this build needs some {need / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are available here: "
        "the system may kill it. Give it more, or end other programs; what is published stays as it is"
    )
    log.warning("%s", text)
    return text


def _free(meminfo: Path) -> int | None:
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines())
        return sum(int(lines[name].split()[0]) << 10 for name in ("MemAvailable", "SwapFree"))
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _left_by_cgroups(system: Path) -> Iterator[int]:
    """Yield what each cgroup above this process leaves: its limit less its use.

    File caches do not count as use.
    """
    try:
        lines = (system / "proc" / "self" / "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, limit, use, cache = "", "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            top, limit, use = "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            cache = "total_inactive_file"
        else:
            continue
        mounted = system / "sys" / "fs" / "cgroup" / top
        own = mounted / path.lstrip("/")
        # In a container the path may be that outside, where only the top is mounted.
        for folder in {mounted, own, *(p for p in own.parents if p.is_relative_to(mounted))}:
            left = _left(folder, limit, use, cache)
            if left is not None:
                yield left


def _left(folder: Path, limit: str, use: str, cache: str) -> int | None:
    try:
        most, used = int((folder / limit).read_text()), int((folder / use).read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # no such cgroup, or "max": no limit
        return None
    return max(0, most - used + int(stat.get(cache, 0))) if most < _NO_LIMIT else None
