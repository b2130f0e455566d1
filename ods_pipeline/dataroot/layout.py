"""The data root: where things lie, and how a build becomes the published set.

Lives here: paths, the lock, whole-or-nothing folders, the flip. Does not live here: what is written, and how
Parquet is (``parquet.py``).

A build is written into ``.builds/next``, renamed to ``.builds/<number>`` when it is whole, and one rename
of the symlink ``.builds/current`` publishes it. A kill at any moment leaves the old set or the new one;
whoever has the old one open keeps reading it. A folder per build also means that a stray ``.wal`` of an
analyst's crashed session can never meet a database file it does not belong to.
"""

import errno
import json
import logging
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

import polars as pl
from filelock import FileLock, Timeout

from ods_pipeline.dataroot.files import flush, remove, whole_folder
from ods_pipeline.dataroot.parquet import write_parquet
from ods_pipeline.errors import Busy, OdsError

PUBLISHED = ("tables", "history", "marts", "ods.duckdb", "datapackage.json")
BUILDS_KEPT = 2
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DataRoot:
    """The folder below which everything lies. Nothing is created before something is written."""

    path: Path

    def __post_init__(self) -> None:
        if any(sign in str(self.path) for sign in "*?[]"):
            raise OdsError(
                "a data root's path cannot contain * ? [ or ]: Polars and DuckDB take them as patterns",
                where=self.path,
                do="Give another --data-root",
            )

    @property
    def raw_releases(self) -> Path:
        return self.path / "raw" / "trud"

    @property
    def raw_fetches(self) -> Path:
        return self.path / "raw" / "ord"

    @property
    def flat(self) -> Path:
        return self.path / "flat"

    @property
    def quarantine(self) -> Path:
        return self.path / "quarantine"

    @property
    def sample_wanted(self) -> Path:
        """Lies here once the embedded sample was asked for, so that an interrupted build goes on with it."""
        return self.path / "raw" / "embedded-sample"

    @property
    def builds(self) -> Path:
        return self.path / ".builds"

    @property
    def current(self) -> Path:
        """The published build (a symlink)."""
        return self.builds / "current"

    @property
    def next(self) -> Path:
        """The build being written."""
        return self.builds / "next"

    def flat_folders(self) -> list[Path]:
        """The complete flat folders, in order of name. Whatever else lies there is not ours."""
        return [*self.each_flat_folder()]

    def each_flat_folder(self, *kinds: str) -> Iterator[Path]:
        """``flat_folders``, looked at one by one; only those of the ``kinds`` (release, fetch) named."""
        found = sorted(p for kind in kinds or ("release", "fetch") for p in self.flat.glob(f"{kind}=*"))
        return (p for p in found if flat_mark(self, p.name) is not None)

    @contextmanager
    def locked(self) -> Generator[None]:
        """Holds the lock on this data root. Raises Busy at once if another process has it. The same
        process may take it again."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OdsError(
                f"no data root can be here ({error.strerror})", where=self.path, do="Give another --data-root"
            ) from error
        lock = FileLock(self.path / ".lock", timeout=0, is_singleton=True)
        try:
            lock.acquire()
        except Timeout:
            raise Busy(
                "another build is working here",
                where=self.path,
                do="Wait for it to end, or give another --data-root",
            ) from None
        try:
            yield
        finally:
            lock.release()


def start_build(root: DataRoot) -> Path:
    """An empty ``.builds/next``; what an earlier, unfinished build left there is removed."""
    remove(root.next)
    root.next.mkdir(parents=True)
    return root.next


def require_build(root: DataRoot) -> Path:
    """``.builds/next`` of the build under way."""
    if not root.next.is_dir():
        raise OdsError(
            "no build has been started", where=root.path, do="Run publish_job as a whole: ods-pipeline build"
        )
    return root.next


def publish_build(root: DataRoot, link: Callable[[Path, Path], None] | None = None) -> Path:
    """Makes ``.builds/next`` the published set and returns its folder. Files become read-only.

    The flip comes last: whatever stands in the way of a link is told while the old set is still current.
    The disk has all files before it, and the flip itself before an old build goes.
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
    _put_wal_away(root)
    try:
        for name in PUBLISHED:
            if (build / name).exists():
                link(root.path / name, Path(".builds/current") / name)
        link(root.current, Path(build.name))
    except (OSError, NotImplementedError) as error:
        if root.current.is_symlink() or getattr(error, "errno", None) in _NO_ROOM:
            raise  # links can be made here: files copied through them would land in the old build
        log.warning("symlinks cannot be made here (%s): the published files are replaced one by one", error)
        _copy_out(root, build)
    flush(root.builds, root.path)
    prune_builds(root)
    return build


