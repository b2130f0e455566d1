"""What killed writers leave in a folder store, where obstore does not list it.

Lives here: which files these are, and removing one. Does not live here: when (``pruning.py``). obstore writes
``NAME#1`` and renames it; it hides such names, so that only the folder itself shows them. Stores on a server
have none: an object is there whole or not at all.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

_STAGED = re.compile(
    r"(current\.json|writer\.json|builds/\d{6,}-[0-9a-f]{12}\.(json|delta)|raw/.+"
    r"|tables/[a-z]+\.\w+/([0-9a-f]{64}\.parquet|_delta_log/\d+\.json)"
    r"|duckdb/[0-9a-f]{64}\.duckdb|state/[0-9a-f]{64}\.tar)#\d+"
)
_BESIDE = re.compile(r"\.(current|writer)\.json\.(new|lock)")  # opening.py replaces a file with these


def leftovers(folder: Path, before: datetime) -> list[tuple[str, int, datetime]]:
    """Return ``path, bytes, last modified`` of what was left before a moment, in order of path.

    Args:
        folder: The folder of the store.
        before: The moment; a younger file may belong to a writer at work.
    """
    files = []
    for file in folder.rglob("*"):
        path = file.relative_to(folder).as_posix()
        if not (_STAGED.fullmatch(path) or _BESIDE.fullmatch(path)):
            continue
        with suppress(FileNotFoundError):  # its writer was alive, and is done with it
            state = file.stat()
            moment = datetime.fromtimestamp(state.st_mtime, UTC)
            if moment < before:
                files.append((path, state.st_size, moment))
    return sorted(files)


def remove_leftover(file: Path) -> None:
    """Remove a file; a lock only while nobody else holds it, so that those who wait for it see it go."""
    if file.suffix != ".lock":
        file.unlink(missing_ok=True)
        return
    with suppress(Timeout), FileLock(file, timeout=0):
        file.unlink(missing_ok=True)
