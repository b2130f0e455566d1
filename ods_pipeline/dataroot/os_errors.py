"""What the machine refuses, in words for people: a full disk, a place that cannot be read or written.

Lives here: telling such an error from a fault of the program, through whatever library it came. Does not live
here: faults of the program, which keep their traceback.
"""

import errno
import logging
import os
import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ods_pipeline.dataroot.cleanup import clear_up
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import NoRoom, OdsError

NO_ROOM = "there is no room left on the disk, or it fails"
AGAIN = "Make room and run it again: what is published stands, and what has come is kept"
ELSEWHERE = "Move away what is in its place, or get the right to write there, or give another --data-root"
LATER = "Run it again once that is mended: what is published stands, and what has come is kept"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR}
_FAILED = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE}
log = logging.getLogger(__name__)
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
    """Turns what the machine refused while the block worked on a data root into an OdsError. On a full disk
    the half-written build goes first, to give its room back. Use it inside of the lock."""
    try:
        yield
    except Exception as error:
        told = told_of(error, root.path)
        if told is None:
            if isinstance(error, OSError):  # the command line shows it in one line, wherever it came from
                log.error("this is a fault of the program", exc_info=error)
            raise
        if isinstance(told, NoRoom):
            with suppress(OSError):
                clear_up(root)
        raise told from error


def told_of(error: BaseException, place: Path | None = None) -> OdsError | None:
    """The error for people if a full disk (NoRoom) or a place that cannot be read or written is behind
    ``error``; else None. ``place`` is the data root, named where the error names no file. An OdsError has
    said what is wrong: behind it only a full disk counts."""
    # The number of an SSLError is one of OpenSSL's: 1 is not EPERM.
    behind = [one for one in _chain(error) if not isinstance(one, ssl.SSLError)]
    for one in behind:
        if _is_full(one):
            return NoRoom(NO_ROOM, where=_where(one, place), do=AGAIN)
    for one in behind:
        if isinstance(one, OdsError):
            return None
        do = _remedy(one, place)
        if do:
            said = getattr(one, "strerror", None) or str(one).splitlines()[0]
            return OdsError(f"it cannot be read or written ({said})", where=_where(one, place), do=do)
    return None


def _where(error: BaseException, place: Path | None) -> object:
    return getattr(error, "filename", None) or place


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return not isinstance(error, OdsError) and any(said in str(error).lower() for said in _FULL_WORDS)


def _remedy(error: BaseException, place: Path | None) -> str:
    """What to do about what the machine refused; empty if it refused nothing."""
    if isinstance(error, OSError):
        if error.errno in _FAILED:
            return LATER
        if error.errno in _REFUSED or _is_in_the_way(error, place):
            return ELSEWHERE
    return ELSEWHERE if any(said in str(error).lower() for said in _REFUSED_WORDS) else ""


def _is_in_the_way(error: OSError, place: Path | None) -> bool:
    """Whether something that is no folder (a file, a link to nowhere) stands in the data root where one was
    to be made. Any other name that is missing, or there already, is a fault of the program."""
    if (
        error.errno not in (errno.EEXIST, errno.ENOENT)
        or place is None
        or not isinstance(error.filename, str)
    ):
        return False
    found = Path(error.filename).absolute()
    is_below = any(parent in (place.absolute(), place.resolve()) for parent in found.parents)
    return is_below and os.path.lexists(found) and not found.is_dir()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what is behind it, each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
