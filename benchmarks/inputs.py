"""The input of the stages: a release, a series of twelve, a fetch. The factory makes each once; it is kept.

The factory is imported only when it makes something: a stage must not pay for what it does not use.
"""

import os
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot

MONTHS = 12


def release(room: Path, scale: float) -> Path:
    """Return the zip of a release; its two XML files are unpacked next to it, for the yardsticks."""
    folder = room / "release"
    if not (folder / "done").exists():
        from ods_pipeline_tests.factory import make_register, write_release

        path = write_release(make_register(scale), folder)
        with zipfile.ZipFile(path) as outer:
            for inner in outer.namelist():
                with zipfile.ZipFile(BytesIO(outer.read(inner))) as packed:
                    packed.extractall(folder)
        (folder / "done").touch()
    return next(folder.glob("*.zip"))


def series(room: Path, scale: float) -> DataRoot:
    """Return a data root with a year of releases in ``flat/``; a fetch onto the last one lies next to it."""
    root = DataRoot(room / "series")
    if not (root.path / "done").exists():
        from ods_pipeline_tests.factory import make_register, months, write_delta, write_flat_release

        for register, _ in months(make_register(scale), MONTHS):
            write_flat_release(register, root)
        shutil.rmtree(room / "fetches", ignore_errors=True)
        write_delta(register, room / "fetches")
        (root.path / "done").touch()
    return root


def copy_of(root: DataRoot, target: Path, releases: int | None = None) -> DataRoot:
    """Copy a data root at almost no cost: files that are never written again are linked.

    Args:
        root: The data root to copy.
        target: The folder of the copy; what it held before is removed.
        releases: How many of the newest releases the copy holds; all of them if None.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(root.path, target, symlinks=True, copy_function=_linked, ignore=_without_locks)
    copy = DataRoot(target)
    if releases:
        for folder in sorted(copy.flat.glob("release=*"))[:-releases]:
            shutil.rmtree(folder)
    return copy


def _linked(source: str, target: str) -> None:
    if ".dagster" in Path(source).parts or Path(source).suffix == ".json":
        shutil.copy2(source, target)
    else:
        os.link(source, target)


def _without_locks(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name == ".lock"]
