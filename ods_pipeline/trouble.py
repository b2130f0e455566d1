"""What the machine refuses, in words for people: a full disk, a place that cannot be written.

Lives here: telling such an error from a fault of the program, through whatever library it came. Does not live
here: faults of the program, which keep their traceback.
"""

import errno
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ods_pipeline.errors import OdsError
from ods_pipeline.leftovers import clear_up
from ods_pipeline.storage import DataRoot

AGAIN = "Make room and run it again: what is published stands, and what has come is kept"
ELSEWHERE = "Move away what is in its place, or get the right to write there, or give another --data-root"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOENT,
}  # fmt: skip
# DuckDB, SQLite and Arrow have errors of their own, with the system's words in them.
_FULL_WORDS = (
    "no space left on device",
    "disk quota exceeded",
    "file too large",
    "database or disk is full",
    "could not write all bytes",
    "disk i/o error",  # what SQLite says if there is no room for its shared memory
)
_REFUSED_WORDS = (
    "read-only file system",
    "permission denied",
    "unable to open database file",
    "attempt to write a readonly database",
    "not a directory",
    "is a directory",
)


@contextmanager
def explained(root: DataRoot) -> Generator[None]:
    """Turns what the machine refused while the block wrote to a data root into an OdsError. On a full disk
    the half-written build goes first, to give its room back. Use it inside of the lock."""
    try:
        yield
    except Exception as error:
        told = told_of(error, root.path)
        if told is None:
            raise
        if told.do == AGAIN.rstrip("."):
            with suppress(OSError):
                clear_up(root)
        raise told from error


def told_of(error: BaseException, place: Path | None = None) -> OdsError | None:
    """The error for people if a full disk or an unwritable place is behind ``error``; else None. ``place`` is
    named where the error names no file."""
    for one in _chain(error):
        where = getattr(one, "filename", None) or place
        words = str(one).lower()
        number = one.errno if isinstance(one, OSError) else None
        if number in _FULL or any(said in words for said in _FULL_WORDS):
            return OdsError("there is no room left on the disk, or it fails", where=where, do=AGAIN)
        if isinstance(one, OdsError):
            continue
        if number in _REFUSED or any(said in words for said in _REFUSED_WORDS):
            said = getattr(one, "strerror", None) or str(one).splitlines()[0]
            return OdsError(f"it cannot be written ({said})", where=where, do=ELSEWHERE)
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what is behind it, each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
