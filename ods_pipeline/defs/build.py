"""Runs `ods-pipeline build`: takes in what is new, flattens what is due, publishes the whole.

Lives here: the order of the jobs, and whether anything is new. Does not live here: taking in
(``loading.py``), a single run (``runs.py``), what the jobs do (``assets/``), what is due or asked for
(``inventory/``), and the summary (``commands/summary.py``).
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.cleanup import clear_up
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.memory import largest_release, warn_if_short
from ods_pipeline.dataroot.os_errors import explained
from ods_pipeline.defs.assets.store import STORE_JOB, store_lacks
from ods_pipeline.defs.instance import open_instance
from ods_pipeline.defs.loading import get_releases, get_stamps, load_fetches, load_releases, read_register
from ods_pipeline.defs.runs import Built, Runs
from ods_pipeline.defs.upkeep import put_in_order
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.aside import set_aside_problems
from ods_pipeline.inventory.future import problems_of_the_future
from ods_pipeline.inventory.health import write_metrics
from ods_pipeline.inventory.held import held_captures
from ods_pipeline.inventory.missing import missing_stamps
from ods_pipeline.inventory.places import places_label
from ods_pipeline.inventory.repair import repair
from ods_pipeline.inventory.sample import begin_sample, holds_sample, sample_files
from ods_pipeline.inventory.vanished import accepting
from ods_pipeline.inventory.wanted import (
    Request,
    finish_interrupted,
    is_backfill_due,
    is_sample_due,
    unanswered_problems,
)
from ods_pipeline.publish.build_info import is_published
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.settings import Sources


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
        root: The data root.
        releases: TRUD zips on disk.
        recorded: Folders of recorded fetches.
        today: The day of the marts; the newest as-of date held if None.
        again: Publish even if nothing is new.
        request: What to ask TRUD and the ORD API for.
        store: The address of an object store to publish into as well. If it fails, that is a problem of the
            result.

    Raises:
        OdsError: A release cannot be used, a blocking check fails, or another build is under way. The
            published set stays as it was.
    """
    request = request or Request()
    accept = accepting(root, accept=request.accept_deletions)
    with root.locked(), explained(root), accept, open_instance(root) as instance:
        put_in_order(instance, root)
        clear_up(root)
        built = Built(None, problems=repair(root))
        runs = Runs(root, instance, built)
        warn_if_short(largest_release(root, releases, downloads=bool(request.releases)))
        if not releases and not recorded and is_sample_due(root, request):
            releases, recorded = sample_files()
            begin_sample(root)
            request = Request()
        if holds_sample(root) and not request.is_named:
            request = Request()  # real sources are never asked for the sample
        get_releases(runs, request)
        load_releases(runs, releases)
        finish_interrupted(root, request)
        load_fetches(runs, recorded)
        if is_backfill_due(root, request):
            read_register(runs, request)
        get_stamps(runs, request)
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
            write_metrics(root)  # a run that died after the flip has not written them
        else:
            _publish(runs, day)
            root.sample_wanted.unlink(missing_ok=True)
        if store:
            _publish_to_store(runs, store)
        return built


def rebuild_history(root: DataRoot, *, today: date | None = None) -> Built:
    """Rebuild history from everything held, even if the published set has it already, and publish.

    Args:
        root: The data root.
        today: The day of the marts; the newest as-of date held if None.

    Raises:
        OdsError: Nothing is held, or as ``build`` does.
    """
    with root.locked(), explained(root), open_instance(root) as instance:
        put_in_order(instance, root)
        clear_up(root)
        built = Built(None, problems=repair(root))
        runs = Runs(root, instance, built)
        load_releases(runs, ())
        load_fetches(runs, ())
        captures = held_captures(root)
        built.missing = missing_stamps(captures) if captures is not None else []
        built.problems += problems_of_the_future(root, captures, uk_date(Sources().clock.now()))
        _publish(runs, today.isoformat() if today else "", rebuild=True)
        return built


def _publish(runs: Runs, today: str, *, rebuild: bool = False) -> None:
    config = {"publish_set": {"config": {"today": today, "rebuild": rebuild}}}
    runs.run("publish_job", config=config)
    runs.built.published = current_build(runs.root)


def _publish_to_store(runs: Runs, store: str) -> None:
    """Run ``store_job`` unless the store has this build. What is published here stays in any case."""
    try:
        if store_lacks(runs.root, store):
            runs.run(STORE_JOB, store=store)
    except OdsError as error:
        runs.built.problems.append(f"not published to the store: {error}")
