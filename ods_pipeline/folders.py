"""Folders that are written whole or not at all, and removed whatever the files in them allow.

Lives here: what holds for any folder. Does not live here: which folders a data root has (``storage.py``).
"""

import shutil
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(target: Path) -> Generator[Path]:
    """Gives a folder to write into, and puts it in the target's place when the block ends well.

    If the block fails the target stays as it was and what was written is removed.
    """
    partial = target.with_name(f".{target.name}.partial")
    remove(partial)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        remove(partial)
        raise
    old = target.with_name(f".{target.name}.old")
    remove(old)
    if target.exists():
        target.rename(old)
    partial.rename(target)
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
