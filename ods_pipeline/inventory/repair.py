"""Repairs what a loss of power (or a person) damaged in a data root, before a build.

Lives here: receipts that cannot be read, and flat folders that cannot be made again. Does not live here:
reading receipts (``held.py``, ``sources/``), where a damaged one counts as not held; what killed runs leave
(``dataroot/cleanup.py``).
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.flat import MARK, flat_mark, release_folder
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import BadRelease, OdsError
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline.inventory.held import folders_with_receipts, held_fetches
from ods_pipeline.sources.receipt import (
    ReleaseReceipt,
    read_fetch_receipt,
    read_release_receipt,
    write_release_receipt,
)
from ods_pipeline.sources.recorded import files_with_receipts, held_releases, receipt_of, set_aside

log = logging.getLogger(__name__)
Damaged = list[tuple[Path, OdsError]]


def damaged_receipts(root: DataRoot) -> Damaged:
    """Return the release files and fetch folders whose receipts cannot be read, with the reasons."""
    return [
        *_unreadable(files_with_receipts(root), read_release_receipt),
        *_unreadable(folders_with_receipts(root), read_fetch_receipt),
    ]


def repair(root: DataRoot) -> list[str]:
    """Write a release's damaged receipt again; set a fetch with a damaged one aside.

    The stamps of a fetch that is set aside are due again. Call it while holding the lock on the data root.

    Returns:
        A line for everything that was set aside or is lost.
    """
    problems: list[str] = []
    for path, error in damaged_receipts(root):
        reason = error
        if path.parent == root.raw_releases:
            try:
                write_release_receipt(path, _rebuilt_receipt(root, path))
            except BadRelease as worse:
                reason = worse
            else:
                log.warning("%s: its receipt was damaged, and was written again", path.name)
                continue
        aside = set_aside(root, path, reason)
        problems.append(str(reason.with_note(f"It is set aside as quarantine/{aside.name}")))
    return problems + [str(error) for error in _lost_flat_folders(root)]


def _unreadable(paths: list[Path], read: Callable[[Path], object]) -> Damaged:
    damaged: Damaged = []
    for path in paths:
        try:
            read(path)
        except OdsError as error:
            damaged.append((path, error))
    return damaged


def _rebuilt_receipt(root: DataRoot, release: Path) -> ReleaseReceipt:
    """Return the lost receipt of a release.

    If this very content was flattened, source and verification come from the flat folder. Otherwise it is the
    receipt of a file given by path.

    Raises:
        BadRelease: The file is not a release any more.
    """
    receipt = receipt_of(release, open_release(release).release_date)
    label = release_folder(receipt.release_date)
    if (flat_mark(root, label) or {}).get("input_sha256") != receipt.sha256:
        return receipt
    capture = pl.read_parquet(root.flat / label / "captures.parquet").row(0, named=True)
    return replace(receipt, source=capture["source"], sha256_verified=capture["sha256_verified"])


def _lost_flat_folders(root: DataRoot) -> list[OdsError]:
    """Return an error for each damaged flat folder whose raw files are gone. Others are flattened again."""
    held = {release_folder(r.release_date) for r in held_releases(root)}
    held |= {f.folder.name for f in held_fetches(root)}
    return [
        OdsError(
            "it is damaged, and its raw files are not in raw/: the register lacks this capture",
            where=path.parent,
            do="Take the release or fetch in again, or remove the folder",
        )
        for kind in ("release", "fetch")
        for path in sorted(root.flat.glob(f"{kind}=*/{MARK}"))
        if path.parent.name not in held and flat_mark(root, path.parent.name) is None
    ]
