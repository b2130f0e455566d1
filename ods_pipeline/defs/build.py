"""What `ods-pipeline build` does: take in what is new, flatten what is due, publish the whole.

Lives here: the order of the jobs and what a failure of one means for the others. Does not live here:
what the jobs do (``assets/``) and how it is shown (``cli.py``, ``summary.py``).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline.checks import missing_stamps
from ods_pipeline.dataroot.cleanup import clear_up
from ods_pipeline.dataroot.layout import DataRoot, current_build
from ods_pipeline.dataroot.os_errors import explained
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.instance import Outcome, fail_dead_runs, open_instance, run_job
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.held import (
    due_fetches,
    due_releases,
    first_and_last_stamp,
    held_captures,
    held_fetches,
    holds_register,
    holds_sample,
    is_published,
)
from ods_pipeline.inventory.repair import mend
from ods_pipeline.inventory.wanted import (
    Wish,
    days_without,
    finish_interrupted,
    release_date_of,
    releases_to_get,
    stamps_to_get,
    told_unanswered,
)
from ods_pipeline.sources.receipt import FetchReceipt, read_fetch_receipt
from ods_pipeline.sources.recorded import held_releases, is_held, recorded_fetches
from ods_pipeline.sources.settings import Sources

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
log = logging.getLogger(__name__)


@dataclass
class Built:
    """What a build did. ``problems`` are errors that did not stop it (days missing then)."""

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
    wish: Wish | None = None,
) -> Built:
    """Takes in ``releases`` (TRUD zips) and ``recorded`` (folders of fetches) and what ``wish`` asks of the
    outside world, and publishes.

    Without any of them, and with nothing held, the embedded sample is taken. ``today`` is the day the marts
    speak for (the newest as-of date held if None). ``again`` publishes even if nothing is new. Raises
    OdsError if a release cannot be used, a blocking check fails, or another build is under way; the
    published set is then as it was. A source that fails while a release is held is a problem of the result.
    """
    wish = wish or Wish()
    with root.locked(), explained(root), open_instance(root) as instance:
        fail_dead_runs(instance)
        clear_up(root)
        built = Built(None, problems=mend(root))
        if not releases and not recorded and _wants_sample(root, wish):
            releases, recorded, wish = *_sample(root), Wish()
        if holds_sample(root) and not wish.is_named:
            wish = Wish()  # the sample never asks anybody
        _get_releases(root, instance, wish, built)
        _load_releases(root, instance, releases, built)
        finish_interrupted(root, wish)
        _load_fetches(root, instance, recorded, built)
        _get_stamps(root, instance, wish, built)
        captures = held_captures(root)
        missing = missing_stamps(captures) if captures is not None else []
        built.missing = sorted({*built.missing, *missing})
        built.problems += told_unanswered(root)
        day = today.isoformat() if today else ""
        if not again and not built.outcomes and captures is not None and is_published(root, captures, day):
            built.published, built.nothing_new = current_build(root), True
            return built
        _publish(root, instance, built, day)
        root.sample_wanted.unlink(missing_ok=True)
        return built


def rebuild_history(root: DataRoot, *, today: date | None = None) -> Built:
    """Tells history from all that is held, whatever the published set has of it, and publishes. Raises
    OdsError if nothing is held, or as ``build`` does."""
    with root.locked(), explained(root), open_instance(root) as instance:
        fail_dead_runs(instance)
        clear_up(root)
        built = Built(None, problems=mend(root))
        _load_releases(root, instance, (), built)
        _load_fetches(root, instance, (), built)
        captures = held_captures(root)
        built.missing = missing_stamps(captures) if captures is not None else []
        _publish(root, instance, built, today.isoformat() if today else "", from_nothing=True)
        return built


def _publish(
    root: DataRoot, instance: dg.DagsterInstance, built: Built, today: str, *, from_nothing: bool = False
) -> None:
    config = {"fold_register": {"config": {"today": today, "from_nothing": from_nothing}}}
    _run(root, instance, "publish_job", built, config=config)
    built.published = current_build(root)


def _wants_sample(root: DataRoot, wish: Wish) -> bool:
    if wish.is_named:
        return False
    return root.sample_wanted.exists() or not (wish.releases or wish.deltas or _holds_anything(root))


def _holds_anything(root: DataRoot) -> bool:
    return bool(held_releases(root)) or holds_register(root) or any(root.raw_fetches.glob("fetch=*"))


def _sample(root: DataRoot) -> tuple[list[Path], list[Path]]:
    releases = sorted((SAMPLE / "trud").glob("*.zip"))
    if not releases:
        raise OdsError(
            "there is nothing to build: no release is held or given, and the embedded sample is missing",
            where=SAMPLE,
            do="Give a TRUD zip: ods-pipeline build --release FILE",
        )
    if not root.sample_wanted.exists():
        log.info("no release given and none held: taking the embedded sample (partly composed, to try out)")
        root.sample_wanted.parent.mkdir(parents=True, exist_ok=True)
        root.sample_wanted.touch()
    return releases, [SAMPLE / "ord"]


def _get_releases(root: DataRoot, instance: dg.DagsterInstance, wish: Wish, built: Built) -> None:
    """Runs ``release_job`` for the releases to be had from TRUD. One that cannot be had or used is a problem
    and no more, if nobody named it and another is held."""
    for day in releases_to_get(root, wish, built.problems):
        instance.add_dynamic_partitions("release", [day])
        try:
            _run(root, instance, "release_job", built, partition=day, sources=wish.sources)
        except OdsError as error:
            if wish.releases_needed or not holds_register(root):
                raise
            built.problems.append(str(error))


def _get_stamps(root: DataRoot, instance: dg.DagsterInstance, wish: Wish, built: Built) -> None:
    """Runs ``delta_job`` once for the stamps to be had from the ORD API. If they cannot be had, the days that
    nobody asked for are missing."""
    window = stamps_to_get(root, wish, built.problems)
    if window is None:
        return
    before = len(built.problems)
    days = window[0].isoformat(), window[1].isoformat()
    config = {"source": "ord", "ignore_maintenance_window": wish.sources.ignore_maintenance}
    _load_stamps(root, instance, days, config, built, sources=wish.sources)
    if len(built.problems) > before:
        receipts = [f.receipt for f in held_fetches(root)]
        asked = [(date.fromisoformat(r.stamps_from), date.fromisoformat(r.stamps_to)) for r in receipts]
        built.missing = days_without(window, asked)


def _load_releases(root: DataRoot, instance: dg.DagsterInstance, files: Sequence[Path], built: Built) -> None:
    """Runs ``release_job`` for every release given and for every one held that is due."""
    wanted: dict[str, str] = {r.release_date: "" for r in due_releases(root)}
    for file in files:
        wanted[release_date_of(file)] = str(file.resolve())
    for day, file in sorted(wanted.items()):
        if file and is_held(root, Path(file)) and day not in {r.release_date for r in due_releases(root)}:
            log.info("the release of %s is already held", day)
            continue
        instance.add_dynamic_partitions("release", [day])
        config = {"take_trud_release": {"config": {"file": file}}}
        _run(root, instance, "release_job", built, partition=day, config=config)


def _load_fetches(
    root: DataRoot, instance: dg.DagsterInstance, folders: Sequence[Path], built: Built
) -> None:
    """Runs ``delta_job`` once for the stamps of all fetches that are new. A fetch that cannot be used is
    set aside and told; the others count."""
    held = {f.folder.name: f.receipt.sha256 for f in held_fetches(root)}
    for folder in folders:
        fresh: list[FetchReceipt] = []
        unreadable: list[str] = []
        for fetch in recorded_fetches(folder):
            try:
                receipt = read_fetch_receipt(fetch)
            except OdsError as error:
                unreadable.append(str(error))
                continue
            if held.get(fetch.name) != receipt.sha256:
                fresh.append(receipt)
        if fresh:  # the run tells of the unreadable ones by itself
            window = min(r.stamps_from for r in fresh), max(r.stamps_to for r in fresh)
            _load_stamps(root, instance, window, {"folder": str(folder.resolve())}, built)
        else:
            built.problems += unreadable
    due = [f.receipt for f in due_fetches(root)]
    if due:
        window = min(r.stamps_from for r in due), max(r.stamps_to for r in due)
        _load_stamps(root, instance, window, {"source": "held"}, built)


def _load_stamps(
    root: DataRoot,
    instance: dg.DagsterInstance,
    window: tuple[str, str],
    source: Mapping[str, object],
    built: Built,
    *,
    sources: Sources | None = None,
) -> None:
    first, last = (date.fromisoformat(day) for day in window)
    known = first_and_last_stamp(root) or (first, last)
    span = (min(first, known[0]), max(last, known[1]))
    config = {"take_ord_fetches": {"config": dict(source)}}
    try:
        _run(
            root, instance, "delta_job", built,
            partition_range=window, window=span, config=config, sources=sources,
        )  # fmt: skip
    except OdsError as error:
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
) -> None:
    definitions = build_definitions(root.path, window, sources)
    outcome = run_job(
        instance, definitions, job, partition=partition, partition_range=partition_range, config=config
    )
    built.outcomes.append(outcome)
    if outcome.success:
        return
    if isinstance(outcome.error, OdsError):
        raise outcome.error
    failed = outcome.failed_checks
    if failed:
        told = "; ".join(f"{c.asset} {c.name}: {c.summary}" for c in failed)
        raise OdsError(
            f"{job} was stopped by a check ({told})",
            do="Nothing was published; ods-pipeline ui shows the run",
        )
    if outcome.error is not None:
        raise outcome.error
    raise OdsError(f"{job} failed: {outcome.message}", do="ods-pipeline ui shows the run")
