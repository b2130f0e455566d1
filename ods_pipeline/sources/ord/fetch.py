"""A fetch of the ORD API: the stamps of a range, from the first list to the receipt.

Lives here: which questions are asked in which order, and what becomes of an interruption. Does not live here:
how a question is asked (``ord.py``, ``polite.py``), the folder (``unfinished.py``), which stamps are due
(``due.py``). Every answer is on disk before the same worker asks for the next.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import date, timedelta
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.progress import progress
from ods_pipeline.sources.clock import maintenance_ends, uk_date
from ods_pipeline.sources.due import Window
from ods_pipeline.sources.ord.client import NOTIFICATIONS, RECORD_CLASSES, RELS, ROLES, OrdApi
from ods_pipeline.sources.settings import Sources
from ods_pipeline.sources.unfinished import SYNC, UNANSWERED_LIMIT, Plan, Unfinished

LISTS = {
    "roles.json": ROLES,
    "rels.json": RELS,
    "recordclasses.json": RECORD_CLASSES,
    "notifications.json": NOTIFICATIONS,
}
MANY_CODES = 20_000
FAILURES_LIMIT = UNANSWERED_LIMIT + 1  # so many codes fail, each after all attempts, and the rest is left
ROUNDS = 3
RESUME = "Run it again the same day: only what is missing is asked for"
log = logging.getLogger(__name__)


class _DayOver(Exception):
    """It is the next day in the UK: what comes now has another as-of date."""


class _ListChanged(Exception):
    """The list changed while it was read page by page."""


def fetch_stamps(
    root: DataRoot, sources: Sources, window: Window, also: Mapping[str, str] | None = None
) -> list[Path]:
    """Fetches the stamps of ``window`` (both inclusive) into ``raw/ord``; returns the complete folders.

    The codes ``also`` (each with a stamp, ISO) are asked for too: earlier fetches got no answer for them. A
    fetch is complete without them, and without two more codes that fail; its receipt names them.

    An unfinished fetch of the same stamps is resumed if it began today (UK). One folder holds one day's
    answers: a fetch that is still going at midnight is completed up to its last whole stamp, and the rest is
    asked for in a second one. Raises OdsError in the maintenance hours, Unreachable if answers are missing;
    what has come is kept then.
    """
    clock = sources.clock
    end = maintenance_ends(clock.now())
    if end is not None and not sources.ignore_maintenance:
        raise OdsError(
            "from 17:00 to 19:00 UK time the ORD API is not asked: it may be down for maintenance",
            do="Run it again after 19:00, or with --ignore-maintenance-window",
        )
    close_stale(root, sources)
    done: list[Path] = []
    while True:
        fetch = _open(root, sources, window, dict(also or {}))
        api = OrdApi(sources)
        try:
            _ask_lists(api, fetch)
            _ask_organisations(api, fetch, sources)
        except _DayOver:
            covered = fetch.finish_early(clock.now())
            log.info("it is past midnight in the UK: %s", _told(fetch, covered))
            if covered is not None:
                done.append(fetch.folder)
                window = (covered[1] + timedelta(days=1), window[1])
                if window[0] > window[1]:
                    return done
            continue
        finally:
            api.close()
        return [*done, fetch.finish(clock.now())]


def close_stale(root: DataRoot, sources: Sources) -> None:
    """Completes the unfinished fetches of earlier days as far as their stamps are whole; drops the rest."""
    today = uk_date(sources.clock.now()).isoformat()
    for fetch in Unfinished.all_in(root.raw_fetches):
        if fetch.plan.as_of != today:
            _close(fetch, sources)


def _close(fetch: Unfinished, sources: Sources) -> None:
    log.info("an unfinished fetch: %s", _told(fetch, fetch.finish_early(sources.clock.now())))


def _told(fetch: Unfinished, covered: Window | None) -> str:
    name = fetch.folder.name
    if covered is None:
        return f"{name} is dropped, none of its stamps was whole"
    return f"{name} now stands for the stamps {covered[0]} to {covered[1]}"


def _open(root: DataRoot, sources: Sources, window: Window, also: dict[str, str]) -> Unfinished:
    """The fetch of today that is to go on, or a new one."""
    now = sources.clock.now()
    plan = Plan(
        started_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        as_of=uk_date(now).isoformat(),
        stamps_from=window[0].isoformat(),
        stamps_to=window[1].isoformat(),
        base_url=sources.ord_url,
        form=sources.payload_format,
        also=also,
    )
    for fetch in Unfinished.all_in(root.raw_fetches):
        if fetch.is_readable() and fetch.plan.is_like(plan):
            log.info("going on with %s", fetch.folder.name)
            return fetch
        _close(fetch, sources)
    return Unfinished.start(root.raw_fetches, now, plan)


def _ask_lists(api: OrdApi, fetch: Unfinished) -> None:
    """Code lists, notices of deletion, search rows, and last the sync list that proves them complete."""
    for name, path in LISTS.items():
        if not fetch.has_list(name):
            fetch.keep_list(name, path, api.whole_list(path).body)
    if fetch.has_list(SYNC):
        return
    for round_number in range(1, ROUNDS + 1):
        try:
            rows = _search(api, fetch)
            break
        except _ListChanged as change:
            log.info("the list of changes changed while it was read (%s): reading it again", change)
            fetch.forget_search()
            if round_number == ROUNDS:
                raise Unreachable(
                    f"the list of changes was another one each time it was read ({change})", do=RESUME
                ) from None
    sync = api.sync(fetch.plan.stamps_from)
    extra = set(sync.codes) - rows
    if extra:
        log.info("%d codes stand in sync and in no search row: they are asked for too", len(extra))
    fetch.keep_list(SYNC, sync.url_path, sync.body)


def _search(api: OrdApi, fetch: Unfinished) -> set[str]:
    """All pages of search; those kept are not asked for again. Returns the codes."""
    rows = set(fetch.rows())
    while fetch.plan.total is None or len(rows) < fetch.plan.total:
        page = api.search(fetch.plan.stamps_from, len(rows) + 1)
        codes = [code for code, _ in page.rows]
        if fetch.plan.total not in (None, page.total):
            raise _ListChanged(f"{fetch.plan.total} rows were announced, then {page.total}")
        if len(set(codes)) != len(codes) or rows & set(codes):
            raise _ListChanged("a row came twice")
        if len(rows) + len(codes) > page.total:
            raise _ListChanged(f"{len(rows) + len(codes)} rows came and {page.total} were announced")
        fetch.plan.total = page.total
        fetch.keep_list(f"search-{fetch.pages() + 1:04d}.json", page.url_path, page.body)
        rows.update(codes)
    return rows


def _ask_organisations(api: OrdApi, fetch: Unfinished, sources: Sources) -> None:
    wanted = fetch.wanted()
    missing = [code for code in wanted if not fetch.is_answered(code)]
    _announce(fetch, sources, len(wanted), len(missing))
    failures = _ask_all(api, fetch, sources, missing)
    if len(failures) > UNANSWERED_LIMIT:
        left = sum(not fetch.is_answered(code) for code in wanted)
        raise Unreachable(
            f"{failures[0].what}; {len(wanted) - left:,} of {len(wanted):,} answers are kept", do=RESUME
        )
    gone, answered = fetch.forget_false_gone()
    if gone:
        raise Unreachable(
            f"the ORD API lists {answered:,} codes and calls {gone:,} of them not found: its fault",
            do=RESUME,
        )
    for code, why in fetch.unanswered().items():
        log.warning("%s got no answer, the next fetch asks for it again: %s", code, why)


def _announce(fetch: Unfinished, sources: Sources, wanted: int, missing: int) -> None:
    minutes = missing * sources.manners.interval / 60
    first, last = fetch.plan.window
    log.log(
        logging.WARNING if missing > MANY_CODES else logging.INFO,
        "stamps %s to %s: %s codes%s, about %.0f minutes at %.1f requests a second%s",
        first,
        last,
        f"{wanted:,}",
        f", {missing:,} still to ask for" if missing != wanted else "",
        minutes,
        1 / sources.manners.interval,
        ". An interruption loses nothing" if missing > MANY_CODES else "",
    )


def _ask_all(api: OrdApi, fetch: Unfinished, sources: Sources, codes: list[str]) -> list[OdsError]:
    """Asks for the codes, a few at a time, in order. Returns what went wrong, but for the codes that failed
    in earlier fetches; raises _DayOver at midnight."""
    day = date.fromisoformat(fetch.plan.as_of)
    failures: list[OdsError] = []

    def ask(code: str) -> None:
        if len(failures) >= FAILURES_LIMIT:
            return
        if uk_date(sources.clock.now()) != day:
            raise _DayOver
        try:
            answer = api.organisation(code)
        except OdsError as error:
            fetch.keep_failed(code, error.what)
            if code not in fetch.plan.also:
                failures.append(error)
            return
        if answer.status != 200:
            fetch.keep_gone(code, answer.status)
            return
        if answer.is_other:
            log.warning("%s was asked for and another code came each time: it will be set aside", code)
        fetch.keep_answer(code, answer.body)

    label = f"Asking for {len(codes):,} organisations"
    with (
        progress(label, counted=True, told_above=1000) as report,
        ThreadPoolExecutor(sources.manners.in_flight) as pool,
    ):
        futures: list[Future[None]] = [pool.submit(ask, code) for code in codes]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                report(done, len(codes))
                if len(failures) >= FAILURES_LIMIT:
                    break
        finally:
            if not all(future.done() for future in futures):  # on any way out but the ordinary one
                api.close()
            pool.shutdown(cancel_futures=True)
    return failures
