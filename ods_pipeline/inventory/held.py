"""What a data root holds: releases, fetches and flattened captures.

Reads receipts, marks and the ``captures`` tables only. Does not live here: what is due (``due.py``), what is
missing (``missing.py``), the rule about the sample (``sample.py``).
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.flat import each_flat_folder
from ods_pipeline.dataroot.layout import RECEIPT, DataRoot
from ods_pipeline.errors import BadFetch, OdsError
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline.sources.receipt import FetchReceipt, read_fetch_receipt
from ods_pipeline.sources.recorded import held_releases
from ods_pipeline.sources.trud import Listed

# Most disks allow 255 bytes for a name, and a file next to a release has the name of the release and a longer
# ending.
LONGEST_NAME = 230


@dataclass(frozen=True)
class HeldFetch:
    """A complete fetch in ``raw/ord``."""

    folder: Path
    receipt: FetchReceipt


def held_fetches(root: DataRoot) -> list[HeldFetch]:
    """Return the complete fetches in ``raw/ord``, in order of their stamps.

    A fetch with a damaged receipt does not count: its stamps are due.
    """
    fetches: list[HeldFetch] = []
    for folder in folders_with_receipts(root):
        with suppress(BadFetch):
            fetches.append(HeldFetch(folder, read_fetch_receipt(folder)))
    return fetches


def folders_with_receipts(root: DataRoot) -> list[Path]:
    """Return the fetch folders in ``raw/ord`` that have a receipt, readable or not."""
    return sorted(p.parent for p in root.raw_fetches.glob(f"fetch=*/{RECEIPT}"))


def held_captures(root: DataRoot) -> pl.DataFrame | None:
    """Return the flattened captures, or None if there are none. Reads one file of each."""
    return captures_in(each_flat_folder(root))


def captures_in(folders: Iterable[Path]) -> pl.DataFrame | None:
    """Return the captures of these flat folders, in order of as-of date; None without folders."""
    frames = [pl.read_parquet(f / "captures.parquet") for f in folders]
    return pl.concat(frames).sort("as_of", "capture_id") if frames else None


def holds_register(root: DataRoot) -> bool:
    """Return whether anything is flattened."""
    return any(True for _ in each_flat_folder(root))


def holds_anything(root: DataRoot) -> bool:
    """Return whether there is a release, a fetch (even an unfinished one) or a flattened capture."""
    return bool(held_releases(root)) or holds_register(root) or any(root.raw_fetches.glob("fetch=*"))


def first_and_last_stamp(root: DataRoot) -> tuple[date, date] | None:
    """Return the first and last stamp of the delta partitions, both inclusive; None if nothing is held.

    The first is the first release's PublicationDate, or an earlier stamp that a fetch asked for; the last is
    the last stamp that a fetch asked for.
    """
    days = [
        date.fromisoformat(d)
        for f in held_fetches(root)
        for d in (f.receipt.stamps_from, f.receipt.stamps_to)
    ]
    captures = captures_in(each_flat_folder(root, "release"))
    if captures is not None:
        days += captures["publication_date"].drop_nulls().to_list()
    return (min(days), max(days)) if days else None


def newest_publication(root: DataRoot) -> date | None:
    """Return the PublicationDate of the newest flattened release, from which deltas begin.

    Without a release, return the day of the newest fetch of the whole register; None without either.
    """
    captures = captures_in(each_flat_folder(root, "release"))
    captures = captures_in(each_flat_folder(root, "fetch")) if captures is None else captures
    if captures is None:
        return None
    newest = captures.filter(pl.col("kind") == "full")["publication_date"].max()
    return newest if isinstance(newest, date) else None


def whole_fetch(root: DataRoot) -> HeldFetch | None:
    """Return the fetch of the whole register that is held; None without one."""
    return next((fetch for fetch in held_fetches(root) if fetch.receipt.whole), None)


def release_date_of(file: Path) -> str:
    """Return the release date (ISO) of a TRUD zip on disk.

    Raises:
        OdsError: There is no such file, or it is not a release.
    """
    if not file.is_file():
        raise OdsError(
            "there is no such file", where=file, do="Give the path of a TRUD zip (item 341), a date or latest"
        )
    if len(os.fsencode(file.name)) > LONGEST_NAME:
        raise OdsError(
            f"the file's name is longer than {LONGEST_NAME} bytes, so the longer name of its receipt would "
            "not fit",
            where=file,
            do="Give the file a shorter name with the same ending",
        )
    return open_release(file).release_date


def lies_in_quarantine(root: DataRoot, listed: Listed) -> bool:
    """Return whether a file of this name and size was set aside.

    A second file with the same name lies there as NAME.2.
    """
    files = [p for p in root.quarantine.glob(f"{listed.file_name}*") if p.suffix != ".json"]
    return any(p.is_file() and p.stat().st_size == listed.bytes for p in files)
