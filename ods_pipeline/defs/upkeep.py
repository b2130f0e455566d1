"""What is put right in a Dagster instance before a command works with it.

Lives here: dead runs, partitions of a new instance, old runs. Does not live here: the data root itself
(``dataroot/cleanup.py``, ``inventory/repair.py``).
"""

import logging
import os
from datetime import UTC, datetime, timedelta

import dagster as dg

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.dead_runs import fail_dead_runs
from ods_pipeline.defs.keys import RELEASES, REPOSITORY_TAG, asset_key
from ods_pipeline.errors import OdsError
from ods_pipeline.sources.recorded import held_releases

RETENTION_VARIABLE, RETENTION_DAYS = "ODS_RUN_RETENTION_DAYS", 90
_PARTITIONED = (("raw", "trud_release"), ("flat", "release"), ("raw", "ord_fetches"), ("flat", "fetches"))
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_PAGE = 500
log = logging.getLogger(__name__)


def put_in_order(instance: dg.DagsterInstance, root: DataRoot, *, none_is_starting: bool = False) -> None:
    """End dead runs, add the partitions of the releases held, and forget old runs.

    Call it while holding the lock on the data root.
    """
    fail_dead_runs(instance, root, locked=True, none_is_starting=none_is_starting)
    restore_partitions(instance, root)
    forget_old_runs(instance)


def restore_partitions(instance: dg.DagsterInstance, root: DataRoot) -> None:
    """Add a partition for each release held, e.g. in an instance that is new."""
    known = set(instance.get_dynamic_partitions(RELEASES))
    missing = sorted({r.release_date for r in held_releases(root)} - known)
    if missing:
        instance.add_dynamic_partitions(RELEASES, missing)


def retention_days() -> int:
    """Return how many days a run is kept; 0 keeps all. Raises OdsError if the variable is not a number."""
    text = os.environ.get(RETENTION_VARIABLE, "").strip() or str(RETENTION_DAYS)
    if not text.isdecimal():
        raise OdsError(
            f"{RETENTION_VARIABLE} is {text!r}, which is not a number of days",
            do="Set it to 90, or to 0 to keep all",
        )
    return int(text)


def forget_old_runs(instance: dg.DagsterInstance) -> int:
    """Delete runs of ours that ended before the retention, and return their number.

    The run that made what the catalogue shows of an asset or a partition is kept, however old it is.
    """
    days = retention_days()
    if not days:
        return 0
    filters = dg.RunsFilter(
        tags=REPOSITORY_TAG, statuses=_ENDED, created_before=datetime.now(UTC) - timedelta(days=days)
    )
    old = [record.dagster_run.run_id for record in instance.get_run_records(filters)]
    if not old:
        return 0
    kept = _runs_shown(instance)
    forgotten = [run_id for run_id in old if run_id not in kept]
    for run_id in forgotten:
        instance.delete_run(run_id)
    if forgotten:
        log.info("%d runs of more than %d days ago are forgotten", len(forgotten), days)
    return len(forgotten)


def _runs_shown(instance: dg.DagsterInstance) -> set[str]:
    """Return the runs with the newest materialisation of an asset, or of a partition of one."""
    keys = [key for key in instance.all_asset_keys() if key.path[0] == asset_key().path[0]]
    newest = instance.get_latest_materialization_events(keys)
    runs = {event.run_id for event in newest.values() if event is not None}
    for path in _PARTITIONED:
        seen: set[str] = set()
        cursor, has_more = None, True
        while has_more:
            page = instance.fetch_materializations(asset_key(*path), limit=_PAGE, cursor=cursor)
            for record in page.records:
                if record.partition_key is not None and record.partition_key not in seen:
                    seen.add(record.partition_key)
                    runs.add(record.run_id)
            cursor, has_more = page.cursor, page.has_more
    return runs
