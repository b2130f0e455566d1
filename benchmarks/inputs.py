"""What the stages are fed: a release, a series of twelve, a fetch. Made by the factory, once, and kept.

The factory is imported only to make something: what a stage does not use it must not pay for.
"""

import os
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot

MONTHS = 12


def release(room: Path, scale: float) -> Path:
    """The zip of a release, and its two XML files unpacked beside it (for the yardsticks)."""
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
    """A data root with a year of releases in ``flat/``, and beside it a fetch on top of the last of them."""
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
    """The same data root elsewhere, at no cost: files that are never written again are linked. With
    ``releases`` it holds only the newest so many."""
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
