"""Takes in what a build is to publish: releases, fetches, and what TRUD and the ORD API are asked for.

Lives here: which jobs run for that, in which order, and what a failure of one means for the others. Does not
live here: what is due or asked for (``inventory/``), what the jobs do (``assets/``), and publishing
(``build.py``).
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from ods_pipeline.defs.keys import RELEASES
from ods_pipeline.defs.runs import Runs
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.due import due_fetches, due_releases
from ods_pipeline.inventory.held import (
    first_and_last_stamp,
    held_fetches,
    holds_register,
    release_date_of,
)
from ods_pipeline.inventory.intake import asked_ranges
from ods_pipeline.inventory.missing import missing_days
from ods_pipeline.inventory.wanted import (
    Request,
    releases_to_get,
    stamps_to_get,
)
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.due import SETTLED_AFTER, Window
from ods_pipeline.sources.receipt import FetchReceipt, read_fetch_receipt
from ods_pipeline.sources.recorded import is_held, recorded_fetches
from ods_pipeline.sources.settings import Sources

log = logging.getLogger(__name__)


def load_releases(runs: Runs, files: Sequence[Path]) -> None:
    """Run ``release_job`` for every release given and for every held one that is due."""
    files_by_day: dict[str, str] = {r.release_date: "" for r in due_releases(runs.root)}
    for file in files:
        files_by_day[release_date_of(file)] = str(file.resolve())
    for day, file in sorted(files_by_day.items()):
        if (
            file
            and is_held(runs.root, Path(file))
            and day not in {r.release_date for r in due_releases(runs.root)}
        ):
            log.info("the release of %s is already held", day)
            continue
        runs.instance.add_dynamic_partitions(RELEASES, [day])
        config = {"take_trud_release": {"config": {"file": file}}}
        runs.run("release_job", partition=day, config=config)


def get_releases(runs: Runs, request: Request) -> None:
    """Run ``release_job`` for each release to download from TRUD.

    If a release was not named and another is held, a failure to get or use it is only a problem.
    """
    for day in releases_to_get(runs.root, request, runs.built.problems):
        runs.instance.add_dynamic_partitions(RELEASES, [day])
        try:
            runs.run("release_job", partition=day, sources=request.sources)
        except OdsError as error:
            if request.releases_needed or not holds_register(runs.root):
                raise
            runs.built.problems.append(str(error))


def load_fetches(runs: Runs, folders: Sequence[Path]) -> None:
    """Run ``delta_job`` once for the stamps of all new fetches.

    A fetch that cannot be used is set aside and is a problem; the others are kept.
    """
    held = {f.folder.name: f.receipt.sha256 for f in held_fetches(runs.root)}
    for folder in folders:
        new: list[FetchReceipt] = []
        unreadable: list[str] = []
        for fetch in recorded_fetches(folder):
            try:
                receipt = read_fetch_receipt(fetch)
            except OdsError as error:
                unreadable.append(str(error))
                continue
            if held.get(fetch.name) != receipt.sha256:
                new.append(receipt)
        if new:  # the run reports the unreadable ones itself
            window = min(r.stamps_from for r in new), max(r.stamps_to for r in new)
            ranges = asked_ranges(runs.root, window, new)
            load_stamps(runs, window, {"folder": str(folder.resolve())}, ranges=ranges)
        else:
            runs.built.problems += unreadable
    due = [f.receipt for f in due_fetches(runs.root)]
    if due:
        window = min(r.stamps_from for r in due), max(r.stamps_to for r in due)
        load_stamps(runs, window, {"source": "held"}, ranges=asked_ranges(runs.root, window))


def get_stamps(runs: Runs, request: Request) -> None:
    """Run ``delta_job`` once for the stamps to ask the ORD API for.

    If it fails, the days that no fetch asked for are missing.
    """
    window = stamps_to_get(runs.root, request, runs.built.problems)
    if window is None:
        return
    before = len(runs.built.problems)
    days = window[0].isoformat(), window[1].isoformat()
    config = {"source": "ord", "ignore_maintenance_window": request.sources.ignore_maintenance}
    load_stamps(runs, days, config, sources=request.sources)
    if len(runs.built.problems) > before:
        receipts = [f.receipt for f in held_fetches(runs.root)]
        windows = [(date.fromisoformat(r.stamps_from), date.fromisoformat(r.stamps_to)) for r in receipts]
        runs.built.missing = missing_days(window, windows)


def read_register(runs: Runs, request: Request) -> None:
    """Run ``delta_job`` once to read the whole register from ODT. A failure is an error: nothing is held."""
    today = uk_date(request.sources.clock.now())
    window = (today - timedelta(days=SETTLED_AFTER), today)
    keys = window[0].isoformat(), window[1].isoformat()
    config = {"take_ord_fetches": {"config": {"source": "odt_backfill"}}}
    runs.run(
        "delta_job",
        partition_range=keys,
        window=window,
        config=config,
        sources=request.sources,
    )


def load_stamps(
    runs: Runs,
    window: tuple[str, str],
    source: Mapping[str, object],
    *,
    sources: Sources | None = None,
    ranges: Sequence[Window] = (),
) -> None:
    """Run ``delta_job`` for a window of stamps, or for ``ranges`` of it, so that no other days turn green."""
    first, last = (date.fromisoformat(day) for day in window)
    held = first_and_last_stamp(runs.root) or (first, last)
    span = (min(first, held[0]), max(last, held[1]))
    config = {"take_ord_fetches": {"config": dict(source)}}
    for days in ranges or [(first, last)]:
        keys = days[0].isoformat(), days[1].isoformat()
        try:
            runs.run(
                "delta_job",
                partition_range=keys,
                window=span,
                config=config,
                sources=sources,
            )
        except OdsError as error:
            if str(error) not in runs.built.problems:
                runs.built.problems.append(str(error))
