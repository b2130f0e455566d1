"""The data root: its paths and its lock.

Lives here: where things lie, and that only one process writes at a time. Does not live here: flat folders
(``flat.py``), how a build becomes the published set (``builds.py``), how files are written (``files.py``,
``parquet.py``).
"""

import os
import re
import shlex
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from ods_pipeline.errors import Busy, OdsError

# The receipt in the folder of a fetch, and the end of the name of one that lies next to its file.
RECEIPT, RECEIPT_SUFFIX = "receipt.json", ".receipt.json"
_WILDCARDS = "*?[]"
_ESCAPE = re.compile(r"\\|%[0-9A-Fa-f]{2}")


def build_here(path: Path, options: str = "") -> str:
    """Return the advice to build in this data root, as a command that can be pasted into a shell."""
    root = "" if path == Path("data") else f" --data-root {shlex.quote(str(path))}"
    return f"Run: ods-pipeline build{options}{root}"


def receipt_path(file: Path) -> Path:
    """Return where the receipt of a release or of a file of places lies: next to it."""
    return file.with_name(file.name + RECEIPT_SUFFIX)


@dataclass(frozen=True)
class DataRoot:
    """The folder that holds everything. It is not created until something is written.

    Raises:
        OdsError: The path, from the top of the disk, has a character that Polars, DuckDB or Dagster take for
            something else.
    """

    path: Path

    def __post_init__(self) -> None:
        path = str(self.path)
        with suppress(ValueError):  # a NUL in it, which every use of the path explains
            path = os.path.realpath(self.path)
        if any(character in path for character in _WILDCARDS):
            raise OdsError(
                "a data root's path cannot contain * ? [ or ]: Polars and DuckDB read them as patterns",
                where=self.path,
                do="Give another --data-root",
            )
        escape = _ESCAPE.search(path) if os.sep == "/" else None
        if escape:
            raise OdsError(
                f"a data root's path cannot contain {escape[0]}: DuckDB reads a backslash as a folder, and "
                "Dagster reads % with two digits as another character",
                where=self.path,
                do="Give another --data-root",
            )

    @property
    def raw_releases(self) -> Path:
        """TRUD zips as received, each with its receipt."""
        return self.path / "raw" / "trud"

    @property
    def raw_fetches(self) -> Path:
        """Delta fetches of the ORD API or of ODT as received, one folder each."""
        return self.path / "raw" / "ord"

    @property
    def raw_places(self) -> Path:
        """Files of postcodes and of UPRNs as received, each with its receipt."""
        return self.path / "raw" / "places"

    @property
    def raw_reports(self) -> Path:
        """Official reports as received, to compare the published set with. No table is made from them."""
        return self.path / "raw" / "reports"

    @property
    def flat(self) -> Path:
        """Flattened captures, one folder each."""
        return self.path / "flat"

    @property
    def quarantine(self) -> Path:
        """Files, folders and records that were set aside, with the reason."""
        return self.path / "quarantine"

    @property
    def sample_wanted(self) -> Path:
        """A marker: a build of the embedded sample has begun, and the next run completes it."""
        return self.path / "raw" / "embedded-sample"

    @property
    def accept_deletions(self) -> Path:
        """A marker: the run under way takes captures that delete any number of codes."""
        return self.path / "raw" / "accept-deletions"

    @property
    def accepted_deletions(self) -> Path:
        """The captures (JSON, a list of flat folders) that were taken although they delete many codes."""
        return self.path / "raw" / "accepted-deletions.json"

    @property
    def builds(self) -> Path:
        """The builds, one folder each."""
        return self.path / ".builds"

    @property
    def current(self) -> Path:
        """The published build (a symlink)."""
        return self.builds / "current"

    @property
    def next(self) -> Path:
        """The build that is being written."""
        return self.builds / "next"

    @contextmanager
    def locked(self, wait: float = 0, on_wait: Callable[[], None] | None = None) -> Generator[None]:
        """Hold the lock on this data root. The process that holds it may take it again.

        Args:
            wait: Seconds to wait while another process holds it; none unless given.
            on_wait: Called once if there is something to wait for.

        Raises:
            Busy: Another process holds the lock, still after ``wait``.
            OdsError: The folder cannot be made here.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OdsError(
                f"the data root cannot be created here ({error.strerror})",
                where=self.path,
                do="Give another --data-root",
            ) from error
        lock = FileLock(self.path / ".lock", timeout=0, is_singleton=True)
        try:
            _acquire(lock, wait, on_wait)
        except Timeout:
            raise Busy(
                "another build is running here",
                where=self.path,
                do="Wait for it to end, or give another --data-root",
            ) from None
        try:
            yield
        finally:
            lock.release()


def _acquire(lock: BaseFileLock, wait: float, on_wait: Callable[[], None] | None) -> None:
    try:
        lock.acquire()
    except Timeout:
        if not wait:
            raise
        if on_wait is not None:
            on_wait()
        lock.acquire(timeout=wait, poll_interval=0.5)
