"""How a build becomes the published set.

Lives here: starting a build, publishing it (the flip), finding the published one, removing old ones. Does not
live here: what is in a build (``publish/``).

A build is written into ``.builds/next``. It is renamed to ``.builds/<number>`` when it is whole, and one
rename of the symlink ``.builds/current`` publishes it. A kill at any moment leaves the old set or the new
one; readers that have the old one open keep reading it. Each build has its own folder, so a stray ``.wal`` of
a crashed session can never meet a database file it does not belong to.
"""

import errno
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ods_pipeline.dataroot.files import flush, remove
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError

PUBLISHED = ("tables", "history", "geo", "marts", "compat", "ods.duckdb", "datapackage.json")
BUILDS_KEPT = 2
_DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
log = logging.getLogger(__name__)


def start_build(root: DataRoot) -> Path:
    """Return an empty ``.builds/next``. Anything that an unfinished build left there is removed."""
    remove(root.next)
    root.next.mkdir(parents=True)
    return root.next


def require_build(root: DataRoot) -> Path:
    """Return ``.builds/next`` of the build under way. Raises OdsError if there is none."""
    if not root.next.is_dir():
        raise OdsError(
            "no build has been started", where=root.path, do="Run publish_job as a whole: ods-pipeline build"
        )
    return root.next


def publish_build(root: DataRoot, link: Callable[[Path, Path], None] | None = None) -> Path:
    """Make ``.builds/next`` the published set and return its folder. Its files become read-only.

    The flip comes last, so a link that cannot be made raises an error while the old set is still current. All
    files are flushed to disk before the flip, and the flip is flushed before an old build is removed.

    Args:
        root: The data root.
        link: Makes a symlink (path, target); tests pass one that fails.

    Raises:
        OdsError: A file or folder has the name of a published one.
        OSError: The disk is full or fails.
    """
    link = link or _symlink
    numbers = [int(p.name) for p in numbered_builds(root)]
    build = root.builds / f"{max(numbers, default=0) + 1:06d}"
    written = [root.next, *root.next.rglob("*")]
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(flush, written):
            pass
    for file in written:
        if file.is_file():
            file.chmod(0o444)
    root.next.rename(build)
    flush(root.builds)
    _move_wal_to_its_build(root)
    try:
        for name in PUBLISHED:
            if (build / name).exists():
                link(root.path / name, Path(".builds/current") / name)
        link(root.current, Path(build.name))
    except (OSError, NotImplementedError) as error:
        if root.current.is_symlink() or getattr(error, "errno", None) in _DISK_FAULTS:
            raise  # links work here: files copied through them would land in the old build
        log.warning("symlinks cannot be made here (%s): the published files are replaced one by one", error)
        _copy_out(root, build)
    flush(root.builds, root.path)
    prune_builds(root)
    return build


def numbered_builds(root: DataRoot) -> list[Path]:
    """Return the whole builds in order, published or not."""
    return sorted(p for p in root.builds.glob("*") if p.name.isdecimal())


def prune_builds(root: DataRoot) -> None:
    """Remove all but the last two builds."""
    for old in numbered_builds(root)[:-BUILDS_KEPT]:
        remove(old)


def current_build(root: DataRoot) -> Path | None:
    """Return the folder of the published build; None before the first."""
    if root.current.exists():
        return root.current.resolve()
    # Without symlinks datapackage.json is copied last: the build with the same one is published whole.
    package = root.path / "datapackage.json"
    if not package.is_file():
        return None
    builds = reversed(numbered_builds(root))
    return next((b for b in builds if (b / package.name).read_bytes() == package.read_bytes()), None)


def _move_wal_to_its_build(root: DataRoot) -> None:
    """Move every ``.wal`` next to the link ``ods.duckdb`` to the build it belongs to.

    DuckDB before 2.0 writes it next to the link (2.0 next to the file itself). The next reader would replay
    it on the new build without a warning. DuckDB 1.5 writes ``.wal.checkpoint`` and ``.wal.recovery`` too.
    """
    owner = root.current.resolve() if root.current.exists() else root.quarantine
    for wal in sorted(root.path.glob("ods.duckdb.wal*")):
        owner.mkdir(parents=True, exist_ok=True)
        wal.replace(owner / wal.name)
        log.warning("an unfinished read-write session left %s: it was moved to %s", wal.name, owner.name)


def _symlink(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    # This fails first where symlinks cannot be made; published files lie in the link's place there.
    fresh.symlink_to(target)
    if link.exists() and not link.is_symlink():
        fresh.unlink()
        raise OdsError(
            "a file or folder of that name is in the way of the published set", where=link, do="Move it away"
        )
    fresh.replace(link)


def _copy_out(root: DataRoot, build: Path) -> None:
    """Replace every published file one by one, each one whole, ``datapackage.json`` last."""
    for file in sorted(build.rglob("*"), key=lambda p: (p.name == "datapackage.json", p)):
        relative = file.relative_to(build)
        if not file.is_file() or relative.parts[0] not in PUBLISHED:
            continue
        target = root.path / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        shutil.copy2(file, partial)
        flush(partial)
        partial.replace(target)
