"""What a run takes into ``raw/``: one release, or the deltas of some stamps.

What lives here: the choice between a file, a recorded folder, what is held, and asking a source. What does
not: which releases and stamps are due (``wanted.py``), copying and asking (``sources/``), Dagster
(``defs/``).
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline.inventory.due import to_ask_again
from ods_pipeline.inventory.future import future_release, refuse_future_release
from ods_pipeline.inventory.held import newest_publication
from ods_pipeline.inventory.sample import holds_sample, refuse_real_sources_for_sample
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.receipt import ReleaseReceipt, read_fetch_receipt
from ods_pipeline.sources.recorded import held_releases, recorded_fetches, take_fetch, take_release
from ods_pipeline.sources.settings import Sources
from ods_pipeline.sources.trud import NO_KEY, Trud


@dataclass(frozen=True)
class DeltaChoice:
    """Where deltas come from.

    ``source``: ``ord`` asks the API; ``held`` takes what is in ``raw/ord``; ``auto`` asks the API if the data
    root holds a real release. ``folder`` holds recorded fetches; the API is not asked then.
    """

    source: Literal["auto", "held", "ord"] = "auto"
    folder: str = ""
    ignore_maintenance: bool = False


def take_release_of(root: DataRoot, sources: Sources, day: str, file: str = "") -> ReleaseReceipt:
    """Brings the release of a day (ISO) into ``raw/trud`` unless it is held, and returns its receipt.

    ``file`` is a zip on disk; without one, TRUD is asked. Raises OdsError if the release cannot be had, or if
    its day has not come.
    """
    today = uk_date(sources.clock.now())
    if file:
        refuse_future_release(open_release(Path(file)), Path(file).name, today)
        take_release(root, Path(file), day)
    elif not any(r.release_date == day for r in held_releases(root)):
        if day > today.isoformat():
            raise future_release("TRUD", day, today)
        _download(root, sources, day)
    return next(r for r in held_releases(root) if r.release_date == day)


def take_deltas(root: DataRoot, sources: Sources, choice: DeltaChoice, stamps: Sequence[str]) -> int:
    """Brings the fetches of these stamps (ISO, in order) into ``raw/ord`` and returns how many were added.

    Raises OdsError if the source must not be asked, or if a recorded fetch cannot be used; the others count.
    """
    if not _asks_the_api(root, choice):
        return _take_recorded(root, choice.folder, stamps)
    if choice.ignore_maintenance:
        sources = sources.with_maintenance_ignored()
    window = (date.fromisoformat(stamps[0]), date.fromisoformat(stamps[-1]))
    return len(fetch_stamps(root, sources, window, to_ask_again(root)))


def _download(root: DataRoot, sources: Sources, day: str) -> None:
    refuse_real_sources_for_sample(root)
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
        refuse_real_sources_for_sample(root)
        return True
    return not holds_sample(root) and newest_publication(root) is not None


def _take_recorded(root: DataRoot, folder: str, stamps: Sequence[str]) -> int:
    """Copies in the recorded fetches that cover any of these stamps. Raises one OdsError for all failures."""
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
