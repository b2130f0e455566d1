"""A delta fetch, from the first list to the receipt, for any source that keeps the protocol.

Lives here: the order of the questions, and what an interruption leaves. Does not live here: the records
(``records.py``), how a question is asked (``ord/``, ``http.py``), the folder (``unfinished.py``), which
stamps are due (``due.py``).
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import Unreachable
from ods_pipeline.sources.clock import Clock, uk_date
from ods_pipeline.sources.due import Window
from ods_pipeline.sources.fields import silence_to_record
from ods_pipeline.sources.plan import Plan
from ods_pipeline.sources.protocol import DeltaSource, SourceChanged
from ods_pipeline.sources.records import DayOver, ask_records
from ods_pipeline.sources.settings import Manners
from ods_pipeline.sources.unfinished import RESUME, Unfinished, unfinished_folders

ROUNDS = 3
log = logging.getLogger(__name__)

SourceOpener = Callable[[], DeltaSource]


def fetch_changes(
    root: DataRoot,
    open_source: SourceOpener,
    window: Window,
    also: Mapping[str, str] | None = None,
    *,
    clock: Clock,
    manners: Manners,
) -> list[Path]:
    """Fetch the stamps of a window into ``raw/ord`` and return the complete folders.

    An unfinished fetch of the same stamps is resumed if it began today (UK). One folder holds one day's
    answers: a fetch that still runs at midnight is completed up to its last whole stamp, and a second fetch
    asks for the rest. A fetch is complete although up to two new codes and any code of ``also`` failed; its
    receipt names them.

    Args:
        root: The data root.
        open_source: Opens the source. It is called once for each folder.
        window: The first and last stamp, both inclusive.
        also: Codes that earlier fetches got no answer for, each with its stamp (ISO); they are asked for too.
        clock: The time.
        manners: How many records are in flight, and at which pace.

    Raises:
        OdsError: The source must not be asked now, or it refuses.
        Unreachable: Answers are missing. The answers received are kept.
    """
    with closing(open_source()) as source:
        source.ensure_available()
    close_stale_fetches(root, open_source, clock)
    folders: list[Path] = []
    restarts = 0
    while True:
        with closing(open_source()) as source:
            fetch = _begin(root, source, window, dict(also or {}), clock)
            try:
                _ask(source, fetch, clock, manners)
                return [*folders, fetch.finish(clock.now())]
            except DayOver:
                covered = fetch.finish_early(clock.now())
                log.info("it is past midnight in the UK: %s", _outcome(fetch, covered))
                if covered is not None:
                    folders.append(fetch.folder)
                    window = (covered[1] + timedelta(days=1), window[1])
                    if window[0] > window[1]:
                        return folders
            except SourceChanged as change:
                fetch.drop()
                restarts += 1
                if restarts == ROUNDS:
                    raise _never_settled(source, change) from None
                log.info("%s changed during the fetch (%s): starting again", source.title, change.why)


def close_stale_fetches(root: DataRoot, open_source: SourceOpener, clock: Clock) -> None:
    """Complete this source's unfinished fetches of earlier days up to their last whole stamp.

    A fetch without a whole stamp is dropped. The source is not asked anything.
    """
    if not unfinished_folders(root.raw_fetches):
        return
    today = uk_date(clock.now()).isoformat()
    with closing(open_source()) as source:
        for fetch in Unfinished.all_in(root.raw_fetches, source):
            if fetch.plan.as_of != today:
                _close(fetch, clock)


def _close(fetch: Unfinished, clock: Clock) -> None:
    log.info("an unfinished fetch: %s", _outcome(fetch, fetch.finish_early(clock.now())))


def _outcome(fetch: Unfinished, covered: Window | None) -> str:
    name = fetch.folder.name
    if covered is None:
        return f"{name} is dropped, because none of its stamps was whole"
    return f"{name} now covers the stamps {covered[0]} to {covered[1]}"


def _never_settled(source: DeltaSource, change: SourceChanged) -> Unreachable:
    return Unreachable(
        f"{source.title} changed each of the {ROUNDS} times it was read ({change.why})", do=RESUME
    )


def _begin(
    root: DataRoot, source: DeltaSource, window: Window, also: dict[str, str], clock: Clock
) -> Unfinished:
    """Today's unfinished fetch of these stamps, or a new one."""
    now = clock.now()
    silent = silence_to_record(source.says, source.form, source.title)
    plan = Plan(
        started_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        as_of=uk_date(now).isoformat(),
        stamps_from=window[0].isoformat(),
        stamps_to=window[1].isoformat(),
        base_url=source.address,
        form=source.form,
        also=also,
        source=source.name,
        silent=None if silent is None else list(silent),
        whole=source.reads_all,
    )
    for fetch in Unfinished.all_in(root.raw_fetches, source):
        if fetch.is_readable() and fetch.plan.is_like(plan):
            log.info("resuming %s", fetch.folder.name)
            if source.derives_records:
                fetch.forget_answers()
            return fetch
        _close(fetch, clock)
    return Unfinished.start(root.raw_fetches, now, plan, source)


def _ask(source: DeltaSource, fetch: Unfinished, clock: Clock, manners: Manners) -> None:
    """Ask for all that the fetch does not hold yet. Raises DayOver at midnight, SourceChanged."""
    _ask_lists(source, fetch)
    ask_records(source, fetch, clock, manners)
    for page in source.closing(fetch):
        fetch.keep_page(page)


def _ask_lists(source: DeltaSource, fetch: Unfinished) -> None:
    """Ask for the code lists, the deletions, and last for the list of changes."""
    for page in source.code_lists(fetch):
        fetch.keep_page(page)
    for page in source.deletions(fetch):
        fetch.keep_page(page)
    for round_number in range(1, ROUNDS + 1):
        try:
            for page in source.changed(fetch.plan.window, fetch):
                fetch.keep_page(page)
            return
        except SourceChanged as change:
            log.info("the list of changes changed while it was read (%s): reading it again", change.why)
            fetch.forget_pages(change.forget)
            if round_number == ROUNDS:
                raise _never_settled(source, change) from None
