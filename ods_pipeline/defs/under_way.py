"""Which runs of ours wait or work, as sensors need to know it before they request another one.

Lives here: questions to the instance. Does not live here: what a sensor does with the answers
(``automation.py``), and which runs are dead (``dead_runs.py``).
"""

import time

import dagster as dg

from ods_pipeline.defs.dead_runs import DIED_TAG
from ods_pipeline.defs.keys import PREFIX, REPOSITORY_TAG

STATE_TAG = "ods_pipeline/state"  # what a publishing run publishes: one SHA-256 over all captures
AGAIN_AFTER_HOURS = 6
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_BACKFILLS_LOOKED_AT = 20


def is_work_under_way(instance: dg.DagsterInstance) -> bool:
    """Return whether a run or a backfill of ours waits or works, or is about to be started again."""
    if instance.get_runs_count(dg.RunsFilter(tags=REPOSITORY_TAG, statuses=_UNDER_WAY)):
        return True
    backfills = instance.get_backfills(limit=_BACKFILLS_LOOKED_AT)
    return any(
        backfill.status.value in ("REQUESTED", "CANCELING")
        and any(key.path[0] == PREFIX for key in backfill.asset_selection or [])
        for backfill in backfills
    )


def is_partition_under_way(instance: dg.DagsterInstance, partition: str) -> bool:
    """Return whether a run of the partition waits or works, of a job or of assets picked in the UI."""
    filters = dg.RunsFilter(tags={**REPOSITORY_TAG, "dagster/partition": partition}, statuses=_UNDER_WAY)
    return instance.get_runs_count(filters) > 0


def failed_attempt(instance: dg.DagsterInstance, state: str) -> str:
    """Return why a state is not to be published right now; empty if there is no reason."""
    records = instance.get_run_records(dg.RunsFilter(tags={STATE_TAG: state}), limit=1)
    if not records or records[0].dagster_run.status != dg.DagsterRunStatus.FAILURE:
        return ""
    if DIED_TAG in records[0].dagster_run.tags:
        return ""
    waits = (records[0].end_time or 0) + AGAIN_AFTER_HOURS * 3600 - time.time()
    if waits <= 0:
        return ""
    return (
        f"Run {records[0].dagster_run.run_id} could not publish this state. It is tried again in "
        f"{waits / 3600:.1f} hours, or when something else is loaded; publish_job tries it at once."
    )
