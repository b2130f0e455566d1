"""The records of a fetch: several in flight at once, and what a failed one means.

Lives here: asking for the codes that a fetch does not hold, until all have an answer or too many failed. Does
not live here: the lists before that (``fetch.py``), one question (``protocol.py``), the folder
(``unfinished.py``). Every answer is on disk before the same worker asks for the next.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import date

from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.progress import progress
from ods_pipeline.sources.clock import Clock, uk_date
from ods_pipeline.sources.protocol import DeltaSource
from ods_pipeline.sources.settings import Manners
from ods_pipeline.sources.unfinished import RESUME, UNANSWERED_LIMIT, Unfinished, unanswered_limit

MANY_CODES = 20_000
FAILURES_LIMIT = UNANSWERED_LIMIT + 1  # this many failed codes, each tried in full, are too many of a few
IN_A_ROW = 10  # and this many in a row are too many of any number
log = logging.getLogger(__name__)


class DayOver(Exception):
    """It is the next day in the UK: answers from now on have another as-of date."""


def ask_records(source: DeltaSource, fetch: Unfinished, clock: Clock, manners: Manners) -> None:
    """Ask for every record that the fetch does not hold, and keep the answers.

    Raises:
        DayOver: It is past midnight in the UK.
        Unreachable: Too many new codes failed, or the source calls too many of its codes gone.
    """
    wanted = fetch.wanted()
    missing = [code for code in wanted if not fetch.is_answered(code)]
    _announce(fetch, manners, len(wanted), -(-len(missing) // source.batch), len(missing))
    limit = unanswered_limit(len(wanted))
    failures, is_down = _ask_all(source, fetch, clock, manners, codes=missing, limit=limit)
    if len(failures) > limit or is_down:
        unanswered = sum(not fetch.is_answered(code) for code in wanted)
        raise Unreachable(
            f"{failures[0].what}; {len(wanted) - unanswered:,} of {len(wanted):,} answers are kept", do=RESUME
        )
    gone, answered = fetch.forget_false_gone()
    if gone:
        raise Unreachable(
            f"{source.title} lists {answered:,} codes and calls {gone:,} of them not found; "
            "the source is at fault",
            do=RESUME,
        )
    for code, why in fetch.unanswered().items():
        log.warning("%s got no answer, the next fetch asks for it again: %s", code, why)


def _announce(fetch: Unfinished, manners: Manners, wanted: int, requests: int, missing: int) -> None:
    first, last = fetch.plan.window
    log.log(
        logging.WARNING if missing > MANY_CODES else logging.INFO,
        "stamps %s to %s: %s codes%s, about %.0f minutes at %.1f requests a second%s",
        first,
        last,
        f"{wanted:,}",
        f", {missing:,} of them not held yet" if missing != wanted else "",
        requests * manners.interval / 60,
        1 / manners.interval,
        ". An interruption loses nothing" if missing > MANY_CODES else "",
    )


def _ask_all(
    source: DeltaSource, fetch: Unfinished, clock: Clock, manners: Manners, *, codes: list[str], limit: int
) -> tuple[list[OdsError], bool]:
    """Ask for the codes in order, a few batches at a time, until more than ``limit`` failed.

    Returns the errors, except those of codes that failed in earlier fetches, and whether so many failed in a
    row that the source must be down. Raises DayOver at midnight.
    """
    day = date.fromisoformat(fetch.plan.as_of)
    failures: list[OdsError] = []
    in_a_row: list[OdsError] = []

    def gives_up() -> bool:
        return len(failures) > limit or len(in_a_row) >= IN_A_ROW

    def ask(batch: list[str]) -> int:
        if not gives_up():
            if uk_date(clock.now()) != day:
                raise DayOver
            errors = _ask_batch(source, fetch, batch)
            failures.extend(errors)
            in_a_row.extend(errors)
            if not errors:
                in_a_row.clear()
        return len(batch)

    done = 0
    with (
        progress(f"Asking for {len(codes):,} organisations", counted=True, logged_above=1000) as report,
        ThreadPoolExecutor(manners.in_flight) as pool,
    ):
        futures: list[Future[int]] = [pool.submit(ask, batch) for batch in _batches(codes, source.batch)]
        try:
            for future in as_completed(futures):
                done += future.result()
                report(done, len(codes))
                if gives_up():
                    break
        finally:
            if not all(future.done() for future in futures):  # the loop did not end in the ordinary way
                source.close()
            pool.shutdown(cancel_futures=True)
    return failures, len(in_a_row) >= IN_A_ROW


def _batches(codes: list[str], size: int) -> Iterator[list[str]]:
    return (codes[at : at + size] for at in range(0, len(codes), size))


def _ask_batch(source: DeltaSource, fetch: Unfinished, batch: list[str]) -> list[OdsError]:
    """Keep what the source answers about these codes. Returns an error for each new code that failed."""
    missing = dict.fromkeys(batch)
    error = OdsError(f"{source.title} left it out of its answer")
    try:
        for record in source.records(batch, fetch):
            missing.pop(record.code, None)
            if record.status != 200:
                fetch.keep_gone(record.code, record.status)
                continue
            if record.is_other:
                log.warning(
                    "%s was asked for and another code came each time: it will be set aside", record.code
                )
            fetch.keep_answer(record.code, record.content)
    except OdsError as refusal:
        error = refusal
    for code in missing:
        fetch.keep_failed(code, error.what)
    return [error for code in missing if code not in fetch.plan.also]
