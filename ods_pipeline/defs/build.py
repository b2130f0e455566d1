"""Runs `ods-pipeline build`: takes in what is new, flattens what is due, publishes the whole.

Lives here: the order of the jobs, and what a failure of one means for the others. Does not live here: what
the jobs do (``assets/``), what is due or asked for (``inventory/``), and the summary
(``commands/summary.py``).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.cleanup import clear_up
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.memory import largest_release, warn_if_short
from ods_pipeline.dataroot.os_errors import explained
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.assets.store import STORE_JOB, store_lacks
from ods_pipeline.defs.instance import Outcome, open_instance, run_job
from ods_pipeline.defs.keys import RELEASES
from ods_pipeline.defs.upkeep import put_in_order
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.aside import set_aside_problems
from ods_pipeline.inventory.due import due_fetches, due_releases
from ods_pipeline.inventory.future import problems_of_the_future
from ods_pipeline.inventory.held import (
    first_and_last_stamp,
    held_captures,
    held_fetches,
    holds_register,
    release_date_of,
)
from ods_pipeline.inventory.intake import asked_ranges
from ods_pipeline.inventory.missing import missing_days, missing_stamps
from ods_pipeline.inventory.places import places_label
from ods_pipeline.inventory.repair import repair
from ods_pipeline.inventory.sample import begin_sample, holds_sample, sample_files
from ods_pipeline.inventory.vanished import accepting
from ods_pipeline.inventory.wanted import (
    Request,
    finish_interrupted,
    is_backfill_due,
    is_sample_due,
    releases_to_get,
    stamps_to_get,
    unanswered_problems,
)
from ods_pipeline.publish.build_info import is_published
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.due import SETTLED_AFTER, Window
from ods_pipeline.sources.receipt import FetchReceipt, read_fetch_receipt
from ods_pipeline.sources.recorded import is_held, recorded_fetches
from ods_pipeline.sources.settings import Sources

log = logging.getLogger(__name__)


@dataclass
class Built:
    """What a build did.

    Attributes:
        published: the folder of the published build.
        nothing_new: the published set was up to date, and nothing was run.
        problems: errors that did not stop the build; days are missing then.
        missing: the stamps that were never asked for.
        outcomes: the runs, in order.
    """

    published: Path | None
    nothing_new: bool = False
    problems: list[str] = field(default_factory=list)
    missing: list[date] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


def build(
    root: DataRoot,
    *,
    releases: Sequence[Path] = (),
    recorded: Sequence[Path] = (),
    today: date | None = None,
    again: bool = False,
    request: Request | None = None,
    store: str = "",
) -> Built:
    """Take in releases, fetches and what ``request`` asks for, and publish.

    Without any of them, and with nothing held, the embedded sample is taken. A source that fails while a
    release is held is a problem of the result, not an error.

    Args:
        root: the data root.
        releases: TRUD zips on disk.
        recorded: folders of recorded fetches.
        today: the day of the marts; the newest as-of date held if None.
        again: publish even if nothing is new.
        request: what to ask TRUD and the ORD API for.
        store: the address of an object store to publish into as well. If it fails, that is a problem of the
            result.

    Raises:
        OdsError: a release cannot be used, a blocking check fails, or another build is under way. The
            published set stays as it was.
    """
    request = request or Request()
    accept = accepting(root, accept=request.accept_deletions)
    with root.locked(), explained(root), accept, open_instance(root) as instance:
        put_in_order(instance, root)
        clear_up(root)
        built = Built(None, problems=repair(root))
        warn_if_short(largest_release(root, releases, downloads=bool(request.releases)))
        if not releases and not recorded and is_sample_due(root, request):
            releases, recorded = sample_files()
            begin_sample(root)
            request = Request()
        if holds_sample(root) and not request.is_named:
            request = Request()  # real sources are never asked for the sample
        _get_releases(root, instance, request, built)
        _load_releases(root, instance, releases, built)
        finish_interrupted(root, request)
        _load_fetches(root, instance, recorded, built)
        if is_backfill_due(root, request):
            _read_register(root, instance, request, built)
        _get_stamps(root, instance, request, built)
        captures = held_captures(root)
        missing = missing_stamps(captures) if captures is not None else []
        built.missing = sorted({*built.missing, *missing})
        built.problems += [*unanswered_problems(root), *set_aside_problems(root)]
        built.problems += problems_of_the_future(root, captures, uk_date(request.sources.clock.now()))
        day = today.isoformat() if today else ""
        if (
            not again
            and not built.outcomes
            and captures is not None
            and is_published(root, captures, day, places_label(root))
        ):
            built.published, built.nothing_new = current_build(root), True
        else:
            _publish(root, instance, built, day)
            root.sample_wanted.unlink(missing_ok=True)
        if store:
            _publish_to_store(root, instance, built, store)
        return built


def rebuild_history(root: DataRoot, *, today: date | None = None) -> Built:
    """Rebuild history from everything held, even if the published set has it already, and publish.

    Args:
        root: the data root.
        today: the day of the marts; the newest as-of date held if None.

    Raises:
        OdsError: nothing is held, or as ``build`` does.
    """
    with root.locked(), explained(root), open_instance(root) as instance:
        put_in_order(instance, root)
        clear_up(root)
        built = Built(None, problems=repair(root))
        _load_releases(root, instance, (), built)
        _load_fetches(root, instance, (), built)
        captures = held_captures(root)
        built.missing = missing_stamps(captures) if captures is not None else []
        built.problems += problems_of_the_future(root, captures, uk_date(Sources().clock.now()))
        _publish(root, instance, built, today.isoformat() if today else "", rebuild=True)
        return built


def _publish(
    root: DataRoot, instance: dg.DagsterInstance, built: Built, today: str, *, rebuild: bool = False
) -> None:
    config = {"publish_set": {"config": {"today": today, "rebuild": rebuild}}}
    _run(root, instance, "publish_job", built, config=config)
    built.published = current_build(root)


def _publish_to_store(root: DataRoot, instance: dg.DagsterInstance, built: Built, store: str) -> None:
    """Run ``store_job`` unless the store has this build. What is published here stays in any case."""
    try:
        if store_lacks(root, store):
            _run(root, instance, STORE_JOB, built, store=store)
    except OdsError as error:
        built.problems.append(f"not published to the store: {error}")


def _get_releases(root: DataRoot, instance: dg.DagsterInstance, request: Request, built: Built) -> None:
    """Run ``release_job`` for each release to download from TRUD.

    If a release was not named and another is held, a failure to get or use it is only a problem.
    """
    for day in releases_to_get(root, request, built.problems):
        instance.add_dynamic_partitions(RELEASES, [day])
        try:
            _run(root, instance, "release_job", built, partition=day, sources=request.sources)
        except OdsError as error:
            if request.releases_needed or not holds_register(root):
                raise
            built.problems.append(str(error))


def _get_stamps(root: DataRoot, instance: dg.DagsterInstance, request: Request, built: Built) -> None:
    """Run ``delta_job`` once for the stamps to ask the ORD API for.

    If it fails, the days that no fetch asked for are missing.
    """
    window = stamps_to_get(root, request, built.problems)
    if window is None:
        return
    before = len(built.problems)
    days = window[0].isoformat(), window[1].isoformat()
    config = {"source": "ord", "ignore_maintenance_window": request.sources.ignore_maintenance}
    _load_stamps(root, instance, days, config, built, sources=request.sources)
    if len(built.problems) > before:
        receipts = [f.receipt for f in held_fetches(root)]
        windows = [(date.fromisoformat(r.stamps_from), date.fromisoformat(r.stamps_to)) for r in receipts]
        built.missing = missing_days(window, windows)


def _read_register(root: DataRoot, instance: dg.DagsterInstance, request: Request, built: Built) -> None:
    """Run ``delta_job`` once to read the whole register from ODT. A failure is an error: nothing is held."""
    today = uk_date(request.sources.clock.now())
    window = (today - timedelta(days=SETTLED_AFTER), today)
    keys = window[0].isoformat(), window[1].isoformat()
    config = {"take_ord_fetches": {"config": {"source": "odt_backfill"}}}
    _run(
        root, instance, "delta_job", built, partition_range=keys, window=window, config=config,
        sources=request.sources,
    )  # fmt: skip


def _load_releases(root: DataRoot, instance: dg.DagsterInstance, files: Sequence[Path], built: Built) -> None:
    """Run ``release_job`` for every release given and for every held one that is due."""
    files_by_day: dict[str, str] = {r.release_date: "" for r in due_releases(root)}
    for file in files:
        files_by_day[release_date_of(file)] = str(file.resolve())
    for day, file in sorted(files_by_day.items()):
        if file and is_held(root, Path(file)) and day not in {r.release_date for r in due_releases(root)}:
            log.info("the release of %s is already held", day)
            continue
        instance.add_dynamic_partitions(RELEASES, [day])
        config = {"take_trud_release": {"config": {"file": file}}}
        _run(root, instance, "release_job", built, partition=day, config=config)


def _load_fetches(
    root: DataRoot, instance: dg.DagsterInstance, folders: Sequence[Path], built: Built
) -> None:
    """Run ``delta_job`` once for the stamps of all new fetches.

    A fetch that cannot be used is set aside and is a problem; the others are kept.
    """
    held = {f.folder.name: f.receipt.sha256 for f in held_fetches(root)}
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
            asked = asked_ranges(root, window, new)
            _load_stamps(root, instance, window, {"folder": str(folder.resolve())}, built, asked=asked)
        else:
            built.problems += unreadable
    due = [f.receipt for f in due_fetches(root)]
    if due:
        window = min(r.stamps_from for r in due), max(r.stamps_to for r in due)
        _load_stamps(root, instance, window, {"source": "held"}, built, asked=asked_ranges(root, window))


def _load_stamps(
    root: DataRoot,
    instance: dg.DagsterInstance,
    window: tuple[str, str],
    source: Mapping[str, object],
    built: Built,
    *,
    sources: Sources | None = None,
    asked: Sequence[Window] = (),
) -> None:
    """Run ``delta_job`` for a window of stamps, or for each range of ``asked``: no others turn green."""
    first, last = (date.fromisoformat(day) for day in window)
    held = first_and_last_stamp(root) or (first, last)
    span = (min(first, held[0]), max(last, held[1]))
    config = {"take_ord_fetches": {"config": dict(source)}}
    for days in asked or [(first, last)]:
        keys = days[0].isoformat(), days[1].isoformat()
        try:
            _run(
                root, instance, "delta_job", built, partition_range=keys, window=span, config=config,
                sources=sources,
            )  # fmt: skip
        except OdsError as error:
            if str(error) not in built.problems:
                built.problems.append(str(error))


def _run(
    root: DataRoot,
    instance: dg.DagsterInstance,
    job: str,
    built: Built,
    *,
    partition: str | None = None,
    partition_range: tuple[str, str] | None = None,
    window: tuple[date, date] | None = None,
    config: Mapping[str, Any] | None = None,
    sources: Sources | None = None,
    store: str = "",
) -> None:
    definitions = build_definitions(root.path, window, sources, store=store)
    outcome = run_job(
        instance, definitions, job, partition=partition, partition_range=partition_range, config=config
    )
    built.outcomes.append(outcome)
    if outcome.success:
        return
    if isinstance(outcome.error, OdsError):
        raise outcome.error
    if failed := outcome.failed_checks:
        summaries = "; ".join(f"{c.asset} {c.name}: {c.summary}" for c in failed)
        raise OdsError(
            f"{job} was stopped by a check ({summaries})",
            do="Nothing was published; ods-pipeline ui shows the run",
        )
    if outcome.error is not None:
        raise outcome.error
    raise OdsError(f"{job} failed: {outcome.message}", do="ods-pipeline ui shows the run")
