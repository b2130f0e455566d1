"""What `build` takes from TRUD and the ORD API: which releases, which stamps, and what may fail.

Lives here: what is to be asked for on this run, from what is held and what was wanted. Does not live here:
asking (``source/``), running jobs (``pipeline.py``).
"""

import logging
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline.inventory.held import due_stamps, holds_sample, newest_publication, unanswered
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.due import Window, days_between
from ods_pipeline.sources.ord.fetch import close_stale
from ods_pipeline.sources.recorded import held_releases
from ods_pipeline.sources.settings import Sources
from ods_pipeline.sources.trud import NO_KEY, Listed, Trud

LATEST = "latest"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """What a run may ask of the outside world.

    ``releases`` are ``latest`` or release dates (ISO) to get from TRUD unless held; ``releases_needed`` says
    that somebody named them, so that a failure is one. ``deltas``: ask the ORD API for the stamps due.
    ``is_named``: an option asked for it, not the mere presence of a key.
    """

    sources: Sources = field(default_factory=Sources)
    releases: tuple[str, ...] = ()
    releases_needed: bool = False
    deltas: bool = False
    is_named: bool = False


def wish_for(
    sources: Sources,
    releases: Sequence[str] = (),
    *,
    recorded: bool = False,
    trud_only: bool = False,
    deltas: bool = False,
    ignore_maintenance: bool = False,
) -> tuple[list[Path], Wish]:
    """The files among ``releases`` (``latest``, dates or paths), and the wish that the options make.

    With a TRUD key and no file or folder named, a run takes the newest release and the deltas since. Without
    a key it asks nobody, unless ``deltas`` says so. Raises OdsError if TRUD is wanted and there is no key.
    """
    named = [r for r in releases if r == LATEST or _DATE.fullmatch(r)]
    files = [Path(r) for r in releases if r not in named]
    for day in named:
        if day != LATEST:
            _checked(day)
    by_itself = sources.key is not None and not files and not recorded
    if (named or trud_only) and sources.key is None and not files:
        raise OdsError("TRUD is wanted, and there is no TRUD key", do=NO_KEY)
    wanted = tuple(dict.fromkeys(named)) or ((LATEST,) if by_itself else ())
    return files, Wish(
        sources=replace(sources, ignore_maintenance=ignore_maintenance),
        releases=wanted,
        releases_needed=bool(named),
        deltas=deltas or (by_itself and not trud_only),
        is_named=bool(named) or trud_only or deltas,
    )


def _checked(day: str) -> None:
    try:
        date.fromisoformat(day)
    except ValueError:
        raise OdsError(f"{day} is no date", do="Give --release latest, a date or a file") from None


def releases_to_get(root: DataRoot, wish: Wish, problems: list[str]) -> list[str]:
    """The dates (ISO) of the releases to download now, oldest first. What stands in the way is raised if
    nothing could be built without it, and added to ``problems`` otherwise."""
    if not wish.releases:
        return []
    held = {r.release_date: r for r in held_releases(root)}
    open_wishes = [w for w in wish.releases if w not in held]
    for day in sorted(set(wish.releases) & set(held)):
        log.info("the release of %s is already held", day)
    if not open_wishes:
        return []
    if holds_sample(root):
        raise OdsError(
            "the embedded sample is here: the real register is not loaded beside it",
            where=root.path,
            do="Give the real one a place of its own with --data-root DIR (or ODS_DATA_ROOT)",
        )
    try:
        with closing(Trud(wish.sources)) as trud:
            found = [trud.find(w) for w in open_wishes]
    except OdsError as error:
        if wish.releases_needed or not held:
            raise
        problems.append(f"no look at TRUD's releases: {error}")
        return []
    return sorted({r.release_date for r in found if _is_new(root, r, held, problems)})


def _is_new(root: DataRoot, listed: Listed, held: dict, problems: list[str]) -> bool:
    receipt = held.get(listed.release_date)
    if receipt is not None:
        log.info("the release of %s is already held", listed.release_date)
        if listed.sha256 not in (None, receipt.sha256):
            problems.append(
                f"{listed.file_name}: TRUD now lists another file for {listed.release_date} than the one "
                f"held. To take it, remove {root.raw_releases / receipt.file_name} and its receipt."
            )
        return False
    if held and lies_in_quarantine(root, listed):
        problems.append(
            f"{listed.file_name}: it could not be used and lies in quarantine/ with the reason; "
            "it is not fetched again until it is removed from there."
        )
        return False
    return True


def lies_in_quarantine(root: DataRoot, listed: Listed) -> bool:
    """Whether this very file, by name and size, was set aside. A second one of a name lies there as NAME.2"""
    found = [p for p in root.quarantine.glob(f"{listed.file_name}*") if p.suffix != ".json"]
    return any(p.is_file() and p.stat().st_size == listed.bytes for p in found)


def stamps_to_get(root: DataRoot, wish: Wish, problems: list[str]) -> Window | None:
    """The stamps to ask the ORD API for now; None if there are none. Raises OdsError if deltas are wanted and
    no real release is held; a gap that is too long is added to ``problems``."""
    if not wish.deltas:
        return None
    if holds_sample(root):
        raise OdsError(
            "the embedded sample is here: the real API is not asked for it",
            where=root.path,
            do="Give the real register a place of its own with --data-root DIR (or ODS_DATA_ROOT)",
        )
    if newest_publication(root) is None:
        raise OdsError("deltas are wanted, and no release is held", where=root.path, do=NO_KEY)
    today = uk_date(wish.sources.clock.now())
    try:
        window = due_stamps(root, today)
    except OdsError as error:
        problems.append(str(error))
        return None
    if window is None:
        log.info("the stamps up to %s have been asked for today", today)
    return window


def told_unanswered(root: DataRoot) -> list[str]:
    """A line for each code that the ORD API gave no answer for."""
    do = "The register keeps what it has of it, and the next fetch asks for it again"
    return [
        str(OdsError(f"stamped {entry.stamp}, asked for in vain ({entry.why})", where=code, do=do))
        for code, entry in unanswered(root).items()
    ]


def finish_interrupted(root: DataRoot, wish: Wish) -> None:
    """Completes what interrupted fetches of earlier days hold, as far as it is whole."""
    if wish.deltas:
        close_stale(root, wish.sources)


def days_without(window: Window, asked: Sequence[tuple[date, date]]) -> list[date]:
    """The days of a window that no fetch held asked for."""
    return [d for d in days_between(window) if not any(start <= d <= end for start, end in asked)]


def release_date_of(file: Path) -> str:
    """The release date (ISO) of a zip on disk. Raises OdsError if there is none, or it is no release."""
    if not file.is_file():
        raise OdsError(
            "there is no such file", where=file, do="Give the path of a TRUD zip (item 341), a date or latest"
        )
    return open_release(file).release_date
