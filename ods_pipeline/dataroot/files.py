"""Folders that are written whole or not at all, even if the power fails, and removed in any case.

Lives here: what holds for any folder. Does not live here: which folders a data root has (``layout.py``).
"""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_ACCESS = os.O_RDWR if os.name == "nt" else os.O_RDONLY  # Windows flushes writable files only
# Errors of systems that cannot flush the names in a folder.
_CANNOT_FLUSH_FOLDERS = (errno.EINVAL, errno.EBADF, errno.EACCES, errno.ENOTSUP)


def flush(*paths: Path) -> None:
    """Wait until these files, and the names in these folders, are on disk.

    A file that is renamed without this may be empty after a loss of power.
    """
    for path in paths:
        try:
            descriptor = os.open(path, _ACCESS)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno not in _CANNOT_FLUSH_FOLDERS or not path.is_dir():
                raise


@contextmanager
def whole_folder(target: Path) -> Generator[Path]:
    """Give a folder to write into, and move it to ``target`` when the block succeeds.

    If the block fails, the target stays as it was and the new files are removed. All files are on disk before
    the move, apart from those in subfolders.
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


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with its read-only files. A missing path is fine."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    if not path.exists():
        return
    for file in path.rglob("*"):
        if file.is_file() and not file.is_symlink():
            file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    shutil.rmtree(path)
