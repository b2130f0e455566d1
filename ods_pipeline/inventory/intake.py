"""What a run takes into ``raw/``: one release, or the deltas of some stamps.

Lives here: the choice between a file, a recorded folder, what is held, and asking a source. Does not live
here: which releases and stamps are due (``wanted.py``), copying and asking (``sources/``), Dagster
(``defs/``).
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from ods_pipeline.dataroot.flat import flat_mark, release_folder
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import BadRelease, OdsError
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline.inventory.aside import unsettled_fetches
from ods_pipeline.inventory.backfill import reject_backfill
from ods_pipeline.inventory.due import to_ask_again
from ods_pipeline.inventory.future import future_release, reject_future_release
from ods_pipeline.inventory.held import held_fetches, newest_publication
from ods_pipeline.inventory.missing import missing_days, ranges_without
from ods_pipeline.inventory.sample import holds_sample, reject_real_sources_for_sample
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.deltas import fetch_register, fetch_stamps
from ods_pipeline.sources.due import SETTLED_AFTER, Window
from ods_pipeline.sources.receipt import FetchReceipt, ReleaseReceipt, read_fetch_receipt
from ods_pipeline.sources.recorded import (
    held_releases,
    recorded_fetches,
    set_aside,
    take_fetch,
    take_release,
)
from ods_pipeline.sources.settings import Sources
from ods_pipeline.sources.trud import NO_KEY, Trud


@dataclass(frozen=True)
class DeltaChoice:
    """Where deltas come from.

    ``source``: ``ord`` asks the API; ``held`` takes what is in ``raw/ord``; ``auto`` asks the API if the data
    root holds a real release; ``odt_backfill`` reads the whole register from ODT. ``folder`` holds recorded
    fetches; the API is not asked then.
    """

    source: Literal["auto", "held", "ord", "odt_backfill"] = "auto"
    folder: str = ""
    ignore_maintenance: bool = False


def take_release_of(root: DataRoot, sources: Sources, day: str, file: str = "") -> ReleaseReceipt:
    """Bring the release of a day into ``raw/trud`` unless it is held, and return its receipt.

    Args:
        root: The data root.
        sources: How to reach TRUD, and the clock.
        day: The release date (ISO).
        file: A zip on disk; TRUD is asked if empty.

    Raises:
        OdsError: The release is not available, the file is not a release of that day (it is set aside then),
            or its day has not come.
    """
    today = uk_date(sources.clock.now())
    if file:
        reject_future_release(open_release(Path(file)), Path(file).name, today)
        take_release(root, Path(file), day)
    elif not any(r.release_date == day for r in held_releases(root)):
        if day > today.isoformat():
            raise future_release("TRUD", day, today)
        _download(root, sources, day)
    receipt = next(r for r in held_releases(root) if r.release_date == day)
    if flat_mark(root, release_folder(day)) is None:
        _reject_wrong_file(root, receipt)
    return receipt


def _reject_wrong_file(root: DataRoot, receipt: ReleaseReceipt) -> None:
    """Set aside a file in ``raw/trud`` that is not a release of its receipt's day, and raise the OdsError."""
    raw = root.raw_releases / receipt.file_name
    try:
        actual_date = open_release(raw).release_date
        if actual_date != receipt.release_date:
            raise BadRelease(
                f"it is the release of {actual_date}, not of {receipt.release_date}",
                where=raw.name,
                do=f"Give the file of that date, or load it as the release of {actual_date}",
            )
    except OdsError as error:
        aside = set_aside(root, raw, error)
        raise error.with_note(f"It is set aside as quarantine/{aside.name}", [aside]) from None


