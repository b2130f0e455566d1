"""What runs by itself under the daemon: new releases, the daily stamps, publishing, and the end of dead runs.

Publishing and the end of dead runs are on from the start. The sensor and the schedule that ask the NHS
services are off: starting them declares that this is the real register. They skip a data root that holds the
embedded sample.

Lives here: sensors and schedules that request or end runs. Does not live here: what is due
(``inventory/due.py``), which runs wait, work or are dead (``under_way.py``, ``dead_runs.py``), and alerts
(``watching.py``).
"""

from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline.dataroot.flat import flat_mark, release_folder
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.dead_runs import fail_dead_runs
from ods_pipeline.defs.keys import MAX_RETRIES_TAG
from ods_pipeline.defs.partitions import range_tags, releases
from ods_pipeline.defs.under_way import (
    STATE_TAG,
    failed_attempt,
    is_partition_under_way,
    is_work_under_way,
)
from ods_pipeline.inventory.due import due_stamps, needs_flattening_again, unpublished
from ods_pipeline.inventory.held import lies_in_quarantine
from ods_pipeline.inventory.sample import SAMPLE_IS_HERE, holds_sample
from ods_pipeline.sources.clock import UK, uk_date
from ods_pipeline.sources.deltas import longest_gap
from ods_pipeline.sources.recorded import held_releases
from ods_pipeline.sources.settings import Sources
from ods_pipeline.sources.trud import Listed, Trud

_SKIP_SAMPLE = f"{SAMPLE_IS_HERE.capitalize()}."


def publish_after_load(root: Path, publish_job: Any) -> dg.SensorDefinition:
    """Return a sensor that requests ``publish_job`` when something is flattened that is not published.

    It compares the data root with the published set, so it does not matter who loaded what, or how. It waits
    while a run of ours or a backfill is under way: twelve releases are published once. A failed attempt is
    made again after some hours, unless the process died: then at once.
    """

    @dg.sensor(
        name="publish_after_load",
        description="Publishes what was loaded, by a job, the catalogue, a backfill or the command line.",
        job=publish_job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        data_root = DataRoot(root)
        state = unpublished(data_root)
        if state is None:
            return dg.SkipReason("The published set is up to date.")
        if needs_flattening_again(data_root):
            return dg.SkipReason("This version flattens what is held again first. Run: ods-pipeline build")
        if is_work_under_way(context.instance):
            return dg.SkipReason("A run or a backfill is under way or queued; publishing waits for its end.")
        failed = failed_attempt(context.instance, state)
        if failed:
            return dg.SkipReason(failed)
        return dg.RunRequest(tags={STATE_TAG: state, MAX_RETRIES_TAG: "0"})

    return sensor


def dead_runs(root: Path) -> dg.SensorDefinition:
    """Return a sensor that marks as failed the runs whose processes have died, to free their place."""

    @dg.sensor(
        name="dead_runs",
        description="Marks as failed the runs whose processes have died, e.g. by a kill or a loss of power.",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        dead = fail_dead_runs(context.instance, DataRoot(root))
        return dg.SkipReason(f"{dead} runs are marked as failed." if dead else "No run has died.")

    return sensor


def new_trud_release(root: Path, sources: Sources, release_job: Any) -> dg.SensorDefinition:
    """Return a sensor that looks for releases at TRUD four times a day and requests their loads.

    It requests every release listed that is not held and flattened, the oldest first, and adds its partition.
    A release whose run failed is requested again at the next look. One that cannot be used lies in
    ``quarantine/`` and is not requested. There is no run key: Dagster never starts a second run for a key,
    even if the first one failed.
    """

    @dg.sensor(
        name="new_trud_release",
        description="Finds the releases at TRUD that are not held and loads them. Needs TRUD_API_KEY.",
        job=release_job,
        minimum_interval_seconds=6 * 60 * 60,
        default_status=dg.DefaultSensorStatus.STOPPED,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        data_root = DataRoot(root)
        if holds_sample(data_root):
            return dg.SkipReason(_SKIP_SAMPLE)
        if sources.key is None:
            return dg.SkipReason("TRUD_API_KEY is not set.")
        with closing(Trud(sources)) as trud:
            listed = sorted(trud.releases(), key=lambda r: r.release_date)
        reasons = {r.release_date: _why_not_to_load(data_root, context.instance, r) for r in listed}
        days = [day for day, reason in reasons.items() if not reason]
        if not days:
            newest = listed[-1].release_date
            return dg.SkipReason(f"The newest release, of {newest}, {reasons[newest]}; no older one is due.")
        return dg.SensorResult(
            run_requests=[dg.RunRequest(partition_key=day) for day in days],
            dynamic_partitions_requests=[releases.build_add_request(days)],
        )

    return sensor


def _why_not_to_load(root: DataRoot, instance: dg.DagsterInstance, listed: Listed) -> str:
    """Return why a release that TRUD lists is not to be loaded now; empty if it is."""
    day = listed.release_date
    is_held = any(r.release_date == day for r in held_releases(root))
    if is_held and flat_mark(root, release_folder(day)) is not None:
        return "is held"
    if not is_held and lies_in_quarantine(root, listed):
        return "lies in quarantine/ with the reason"
    return "is being loaded" if is_partition_under_way(instance, day) else ""


def last_three_stamps(root: Path, sources: Sources, delta_job: Any) -> dg.ScheduleDefinition:
    """Return a schedule that requests the last three stamps every morning, in one run.

    After missed days it requests more. 05:30 UK time: the API is updated early in the morning, and its
    maintenance is from 17:00 to 19:00.
    """

    @dg.schedule(
        name="last_three_stamps",
        description="Asks for the changes of the last three stamps, and of those that were missed.",
        job=delta_job,
        cron_schedule="30 5 * * *",
        execution_timezone=UK.key,
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        data_root = DataRoot(root)
        if holds_sample(data_root):
            return dg.SkipReason(_SKIP_SAMPLE)
        today = uk_date(context.scheduled_execution_time)
        window = due_stamps(data_root, today, longest_gap(sources))
        if window is None:
            return dg.SkipReason("No release is held, or today's stamps have been asked for.")
        first, last = window[0].isoformat(), window[1].isoformat()
        return dg.RunRequest(
            run_key=last,
            run_config={"ops": {"take_ord_fetches": {"config": {"source": "ord"}}}},
            tags=range_tags(first, last),
        )

    return schedule
