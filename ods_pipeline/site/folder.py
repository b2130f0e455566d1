"""The folder of a site: written apart, then moved into place, and never at the cost of other files.

Lives here: which folder may be replaced, and by what. Does not live here: what is written into it
(``build.py``).
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ods_pipeline.dataroot.files import remove, whole_folder
from ods_pipeline.errors import Busy, OdsError

# The list of all files of a site, in its own folder. Only a folder that holds just these is replaced.
CONTENTS = "contents.json"
_ELSEWHERE = "Give another folder with --out, or move these files away"


@contextmanager
def site_folder(out: Path) -> Generator[Path]:
    """Give an empty folder to write a site into, and put it in the place of ``out`` when the block succeeds.

    A reader sees the old site or the new one, whole. If the block fails, the old one stays.

    Raises:
        OdsError: ``out`` is a file, or holds files that no report has written.
        Busy: Another report is being written there.
    """
    target = out.absolute()
    target = target.resolve() if target.is_symlink() else target
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Busy("another report is being written here", where=out, do="Wait for it to end") from None
    try:
        reject_foreign(target)
        with whole_folder(target) as partial:
            yield partial
            _write_contents(partial)
            reject_foreign(target)  # somebody may have put a file there in the meantime
    finally:
        lock.release()
        remove(Path(lock.lock_file))


def reject_foreign(folder: Path) -> None:
    """Raise OdsError if a folder holds anything that no report has written.

    No folder, or an empty one, is fine.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OdsError("a file is in the way of the report", where=folder, do=_ELSEWHERE)
    ours = _contents(folder)
    for place in sorted(folder.rglob("*")):
        name = place.relative_to(folder).as_posix()
        is_ours = (place.is_dir() and not place.is_symlink()) or name in ours
        if not is_ours or (place.is_dir() and not ours):
            raise OdsError(
                f"the folder holds {name}, which no report has written; it stays as it is",
                where=folder,
                do=_ELSEWHERE,
            )


def _contents(folder: Path) -> set[str]:
    try:
        listed = json.loads((folder / CONTENTS).read_bytes())
        return {CONTENTS, *map(str, listed["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _write_contents(folder: Path) -> None:
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    text = json.dumps({"written_by": "ods-pipeline report", "files": files}, indent=0)
    (folder / CONTENTS).write_text(text + "\n", encoding="utf-8")