def numbered_builds(root: DataRoot) -> list[Path]:
    """The builds that are whole, published or not, in order."""
    return sorted(p for p in root.builds.glob("*") if p.name.isdecimal())


def prune_builds(root: DataRoot) -> None:
    """Removes all but the last two builds."""
    for old in numbered_builds(root)[:-BUILDS_KEPT]:
        remove(old)


def _put_wal_away(root: DataRoot) -> None:
    """Moves every ``.wal`` that lies beside the link ``ods.duckdb`` to the build it belongs to.

    DuckDB before 2.0 writes it beside the link (2.0 beside the file itself), where the next reader would
    replay it on the new build without a word; 1.5 has ``.wal.checkpoint`` and ``.wal.recovery`` too.
    """
    owner = root.current.resolve() if root.current.exists() else root.quarantine
    for wal in sorted(root.path.glob("ods.duckdb.wal*")):
        owner.mkdir(parents=True, exist_ok=True)
        wal.replace(owner / wal.name)
        log.warning("an unfinished read-write session left %s: it was moved to %s", wal.name, owner.name)


def current_build(root: DataRoot) -> Path | None:
    """The folder of the published build, or None before the first."""
    if root.current.exists():
        return root.current.resolve()
    # Without symlinks: datapackage.json is copied last, so the build with the same one is out whole.
    package = root.path / "datapackage.json"
    if not package.is_file():
        return None
    builds = reversed(numbered_builds(root))
    return next((b for b in builds if (b / package.name).read_bytes() == package.read_bytes()), None)


def _symlink(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    # This fails first where no symlinks can be made, and where files lie in the link's place for that reason.
    fresh.symlink_to(target)
    if link.exists() and not link.is_symlink():
        fresh.unlink()
        raise OdsError(
            "a file or folder of that name is in the way of the published set", where=link, do="Move it away"
        )
    fresh.replace(link)


def _copy_out(root: DataRoot, build: Path) -> None:
    """Without symlinks: every published file is replaced by itself, each one whole, datapackage.json last."""
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


def write_flat(
    root: DataRoot, folder: str, frames: Mapping[str, pl.DataFrame], mark: Mapping[str, object] | None = None
) -> Path:
    """Writes the frames of one flattened capture into ``flat/<folder>``, all or none.

    ``mark`` says what it was made from and by which version; ``flat_mark`` reads it back.
    """
    target = root.flat / folder
    with whole_folder(target) as partial:
        # Compression lets go of the interpreter, and the largest file does not wait for the others.
        with ThreadPoolExecutor(min(4, cpu_count() or 1)) as pool:
            for written in [
                pool.submit(write_parquet, frame, partial / f"{name}.parquet")
                for name, frame in sorted(frames.items(), key=lambda item: -item[1].estimated_size())
            ]:
                written.result()
        body = {"mark": dict(mark or {}), "tables": sorted(frames)}
        (partial / "flat.json").write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    return target


def flat_mark(root: DataRoot, folder: str) -> dict[str, object] | None:
    """The mark of ``flat/<folder>``, or None if there is no such folder, a table of it is missing or the mark
    is damaged."""
    path = root.flat / folder / "flat.json"
    if not path.exists():
        return None
    try:
        body = json.loads(path.read_bytes())
        is_whole = all((path.parent / f"{name}.parquet").exists() for name in body["tables"])
        return dict(body["mark"]) if is_whole else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
