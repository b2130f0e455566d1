"""What runs by itself in the UI: new releases, the daily stamps, and publishing after each load.

Publishing is on from the start. The sensor and the schedule that ask the NHS services are off: starting them
declares that this is the real register. They skip a data root that holds the embedded sample.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline.dataroot.flat import flat_mark, release_folder
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.partitions import range_tags, releases
from ods_pipeline.inventory.due import due_stamps
from ods_pipeline.inventory.held import lies_in_quarantine
from ods_pipeline.inventory.sample import SAMPLE_IS_HERE, holds_sample
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.deltas import longest_gap
from ods_pipeline.sources.recorded import held_releases
from ods_pipeline.sources.settings import Sources
from ods_pipeline.sources.trud import Trud

_SKIP_SAMPLE = f"{SAMPLE_IS_HERE.capitalize()}."
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def publish_after_load(loads: list[Any], publish_job: Any) -> dg.SensorDefinition:
    """Return a sensor that requests ``publish_job`` after each successful run of the jobs in ``loads``.

    Publishing twice does no harm, a load that stays unpublished does. So it does not wait for other loads,
    which might fail. The command line publishes by itself; this sensor does not see its runs.
    """

    @dg.run_status_sensor(
        name="publish_after_load",
        description="Publishes after a release or delta was loaded from the UI.",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=loads,
        request_job=publish_job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.RunStatusSensorContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.dagster_run.run_id)

    return sensor


def new_trud_release(root: Path, sources: Sources, release_job: Any) -> dg.SensorDefinition:
    """Return a sensor that looks for a newer release at TRUD four times a day and requests its load.

    It adds the release's partition first. A release whose run failed is requested again at the next look. One
    that cannot be used lies in ``quarantine/`` and is not requested. There is no run key: Dagster never
    starts a second run for a key, even if the first one failed.
    """

    @dg.sensor(
        name="new_trud_release",
        description="Finds a new release at TRUD and loads it. Needs TRUD_API_KEY.",
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
            newest = trud.find("latest")
        day = newest.release_date
        is_held = any(r.release_date == day for r in held_releases(data_root))
        if is_held and flat_mark(data_root, release_folder(day)) is not None:
            return dg.SkipReason(f"The newest release, of {day}, is held.")
        if not is_held and lies_in_quarantine(data_root, newest):
            return dg.SkipReason(f"The newest release, of {day}, lies in quarantine/ with the reason.")
        if _is_under_way(context.instance, day):
            return dg.SkipReason(f"The newest release, of {day}, is being loaded.")
        return dg.SensorResult(
            run_requests=[dg.RunRequest(partition_key=day)],
            dynamic_partitions_requests=[releases.build_add_request([day])],
        )

    return sensor


def _is_under_way(instance: dg.DagsterInstance, partition: str) -> bool:
    """Return whether a run of the partition waits or runs, of the job or of assets picked in the UI."""
    filters = dg.RunsFilter(tags={"dagster/partition": partition}, statuses=_UNDER_WAY)
    return instance.get_runs_count(filters) > 0


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
        execution_timezone="Europe/London",
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
