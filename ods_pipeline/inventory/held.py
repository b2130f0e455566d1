"""What a data root holds, and what is due. Reads receipts and marks only."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.dataroot.layout import PUBLISHED, DataRoot, current_build, flat_mark
from ods_pipeline.errors import BadFetch, OdsError
from ods_pipeline.publish.files import provenance
from ods_pipeline.schema.sample import SAMPLE_MARK
from ods_pipeline.schema.versions import FLAT_VERSION, HISTORY_VERSION
from ods_pipeline.sources.due import Window, due_window
from ods_pipeline.sources.receipt import (
    FetchReceipt,
    ReleaseReceipt,
    Unanswered,
    read_fetch_receipt,
)
from ods_pipeline.sources.recorded import held_releases

# What of this program a build depends on; stands in its ``build.json``.
VERSIONS = {"flat_version": FLAT_VERSION, "history_version": HISTORY_VERSION}


@dataclass(frozen=True)
class HeldFetch:
    """A complete fetch in ``raw/ord``."""

    folder: Path
    receipt: FetchReceipt


def held_fetches(root: DataRoot) -> list[HeldFetch]:
    """The complete fetches in ``raw/ord``, in order of their stamps. One whose receipt is damaged is none:
    its stamps are due."""
    found: list[HeldFetch] = []
    for folder in folders_with_receipts(root):
        with suppress(BadFetch):
            found.append(HeldFetch(folder, read_fetch_receipt(folder)))
    return found


def folders_with_receipts(root: DataRoot) -> list[Path]:
    """The fetch folders in ``raw/ord`` that have a receipt, whatever is in it."""
    return sorted(p.parent for p in root.raw_fetches.glob("fetch=*/receipt.json"))


def mark_of(sha256: str) -> dict[str, object]:
    """The mark of what is flattened from a file (or receipt) with this SHA-256 by this version."""
    return {"flat_version": FLAT_VERSION, "input_sha256": sha256}


def due_releases(root: DataRoot) -> list[ReleaseReceipt]:
    """Releases held and not yet flattened by this version."""
    return [
        r for r in held_releases(root) if flat_mark(root, f"release={r.release_date}") != mark_of(r.sha256)
    ]


def due_fetches(root: DataRoot) -> list[HeldFetch]:
    """Fetches held and not yet flattened by this version."""
    return [f for f in held_fetches(root) if flat_mark(root, f.folder.name) != mark_of(f.receipt.sha256)]


def held_captures(root: DataRoot) -> pl.DataFrame | None:
    """The captures that are flattened, or None if there are none. Reads a file of each."""
    return _captures_in(root.each_flat_folder())


def _captures_in(folders: Iterable[Path]) -> pl.DataFrame | None:
    frames = [pl.read_parquet(f / "captures.parquet") for f in folders]
    return pl.concat(frames).sort("as_of", "capture_id") if frames else None


def _some_captures(root: DataRoot) -> pl.DataFrame | None:
    """The captures of one flat folder: whether it is the sample stands in each, as a root is never mixed."""
    return _captures_in(islice(root.each_flat_folder(), 1))


def holds_register(root: DataRoot) -> bool:
    """Whether anything is flattened."""
    return any(True for _ in root.each_flat_folder())


def first_and_last_stamp(root: DataRoot) -> tuple[date, date] | None:
    """The first day that a delta partition is about, and the last: from the first release's
    PublicationDate, or an earlier stamp that was asked for, to the last stamp asked for."""
    days = [
        date.fromisoformat(d)
        for f in held_fetches(root)
        for d in (f.receipt.stamps_from, f.receipt.stamps_to)
    ]
    captures = _captures_in(root.each_flat_folder("release"))
    if captures is not None:
        days += captures["publication_date"].drop_nulls().to_list()
    return (min(days), max(days)) if days else None


def holds_sample(root: DataRoot) -> bool:
    """Whether the data root holds the embedded sample, or is about to."""
    captures = _some_captures(root)
    if captures is None:
        return root.sample_wanted.exists() or any(f.receipt.sample for f in held_fetches(root))
    return bool((captures["publication_source"] == SAMPLE_MARK).any())


def newest_publication(root: DataRoot) -> date | None:
    """The PublicationDate of the newest release that is flattened: the deltas begin there."""
    captures = _captures_in(root.each_flat_folder("release"))
    found = (
        captures.filter(pl.col("kind") == "full")["publication_date"].max() if captures is not None else None
    )
    return found if isinstance(found, date) else None


def due_stamps(root: DataRoot, today: date) -> Window | None:
    """The stamps to ask the API for today (UK date), first and last inclusive; None if there are none: no
    release is held, or today's asking is done. Raises OdsError if the gap is too long."""
    published = newest_publication(root)
    if published is None:
        return None
    asked = [
        (date.fromisoformat(r.stamps_from), date.fromisoformat(r.stamps_to), date.fromisoformat(r.as_of))
        for r in (f.receipt for f in held_fetches(root))
    ]
    return due_window(published, asked, today)


def unanswered(root: DataRoot) -> dict[str, Unanswered]:
    """The codes that a fetch held asked for in vain, for the next one to ask for. Not those that a later
    fetch has an answer for, nor those stamped before the newest release was published: it tells of them."""
    found: dict[str, Unanswered] = {}
    for receipt in sorted((f.receipt for f in held_fetches(root)), key=lambda r: r.as_of):
        found = {code: entry for code, entry in found.items() if code not in receipt.codes}
        found |= receipt.unanswered
    published = str(newest_publication(root) or "")
    return {code: found[code] for code in sorted(found) if found[code].stamp >= published}


def refuse_mixture(root: DataRoot, captures: pl.DataFrame, where: str) -> None:
    """Raises OdsError if these captures and those held mix the composed sample with real data."""
    held = _some_captures(root)
    if held is None:
        return
    is_sample = (pl.col("publication_source") == SAMPLE_MARK).fill_null(False)
    new, old = captures.select(is_sample.any()).item(), held.select(is_sample.any()).item()
    if new != old:
        held_is, new_is = (
            ("the embedded sample", "real data") if old else ("the real register", "the embedded sample")
        )
        raise OdsError(
            f"{root.path} holds {held_is}, and this is {new_is}: they are never mixed",
            where=where,
            do="Give the other one a place of its own with --data-root DIR (or ODS_DATA_ROOT)",
        )


def write_build_info(build: Path, info: Mapping[str, object]) -> None:
    """Writes ``build.json``: what the build speaks for, what went in and what it did."""
    (build / "build.json").write_text(json.dumps(info, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def build_info(build: Path) -> dict[str, Any]:
    """``build.json`` of a build; empty if there is none, or if it is damaged."""
    try:
        info = json.loads((build / "build.json").read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    return info if isinstance(info, dict) else {}


def origin_of(build: Path) -> dict[str, str]:
    """What the files of a build say of their origin: its provenance, and ``today``, the day of the marts."""
    return {key: value for key, value in build_info(build).items() if isinstance(value, str)}


def is_published(root: DataRoot, captures: pl.DataFrame, today: str | None) -> bool:
    """Whether the published set is there and was made from just these captures, by this version, with the
    marts on day ``today`` (ISO; empty: the newest as-of date)."""
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
    info = build_info(build)
    expected = {**provenance(captures, as_of), **VERSIONS, "today": today or as_of.isoformat()}
    return all(info.get(key) == value for key, value in expected.items())
