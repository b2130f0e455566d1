"""Explains errors of the operating system: a full disk, or a path that cannot be read or written.

Lives here: recognising such an error, whichever library raised it. Does not live here: programming errors,
which keep their traceback.
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

DISK_FULL = "the disk is full or failing"
FREE_SPACE = (
    "Free some space and run the command again: the published files are unchanged, and downloads are kept"
)
CHANGE_PLACE = "Move away what is in its place, or get the right to write there, or give another --data-root"
TRY_LATER = (
    "Run the command again once this is fixed: the published files are unchanged, and downloads are kept"
)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR}
_FAILED = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE}
log = logging.getLogger(__name__)
# DuckDB, SQLite and Arrow raise their own errors, with the system's words in the text.
_FULL_WORDS = (
    "no space left on device",
    "disk quota exceeded",
    "file too large",
    "database or disk is full",
    "could not write all bytes",
    "disk i/o error",  # SQLite's message when there is no room for its shared memory
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
    """Turn errors of the operating system, raised while the block works on a data root, into an OdsError.

    On a full disk the half-written build is removed first, to free its space. Use it inside the lock.
    """
    try:
        yield
    except Exception as error:
        explanation = as_ods_error(error, root.path)
        if explanation is None:
            if isinstance(error, OSError):  # the command line prints it in one line, without a traceback
                log.error("this is a fault of the program", exc_info=error)
            raise
        if isinstance(explanation, NoRoom):
            with suppress(OSError):
                clear_up(root)
        raise explanation from error


def as_ods_error(error: BaseException, place: Path | None = None) -> OdsError | None:
    """Return the readable error if a full disk or an unusable path is behind ``error``, else None.

    An OdsError already explains itself: only a full disk behind it counts.

    Args:
        error: The error as it was raised, with its causes.
        place: The data root, named where the error names no file.

    Returns:
        A NoRoom for a full disk, an OdsError for a path that cannot be read or written, or None.
    """
    # The number of an SSLError is one of OpenSSL's: 1 is not EPERM.
    causes = [cause for cause in _chain(error) if not isinstance(cause, ssl.SSLError)]
    for cause in causes:
        if _is_full(cause):
            return NoRoom(DISK_FULL, where=_where(cause, place), do=FREE_SPACE)
    for cause in causes:
        if isinstance(cause, OdsError):
            return None
        remedy = _remedy(cause, place)
        if remedy:
            reason = getattr(cause, "strerror", None) or str(cause).splitlines()[0]
            return OdsError(f"it cannot be read or written ({reason})", where=_where(cause, place), do=remedy)
    return None


def _where(error: BaseException, place: Path | None) -> object:
    return getattr(error, "filename", None) or place


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return not isinstance(error, OdsError) and any(words in str(error).lower() for words in _FULL_WORDS)


def _remedy(error: BaseException, place: Path | None) -> str:
    """Return what to do about an error of the operating system; empty for any other error."""
    if isinstance(error, OSError):
        if error.errno in _FAILED:
            return TRY_LATER
        if error.errno in _REFUSED or _is_in_the_way(error, place):
            return CHANGE_PLACE
    return CHANGE_PLACE if any(words in str(error).lower() for words in _REFUSED_WORDS) else ""


def _is_in_the_way(error: OSError, place: Path | None) -> bool:
    """Return whether a file or a broken link is in the data root where a folder was to be made.

    Any other name that is missing, or that exists already, is a programming error.
    """
    if (
        error.errno not in (errno.EEXIST, errno.ENOENT)
        or place is None
        or not isinstance(error.filename, str)
    ):
        return False
    path = Path(error.filename).absolute()
    is_below = any(parent in (place.absolute(), place.resolve()) for parent in path.parents)
    return is_below and os.path.lexists(path) and not path.is_dir()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and its causes, each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
