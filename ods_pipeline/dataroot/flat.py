"""Flat folders: one per capture, written whole, each with a mark of what it was made from.

Lives here: writing them, reading their marks, listing them. Does not live here: what is in the frames
(``flatten/``), and which captures are due (``inventory/due.py``).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.files import whole_folder
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.parquet import write_parquet

# The mark of a flat folder. It is written last, so a folder that has one is whole.
MARK = "flat.json"


def write_flat(
    root: DataRoot, folder: str, frames: Mapping[str, pl.DataFrame], mark: Mapping[str, object] | None = None
) -> Path:
    """Write the frames of one flattened capture into ``flat/<folder>``, all or none.

    Args:
        root: The data root.
        folder: Name of the folder, e.g. ``release=2026-08-28``.
        frames: The frames by name; each becomes one Parquet file.
        mark: What the capture was made from and by which version; ``flat_mark`` returns it.

    Returns:
        The path of the folder.
    """
    target = root.flat / folder
    with whole_folder(target) as partial:
        # Compression releases the interpreter's lock. The largest file starts first.
        with ThreadPoolExecutor(min(4, cpu_count() or 1)) as pool:
            for written in [
                pool.submit(write_parquet, frame, partial / f"{name}.parquet")
                for name, frame in sorted(frames.items(), key=lambda item: -item[1].estimated_size())
            ]:
                written.result()
        write_mark(partial, mark or {}, frames)
    return target


def write_mark(folder: Path, mark: Mapping[str, object], tables: Iterable[str]) -> None:
    """Write the mark of a flat folder, with the names of its tables."""
    content = {"mark": dict(mark), "tables": sorted(tables)}
    (folder / MARK).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def release_folder(day: str) -> str:
    """Return the name of the flat folder of a release, from its date (ISO)."""
    return f"release={day}"


def flat_mark(root: DataRoot, folder: str) -> dict[str, object] | None:
    """Return the mark of ``flat/<folder>``.

    None if there is no such folder, if one of its tables is missing, or if the mark is damaged.
    """
    path = root.flat / folder / MARK
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_bytes())
        is_whole = all((path.parent / f"{name}.parquet").exists() for name in content["tables"])
        return dict(content["mark"]) if is_whole else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def flat_folders(root: DataRoot) -> list[Path]:
    """Return the complete flat folders, in order of name. Other files in ``flat/`` are ignored."""
    return [*each_flat_folder(root)]


def each_flat_folder(root: DataRoot, *kinds: str) -> Iterator[Path]:
    """Yield the complete flat folders one by one, only those of ``kinds`` (release, fetch) if given."""
    folders = sorted(p for kind in kinds or ("release", "fetch") for p in root.flat.glob(f"{kind}=*"))
    return (folder for folder in folders if flat_mark(root, folder.name) is not None)


def partial_folders(root: DataRoot) -> list[str]:
    """Return the flat folders that were pulled from a store without their tables, in order of name.

    They prove which captures the published history holds. History cannot be rebuilt from them.
    """
    return [
        folder.name
        for folder in each_flat_folder(root)
        if json.loads((folder / MARK).read_bytes()).get("is_partial")
    ]
