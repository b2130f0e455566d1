"""Releases and fetches that already lie on disk, copied into ``raw/`` with their receipts.

Lives here: copying them in, listing them, and setting aside what cannot be used. Does not live here: asking a
source (``fetch.py``, ``trud.py``), reading what is in the files (``flatten/``). A recorded fetch is copied
byte for byte, its receipt included, so that its capture is the same wherever it is taken in.
"""

import json
import logging
import shutil
from contextlib import suppress
from pathlib import Path

from ods_pipeline.dataroot.files import file_sha256, flush, whole_folder
from ods_pipeline.dataroot.layout import RECEIPT, RECEIPT_SUFFIX, DataRoot, receipt_path
from ods_pipeline.errors import BadFetch, BadRelease, OdsError
from ods_pipeline.sources.receipt import (
    ReleaseReceipt,
    read_fetch_receipt,
    read_release_receipt,
    write_release_receipt,
)

log = logging.getLogger(__name__)


def take_release(root: DataRoot, file: Path, release_date: str) -> Path:
    """Copy a release file into ``raw/trud`` with a receipt and return its path there.

    A file that is already held, under any name, is not copied again. Raises BadRelease if there is no such
    file, or if another file of that name or of that release date (ISO) is held.
    """
    if not file.is_file():
        raise BadRelease("there is no such file", where=file, do="Give the path of a TRUD zip (item 341)")
    held = is_held(root, file)
    if held is not None:
        return root.raw_releases / held.file_name
    target = root.raw_releases / file.name
    if target.exists() and receipt_path(target).exists():
        raise BadRelease(
            "another file of that name is already held",
            where=file.name,
            do=f"Remove {target} first if this one is to replace it",
        )
    for receipt in held_releases(root):
        if receipt.release_date == release_date:
            raise BadRelease(
                f"the release of {release_date} is already held from another file ({receipt.file_name})",
                where=file.name,
                do=f"To replace it, remove {root.raw_releases / receipt.file_name} and its receipt",
            )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    shutil.copyfile(file, partial)
    flush(partial)
    partial.replace(target)
    write_release_receipt(target, receipt_of(target, release_date))
    return target


def receipt_of(file: Path, release_date: str) -> ReleaseReceipt:
    """Return the receipt of a release file that lies on disk. Its SHA-256 is not verified against TRUD."""
    return ReleaseReceipt(
        file.name, release_date, "file", file.stat().st_size, file_sha256(file), sha256_verified=False
    )


def is_held(root: DataRoot, file: Path) -> ReleaseReceipt | None:
    """Return the receipt in ``raw/trud`` of a file with this content, under any name.

    None if it is not held.
    """
    sha256 = file_sha256(file)
    return next((receipt for receipt in held_releases(root) if receipt.sha256 == sha256), None)


def held_releases(root: DataRoot) -> list[ReleaseReceipt]:
    """Return the undamaged receipts of the releases in ``raw/trud``, in order of their dates."""
    receipts: list[ReleaseReceipt] = []
    for file in files_with_receipts(root):
        with suppress(BadRelease):
            receipts.append(read_release_receipt(file))
    return sorted(receipts, key=lambda r: (r.release_date, r.file_name))


def files_with_receipts(root: DataRoot) -> list[Path]:
    """Return the release files in ``raw/trud`` that have a receipt, damaged or not."""
    receipts = root.raw_releases.glob(f"*{RECEIPT_SUFFIX}")
    files = (p.with_name(p.name.removesuffix(RECEIPT_SUFFIX)) for p in receipts)
    return sorted(file for file in files if file.exists())


def recorded_fetches(folder: Path) -> list[Path]:
    """Return the complete fetch folders in ``folder``, or ``folder`` itself, in order of their names.

    Raises OdsError if there is no such folder, or no fetch in it.
    """
    if not folder.is_dir():
        raise OdsError("there is no such folder", where=folder, do="Give a folder that holds fetch=… folders")
    fetches = (
        [folder]
        if folder.name.startswith("fetch=")
        else sorted(p for p in folder.glob("fetch=*") if p.is_dir())
    )
    if not fetches:
        raise OdsError(
            "there is no fetch=… folder in it", where=folder, do="Give a folder of recorded fetches"
        )
    unfinished = [p.name for p in fetches if not (p / RECEIPT).exists()]
    if unfinished:
        log.warning("%d fetches have no receipt and are left out: %s", len(unfinished), ", ".join(unfinished))
    return [p for p in fetches if p.name not in unfinished]


def take_fetch(root: DataRoot, folder: Path) -> Path:
    """Copy a complete fetch folder into ``raw/ord`` and return its path there.

    A fetch that is already held is not copied again. Raises BadFetch if another fetch of that name is held,
    or if a file of the receipt is missing.
    """
    receipt = read_fetch_receipt(folder)
    target = root.raw_fetches / folder.name
    if target.exists():
        if read_fetch_receipt(target).sha256 == receipt.sha256:
            return target
        raise BadFetch(
            "another fetch of that name is already held", where=folder.name, do="Remove one of the two"
        )
    with whole_folder(target) as partial:
        for entry in receipt.files:
            source, copy = folder / entry.path, partial / entry.path
            if not source.is_file():
                raise BadFetch(
                    f"{entry.path} is named in the receipt and is not there",
                    where=folder.name,
                    do="Record it again",
                )
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        shutil.copyfile(folder / RECEIPT, partial / RECEIPT)
    return target


def set_aside(root: DataRoot, raw: Path, reason: OdsError) -> Path:
    """Move a raw file or folder that cannot be used to ``quarantine/``, with the reason next to it."""
    target = root.quarantine / raw.name
    number = 1
    while target.exists():
        number += 1
        target = root.quarantine / f"{raw.name}.{number}"
    target.parent.mkdir(parents=True, exist_ok=True)
    note = {"file": raw.name, "rule": type(reason).__name__, "reason": str(reason)}
    # The reason comes first, so that everything in quarantine/ has one. Without the file it is written again.
    target.with_name(target.name + ".reason.json").write_text(
        json.dumps(note, indent=2) + "\n", encoding="utf-8"
    )
    raw.rename(target)
    receipt_path(raw).unlink(missing_ok=True)
    return target
