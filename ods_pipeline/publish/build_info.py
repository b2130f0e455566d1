"""``build.json``: what went into a build, by which versions, and for which day.

Lives here: writing and reading it, the provenance that every file of a build records, and whether the
published set is up to date. Does not live here: what happens if it is not (``defs/build.py``).
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline import __version__
from ods_pipeline.dataroot.builds import PUBLISHED, current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.schema.versions import FLAT_VERSION, HISTORY_VERSION

# The versions that a build depends on. ``build.json`` records them.
VERSIONS = {"flat_version": FLAT_VERSION, "history_version": HISTORY_VERSION}


def provenance(captures: pl.DataFrame, as_of: date) -> dict[str, str]:
    """Return what every Parquet file records about its origin.

    Args:
        captures: ``capture_id``, ``sha256``, ``as_of`` of the captures that went in, in any order.
        as_of: The newest as-of date among them.

    Returns:
        The day, the number of captures, one SHA-256 over all of them, the newest one, and the program.
    """
    listed = captures.sort("capture_id").select("capture_id", "sha256").rows()
    inputs = hashlib.sha256("\n".join(f"{c} {s}" for c, s in listed).encode()).hexdigest()
    return {
        "as_of": as_of.isoformat(),
        "captures": str(len(listed)),
        "inputs_sha256": inputs,
        "newest_capture": captures.sort("as_of", "capture_id")["capture_id"][-1],
        "made_by": f"ods_pipeline {__version__}",
    }


def write_build_info(build: Path, info: Mapping[str, object]) -> None:
    """Write ``build.json``: the origin of the build, its versions, its day and what the deltas changed."""
    (build / "build.json").write_text(json.dumps(info, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_build_info(build: Path) -> dict[str, Any]:
    """Return ``build.json`` of a build; empty if there is none, or if it is damaged."""
    try:
        info = json.loads((build / "build.json").read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    return info if isinstance(info, dict) else {}


def origin_of(build: Path) -> dict[str, str]:
    """Return what the files of a build record: its provenance, and ``today``, the day of the marts (ISO)."""
    return {key: value for key, value in read_build_info(build).items() if isinstance(value, str)}


def is_published(
    root: DataRoot, captures: pl.DataFrame, today: str | None, places: str | None = None
) -> bool:
    """Return whether the published set is complete and up to date.

    Args:
        root: The data root.
        captures: The captures held; the set must have been built from exactly these, by this version.
        today: The day of the marts (ISO); empty or None for the newest as-of date held.
        places: The files of places that a build would use now, as ``build.json`` records them; None for any.
    """
    build = current_build(root)
    if build is None:
        return False
    links = root.current.is_symlink()
    for name in PUBLISHED:
        place = root.path / name
        if (build / name).exists() and not (place.is_symlink() if links else place.exists()):
            return False
    as_of = captures["as_of"].max()
    assert isinstance(as_of, date)
    info = read_build_info(build)
    expected = {**provenance(captures, as_of), **VERSIONS, "today": today or as_of.isoformat()}
    if places is not None and info.get("places", "") != places:
        return False
    return all(info.get(key) == value for key, value in expected.items())
