"""Flattens the releases and fetches that are held, and keeps the result in ``flat/``.

Lives here: which raw files go in, and what happens to those that cannot be used. Does not live here: parsing
(``flatten/``), and running this as a step (``defs/assets/flat.py``).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from ods_pipeline.checks import conservation, declared_equals_parsed
from ods_pipeline.dataroot.flat import partial_folders, write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.parquet import write_parquet
from ods_pipeline.errors import OdsError
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.flat import Flat
from ods_pipeline.flatten.release import Origin, flatten_release
from ods_pipeline.inventory.due import due_fetches, mark_of
from ods_pipeline.inventory.held import held_fetches
from ods_pipeline.inventory.sample import reject_mixture
from ods_pipeline.inventory.vanished import reject_mass_disappearance
from ods_pipeline.progress import progress
from ods_pipeline.sources.receipt import FetchReceipt
from ods_pipeline.sources.recorded import held_releases, set_aside

_READ_BACK = ("captures", "organisations", "notices", "quarantined_records", "unknown_elements")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FlatFetches:
    """The flattened fetches of a range of stamps.

    Attributes:
        count: The number of fetches.
        frames: Captures, organisations, notices, quarantined_records and unknown_elements of all of them.
    """

    count: int
    frames: Mapping[str, pl.DataFrame]

    def records_by_stamp(self) -> dict[date, int]:
        """Return the number of records by LastChangeDate; a code counts once for each stamp."""
        records = self.frames["organisations"].select("ods_code", "last_change_date").unique()
        return dict(records["last_change_date"].value_counts().iter_rows())


def flatten_held_release(root: DataRoot, day: str) -> Flat:
    """Flatten the release of a date (ISO) and keep it in ``flat/``.

    Raises:
        OdsError: No release of that date is held, or it cannot be used; it is set aside then.
    """
    receipt = next((r for r in held_releases(root) if r.release_date == day), None)
    if receipt is None:
        raise OdsError(
            f"no release of {day} is in raw/trud",
            where=root.path,
            do="Run: ods-pipeline build --release FILE",
        )
    raw = root.raw_releases / receipt.file_name
    origin = Origin(receipt.source, receipt.bytes, receipt.sha256, receipt.sha256_verified)
    try:
        with progress(f"Flattening the release of {day}") as report:
            flat = flatten_release(raw, origin, report)
        keep_flat(root, flat, receipt.sha256)
    except OdsError as error:
        aside = set_aside(root, raw, error)
        raise error.with_note(f"It is set aside as quarantine/{aside.name}", [aside]) from None
    log.info(
        "release %s: %d records, %d organisations",
        day,
        flat.captures["parsed_records"].sum(),
        flat.captures["used_records"].sum(),
    )
    return flat


def flatten_held_fetches(root: DataRoot, first: str, last: str) -> FlatFetches:
    """Flatten the fetches that are due for a range of stamps, and return all fetches of that range.

    Args:
        root: The data root.
        first: The first stamp (ISO), inclusive.
        last: The last stamp (ISO), inclusive.

    Raises:
        OdsError: Some fetches cannot be used (they are set aside, the others are kept), or none is held.
    """
    errors: list[OdsError] = []
    for held in due_fetches(root):
        if not _is_about(held.receipt, first, last):
            continue
        try:
            keep_flat(root, flatten_fetch(held.folder), held.receipt.sha256)
        except OdsError as error:
            aside = set_aside(root, held.folder, error)
            errors.append(error.with_note(f"It is set aside as quarantine/{aside.name}", [aside]))
    folders = [f.folder.name for f in held_fetches(root) if _is_about(f.receipt, first, last)]
    if errors:
        raise OdsError(
            " ".join(str(error) for error in errors),
            do="The other fetches are kept; fetch these stamps again",
            set_aside=[path for error in errors for path in error.set_aside],
        )
    if not folders:
        raise OdsError(
            f"no fetch of the stamps {first} to {last} is in raw/ord",
            where=root.path,
            do="Run: ods-pipeline build --recorded DIR",
        )
    whole = sorted(set(folders) - set(partial_folders(root)))
    if not whole:
        raise OdsError(
            f"the fetches of the stamps {first} to {last} were pulled from a store, without their records",
            where=root.path,
            do="They are in the published set already",
        )
    frames = {
        name: pl.concat([pl.read_parquet(root.flat / folder / f"{name}.parquet") for folder in whole])
        for name in _READ_BACK
    }
    log.info(
        "%d fetches: %d records, %d notices of deletion",
        len(folders),
        frames["organisations"].height,
        frames["notices"]["ods_code"].n_unique(),
    )
    return FlatFetches(len(folders), frames)


def keep_flat(root: DataRoot, flat: Flat, sha256: str) -> None:
    """Write a flattened capture into ``flat/``, and the records set aside into ``quarantine/`` too.

    Args:
        root: The data root.
        flat: The flattened capture.
        sha256: The SHA-256 of the file (or receipt) that it was made from.

    Raises:
        OdsError: Records were lost, the capture would mix the sample with real data, or it would delete too
            many organisations. Nothing is written.
    """
    for finding in (declared_equals_parsed(flat.captures), conservation(flat.captures)):
        if not finding.passed:
            raise OdsError(finding.summary, do="Take it in again")
    reject_mixture(root, flat.captures, flat.folder)
    reject_mass_disappearance(root, flat)
    for note in flat.notes:
        log.warning("%s", note)
    # Quarantine comes first: once the flat folder exists, no later run flattens this capture again.
    for name in ("quarantined_records", "collapsed_successions"):
        if flat.frames[name].height:
            write_parquet(flat.frames[name], root.quarantine / flat.folder / f"{name}.parquet")
            log.warning(
                "%s: %d %s set aside in quarantine/%s",
                flat.folder,
                flat.frames[name].height,
                name.replace("_", " "),
                flat.folder,
            )
    write_flat(root, flat.folder, flat.frames, mark_of(sha256))


def _is_about(receipt: FetchReceipt, first: str, last: str) -> bool:
    """Return whether a fetch asked for any stamp of a range; ISO text compares like dates."""
    return receipt.stamps_from <= last and receipt.stamps_to >= first
