"""Folders that are written whole or not at all, also if the power fails, and removed whatever the files in
them allow.

Lives here: what holds for any folder. Does not live here: which folders a data root has (``storage.py``).
"""

import errno
import os
import shutil
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_ACCESS = os.O_RDWR if os.name == "nt" else os.O_RDONLY  # Windows flushes only what may be written
# What systems say that cannot flush the names in a folder.
_NOT_FOR_FOLDERS = (errno.EINVAL, errno.EBADF, errno.EACCES, errno.ENOTSUP)


def flush(*paths: Path) -> None:
    """Waits until the disk has what these files, and the names in these folders, are. A file that was renamed
    before that may be empty after a loss of power."""
    for path in paths:
        try:
            opened = os.open(path, _ACCESS)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)
        except OSError as error:
            if error.errno not in _NOT_FOR_FOLDERS or not path.is_dir():
                raise


@contextmanager
def whole_folder(target: Path) -> Generator[Path]:
    """Gives a folder to write into, and puts it in the target's place when the block ends well.

    If the block fails the target stays as it was and what was written is removed. The disk has all files then
    but those in folders inside.
    """
    partial = target.with_name(f".{target.name}.partial")
    remove(partial)
    partial.mkdir(parents=True)
    try:
        yield partial
        flush(*(p for p in sorted(partial.iterdir()) if p.is_file()), partial)
    except BaseException:
        remove(partial)
        raise
    old = target.with_name(f".{target.name}.old")
    remove(old)
    if target.exists():
        target.rename(old)
    partial.rename(target)
    flush(target.parent)
    remove(old)


def remove(path: Path) -> None:
    """Removes a folder, read-only files included."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    if not path.exists():
        return
    for file in path.rglob("*"):
        if file.is_file() and not file.is_symlink():
            file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    shutil.rmtree(path)
