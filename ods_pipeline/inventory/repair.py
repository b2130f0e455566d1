"""What a loss of power (or a hand) left damaged in a data root, and what becomes of it before a build.

Lives here: receipts that cannot be read, and flat folders that nothing can make anew. Does not live here:
reading them (``held.py``, ``source/``), where one that is damaged counts as not held; what killed runs leave
(``leftovers.py``).
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.layout import DataRoot, flat_mark
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
    """The release files and fetch folders whose receipts cannot be read, with the reason."""
    return [
        *_refused(files_with_receipts(root), read_release_receipt),
        *_refused(folders_with_receipts(root), read_fetch_receipt),
    ]


def mend(root: DataRoot) -> list[str]:
    """Makes the damaged receipt of a release anew, and sets a fetch with a damaged one aside: its stamps are
    due again. Returns what people have to know. Call it while holding the lock on the data root."""
    told: list[str] = []
    for path, error in damaged_receipts(root):
        reason = error
        if path.parent == root.raw_releases:
            try:
                write_release_receipt(path, _receipt_anew(root, path))
            except BadRelease as worse:
                reason = worse
            else:
                log.warning("%s: its receipt was damaged, and is made anew", path.name)
                continue
        aside = set_aside(root, path, reason)
        told.append(str(reason.with_note(f"It is set aside as quarantine/{aside.name}")))
    return told + [str(error) for error in _lost_flat_folders(root)]


def _refused(paths: list[Path], read: Callable[[Path], object]) -> Damaged:
    found: Damaged = []
    for path in paths:
        try:
            read(path)
        except OdsError as error:
            found.append((path, error))
    return found


def _receipt_anew(root: DataRoot, release: Path) -> ReleaseReceipt:
    """What the lost receipt said, if this very content was flattened under it; else as of a file taken in.
    Raises BadRelease if it is no release any more."""
    receipt = receipt_of(release, open_release(release).release_date)
    label = f"release={receipt.release_date}"
    if (flat_mark(root, label) or {}).get("input_sha256") != receipt.sha256:
        return receipt
    known = pl.read_parquet(root.flat / label / "captures.parquet").row(0, named=True)
    return replace(receipt, source=known["source"], sha256_verified=known["sha256_verified"])


def _lost_flat_folders(root: DataRoot) -> list[OdsError]:
    """An error for each damaged flat folder whose raw files are not held. The others are flattened again."""
    held = {f"release={r.release_date}" for r in held_releases(root)}
    held |= {f.folder.name for f in held_fetches(root)}
    return [
        OdsError(
            "it is damaged, and what it was flattened from is not in raw/: the register is without it",
            where=path.parent,
            do="Take it in again, or remove the folder",
        )
        for kind in ("release", "fetch")
        for path in sorted(root.flat.glob(f"{kind}=*/flat.json"))
        if path.parent.name not in held and flat_mark(root, path.parent.name) is None
    ]
