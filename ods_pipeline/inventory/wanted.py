"""What a build asks TRUD and the ORD API for: which releases, which stamps, and which failures are errors.

Lives here: the request that the options make, and what is still to be asked for, given what is held. Does
not live here: asking (``sources/``) and running jobs (``defs/build.py``).
"""

import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.backfill import reject_backfill
from ods_pipeline.inventory.due import due_stamps, unanswered
from ods_pipeline.inventory.held import (
    holds_anything,
    lies_in_quarantine,
    newest_publication,
    whole_fetch,
)
from ods_pipeline.inventory.sample import reject_real_sources_for_sample
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.deltas import close_stale, longest_gap
from ods_pipeline.sources.due import Window
from ods_pipeline.sources.receipt import ReleaseReceipt
from ods_pipeline.sources.recorded import held_releases
from ods_pipeline.sources.settings import DeltasFrom, Sources
from ods_pipeline.sources.trud import NO_KEY, Listed, Trud

LATEST = "latest"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What a run may ask TRUD and the ORD API for.

    Attributes:
        sources: How to reach them.
        releases: ``latest`` or release dates (ISO) to get from TRUD unless held.
        releases_needed: Someone named the releases, so a failure to get one is an error.
        deltas: Ask the ORD API for the stamps due.
        is_named: An option asked for it, not only the presence of a key.
        accept_deletions: Take a capture that deletes a good part of the register.
        odt_backfill: Read the whole register from ODT.
    """

    sources: Sources = field(default_factory=Sources)
    releases: tuple[str, ...] = ()
    releases_needed: bool = False
    deltas: bool = False
    is_named: bool = False
    accept_deletions: bool = False
    odt_backfill: bool = False


def request_for(
    sources: Sources,
    releases: Sequence[str] = (),
    *,
    recorded: bool = False,
    trud_only: bool = False,
    deltas: bool = False,
    ignore_maintenance: bool = False,
    accept_deletions: bool = False,
    deltas_from: DeltasFrom | None = None,
    odt_backfill: bool = False,
) -> tuple[list[Path], Request]:
    """Split ``releases`` into files and dates, and return the files and the request that the options make.

    With a TRUD key and without a file or folder, a run takes the newest release and the deltas since. With an
    ODT key alone it takes the deltas. Without a key it asks nobody, unless ``deltas`` is set.

    Args:
        sources: How to reach TRUD and the ORD API.
        releases: ``latest``, dates (ISO) or paths of zips.
        recorded: A folder of recorded fetches was given.
        trud_only: Never ask the ORD API.
        deltas: Ask the ORD API even without a TRUD key.
        ignore_maintenance: Ask the ORD API from 17:00 to 19:00 UK time too.
        accept_deletions: Take a capture that deletes a good part of the register.
        deltas_from: Which delta source to ask; None leaves the choice to the environment.
        odt_backfill: Read the whole register from ODT into an empty data root.

    Raises:
        OdsError: Options contradict each other, TRUD is needed and there is no key, or a date does not exist.
    """
    named = [r for r in releases if r == LATEST or _DATE.fullmatch(r)]
    files = [Path(r) for r in releases if r not in named]
    for day in named:
        if day != LATEST:
            _reject_impossible_date(day)
    sources = replace(sources, deltas_from=deltas_from or sources.deltas_from)
    is_automatic = (sources.key or sources.odt_key) is not None and not files and not recorded
    if odt_backfill and (releases or recorded or trud_only):
        raise OdsError(
            "--odt-backfill reads the register from ODT and from nowhere else",
            do="Give it without --release, --recorded and --trud-only",
        )
    if (named or trud_only) and sources.key is None and not files:
        raise OdsError("a release from TRUD is needed, and there is no TRUD key", do=NO_KEY)
    return files, Request(
        sources=replace(sources, ignore_maintenance=ignore_maintenance),
        releases=tuple(dict.fromkeys(named))
        or ((LATEST,) if is_automatic and sources.key is not None and not odt_backfill else ()),
        releases_needed=bool(named),
        deltas=deltas or (is_automatic and not trud_only),
        is_named=bool(named) or trud_only or deltas or odt_backfill,
        accept_deletions=accept_deletions,
        odt_backfill=odt_backfill,
    )


def _reject_impossible_date(day: str) -> None:
    try:
        date.fromisoformat(day)
    except ValueError:
        raise OdsError(f"{day} is not a date", do="Give --release latest, a date or a file") from None


def is_sample_due(root: DataRoot, request: Request) -> bool:
    """Return whether a run without files takes the embedded sample.

    It does if an earlier run began to, or if nothing is held and nothing is asked for. It never does if an
    option asks for real data.
    """
    if request.is_named:
        return False
    return root.sample_wanted.exists() or not (request.releases or request.deltas or holds_anything(root))


def releases_to_get(root: DataRoot, request: Request, problems: list[str]) -> list[str]:
    """Return the dates (ISO) of the releases to download now, oldest first.

    Args:
        root: The data root.
        request: What the run may ask for.
        problems: Gets a line for each obstacle that does not stop the run.

    Raises:
        OdsError: TRUD cannot be asked, and the releases were named or none is held; or the sample is held.
    """
    if not request.releases:
        return []
    held = {r.release_date: r for r in held_releases(root)}
    still_needed = [name for name in request.releases if name not in held]
    for day in sorted(set(request.releases) & set(held)):
        log.info("the release of %s is already held", day)
    if not still_needed:
        return []
    reject_real_sources_for_sample(root)
    try:
        with closing(Trud(request.sources)) as trud:
            listed = [trud.find(name) for name in still_needed]
    except OdsError as error:
        if request.releases_needed or not held:
            raise
        problems.append(f"TRUD's list of releases could not be read: {error}")
        return []
    again = request.accept_deletions
    return sorted({r.release_date for r in listed if _is_to_download(root, r, held, problems, again=again)})


def _is_to_download(
    root: DataRoot,
    listed: Listed,
    held: Mapping[str, ReleaseReceipt],
    problems: list[str],
    *,
    again: bool = False,
) -> bool:
    receipt = held.get(listed.release_date)
    if receipt is not None:
        log.info("the release of %s is already held", listed.release_date)
        if listed.sha256 not in (None, receipt.sha256):
            problems.append(
                f"{listed.file_name}: TRUD now lists another file for {listed.release_date} than the one "
                f"held. To take it, remove {root.raw_releases / receipt.file_name} and its receipt."
            )
        return False
    if held and not again and lies_in_quarantine(root, listed):
        problems.append(
            f"{listed.file_name}: it could not be used and lies in quarantine/ with the reason; "
            "it is not fetched again until it is removed from there."
        )
        return False
    return True


def stamps_to_get(root: DataRoot, request: Request, problems: list[str]) -> Window | None:
    """Return the stamps to ask the ORD API for now, first and last inclusive; None if there are none.

    Args:
        root: The data root.
        request: What the run may ask for.
        problems: Gets a line if the gap is longer than the API goes back.

    Raises:
        OdsError: Deltas are asked for, and no real release is held.
    """
    if not request.deltas:
        return None
    reject_real_sources_for_sample(root)
    if newest_publication(root) is None:
        raise OdsError("deltas are asked for, and no release is held", where=root.path, do=NO_KEY)
    today = uk_date(request.sources.clock.now())
    try:
        window = due_stamps(root, today, longest_gap(request.sources))
    except OdsError as error:
        problems.append(str(error))
        return None
    if window is None:
        log.info("the stamps up to %s have been asked for today", today)
    return window


def is_backfill_due(root: DataRoot, request: Request) -> bool:
    """Return whether the whole register is to be read from ODT now.

    It is not if it was read already: then only its changes are due.

    Raises:
        OdsError: It is asked for, and the data root holds a register already.
    """
    if not request.odt_backfill:
        return False
    reject_real_sources_for_sample(root)
    fetch = whole_fetch(root)
    if fetch is not None and not held_releases(root):
        log.info("the whole register was read from ODT on %s", fetch.receipt.as_of)
        return False
    reject_backfill(root)
    return True


def unanswered_problems(root: DataRoot) -> list[str]:
    """Return a line for each code that the ORD API gave no answer for."""
    do = "The register keeps its last record, and the next fetch asks for it again"
    return [
        str(OdsError(f"stamped {entry.stamp}, it got no answer ({entry.why})", where=code, do=do))
        for code, entry in unanswered(root).items()
    ]


def finish_interrupted(root: DataRoot, request: Request) -> None:
    """Complete the interrupted fetches of earlier days with the answers that arrived whole."""
    if request.deltas:
        close_stale(root, request.sources)