def take_deltas(root: DataRoot, sources: Sources, choice: DeltaChoice, stamps: Sequence[str]) -> int:
    """Bring the fetches of these stamps into ``raw/ord``, and return how many were added.

    ``auto`` asks the API only for stamps that are not settled. ``ord`` asks for all of them again.
    ``odt_backfill`` reads the whole register as of today, which covers the stamps up to today.

    Args:
        root: The data root.
        sources: How to reach the delta sources.
        choice: Where the fetches come from.
        stamps: The stamps (ISO), in order.

    Raises:
        OdsError: The source must not be asked, a whole register is asked for where one is held, or a recorded
            fetch cannot be used; the others count.
    """
    if choice.source == "odt_backfill":
        reject_real_sources_for_sample(root)
        reject_backfill(root)
        return len(fetch_register(root, sources))
    if not _asks_the_api(root, choice):
        return _take_recorded(root, choice.folder, stamps)
    if choice.ignore_maintenance:
        sources = sources.with_maintenance_ignored()
    days = [date.fromisoformat(stamp) for stamp in stamps]
    if choice.source == "auto":
        days = [day for day in days if not _is_settled(root, day)]
    if not days:
        return 0
    return len(fetch_stamps(root, sources, (days[0], days[-1]), to_ask_again(root)))


def stamps_nobody_asked_for(root: DataRoot, stamps: Sequence[str]) -> list[str]:
    """Return those of these stamps (ISO) that no fetch held asked for."""
    windows = [(f.receipt.stamps_from, f.receipt.stamps_to) for f in held_fetches(root)]
    return [stamp for stamp in stamps if not any(first <= stamp <= last for first, last in windows)]


def reject_stamps_nobody_asked_for(root: DataRoot, stamps: Sequence[str]) -> None:
    """Raise OdsError that names them, if no fetch held asked for some of these stamps (ISO)."""
    unasked = stamps_nobody_asked_for(root, stamps)
    if unasked:
        others = f" and {len(unasked) - 1:,} more" if len(unasked) > 1 else ""
        raise OdsError(
            f"no fetch asked for the stamp {unasked[0]}{others}",
            where=root.path,
            do="The other stamps are kept. To ask the ORD API, give the step the configuration source: ord",
        )


def asked_ranges(root: DataRoot, window: tuple[str, str], new: Sequence[FetchReceipt] = ()) -> list[Window]:
    """Return the ranges of stamps in a window that the fetches held, or the new ones, asked for."""
    first, last = (date.fromisoformat(day) for day in window)
    receipts = [*(f.receipt for f in held_fetches(root)), *new]
    windows = [(date.fromisoformat(r.stamps_from), date.fromisoformat(r.stamps_to)) for r in receipts]
    return ranges_without((first, last), missing_days((first, last), windows))


def _is_settled(root: DataRoot, day: date) -> bool:
    """Return whether a fetch asked for a stamp so late that it is settled (``SETTLED_AFTER``)."""
    unsettled = unsettled_fetches(root)
    return any(
        f.folder.name not in unsettled
        and f.receipt.stamps_from <= day.isoformat() <= f.receipt.stamps_to
        and date.fromisoformat(f.receipt.as_of) >= day + timedelta(days=SETTLED_AFTER)
        for f in held_fetches(root)
    )


def _download(root: DataRoot, sources: Sources, day: str) -> None:
    reject_real_sources_for_sample(root)
    if sources.key is None:
        raise OdsError(
            f"no release of {day} is in raw/trud, and there is no TRUD_API_KEY", where=root.path, do=NO_KEY
        )
    with closing(Trud(sources)) as trud:
        trud.download(root, trud.find(day))


def _asks_the_api(root: DataRoot, choice: DeltaChoice) -> bool:
    if choice.folder or choice.source == "held":
        return False
    if choice.source == "ord":
        reject_real_sources_for_sample(root)
        return True
    return not holds_sample(root) and newest_publication(root) is not None


def _take_recorded(root: DataRoot, folder: str, stamps: Sequence[str]) -> int:
    """Copy in the recorded fetches that cover any of these stamps. Raises one OdsError for all failures."""
    count = 0
    failures: list[OdsError] = []
    for fetch in recorded_fetches(Path(folder)) if folder else []:
        try:
            receipt = read_fetch_receipt(fetch)
            if receipt.stamps_from <= stamps[-1] and receipt.stamps_to >= stamps[0]:
                take_fetch(root, fetch)
                count += 1
        except OdsError as error:
            failures.append(error)
    if failures:
        raise OdsError(" ".join(str(e) for e in failures), do=f"The other fetches count ({count} taken)")
    return count
