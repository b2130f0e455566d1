"""Ends the records of runs whose processes have died, so that nothing waits for them.

Lives here: which unfinished runs of ours are dead, and marking them as failed. Does not live here: the marks
of living runs (``dataroot/run_marks.py``), and what takes their place (``automation.py``, and ``run_retries``
in ``dagster.yaml``).
"""

import logging
import time

import dagster as dg

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.run_marks import Mark, booted_at, mark_of_run, remove_marks
from ods_pipeline.defs.keys import REPOSITORY_TAG, is_of_command_line

DIED_TAG = "ods_pipeline/died"
# A run without a mark waits for its first or next step. The longest wait for an attempt is 20 minutes.
QUIET_SECONDS = 3600.0
# A queued run waits for a daemon, which may be down for as long as it likes.
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
log = logging.getLogger(__name__)


def fail_dead_runs(
    instance: dg.DagsterInstance, root: DataRoot, *, locked: bool = False, none_is_starting: bool = False
) -> int:
    """Mark the unfinished runs of ours whose processes have ended as failed, and return their number.

    Args:
        instance: The instance that records the runs.
        root: The data root that they work on.
        locked: The caller holds the lock on the data root, so that no run of another command line is alive.
        none_is_starting: No run can be between its launch and its first step, because no daemon is up: a run
            without a mark is dead then.
    """
    dead = 0
    for record in instance.get_run_records(dg.RunsFilter(tags=REPOSITORY_TAG, statuses=_UNFINISHED)):
        reason = _why_dead(root, record, locked=locked, none_is_starting=none_is_starting)
        if reason:
            run = record.dagster_run
            instance.add_run_tags(run.run_id, {DIED_TAG: "true"})
            instance.report_run_failed(run, f"The process that ran it has ended: {reason}.")
            remove_marks(root, run.run_id)
            dead += 1
    if dead:
        log.warning("%d unfinished runs of an earlier process are marked as failed", dead)
    return dead


def _why_dead(root: DataRoot, record: dg.RunRecord, *, locked: bool, none_is_starting: bool) -> str:
    """Return why a run is taken for dead; empty if it may be alive."""
    mark = mark_of_run(root, record.dagster_run.run_id)
    if mark == Mark.LEFT:
        return "nobody holds its mark any more"
    if mark != Mark.NONE:
        return ""
    of_command_line = is_of_command_line(record.dagster_run)
    if of_command_line and locked:
        return "it would hold the lock"
    last_update = record.update_timestamp.timestamp()
    booted = booted_at()
    if booted is not None and last_update < booted:
        return "the machine was started again since"
    if none_is_starting and not of_command_line:
        return "it has no mark, and no daemon was up to start it"
    if time.time() - last_update > QUIET_SECONDS:
        return f"it has recorded nothing for {QUIET_SECONDS / 60:.0f} minutes"
    return ""
