"""What runs by itself in the UI: new releases, the daily stamps, and publishing after each load.

Publishing is on from the start. The two that ask the NHS services are off: whoever starts them says that
this is the real register. None of them acts on a data root that holds the embedded sample.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline.dataroot.layout import DataRoot, flat_mark
from ods_pipeline.defs.partitions import releases
from ods_pipeline.inventory.held import due_stamps, holds_sample
from ods_pipeline.inventory.wanted import lies_in_quarantine
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.recorded import held_releases
from ods_pipeline.sources.settings import Sources
from ods_pipeline.sources.trud import Trud

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
_SAMPLE = "The embedded sample is here; the real services are not asked for it."
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def publish_after_load(loads: list[Any], publish_job: Any) -> dg.SensorDefinition:
    """A sensor that asks for ``publish_job`` after each successful run of the jobs in ``loads``.

    Publishing twice does no harm, publishing too seldom does: so it does not wait for other loads, which
    might fail. The command line publishes by itself; this sensor does not see its runs.
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
    """A sensor that looks for a newer release at TRUD four times a day, adds its partition and asks for it.

    A release whose run failed is asked for again at the next look; one that cannot be used lies in
    ``quarantine/`` and is left there. There is no run key: Dagster never starts a second run of a key, not
    even if the first one failed.
    """

    @dg.sensor(
        name="new_trud_release",
        description="Sees a new release at TRUD and loads it. Needs TRUD_API_KEY.",
        job=release_job,
        minimum_interval_seconds=6 * 60 * 60,
        default_status=dg.DefaultSensorStatus.STOPPED,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        data_root = DataRoot(root)
        if holds_sample(data_root):
            return dg.SkipReason(_SAMPLE)
        if sources.key is None:
            return dg.SkipReason("TRUD_API_KEY is not set.")
        with closing(Trud(sources)) as trud:
            newest = trud.find("latest")
        day = newest.release_date
        is_held = any(r.release_date == day for r in held_releases(data_root))
        if is_held and flat_mark(data_root, f"release={day}") is not None:
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
    """Whether a run of the partition waits or runs, be it of the job or of assets picked in the UI."""
    filters = dg.RunsFilter(tags={"dagster/partition": partition}, statuses=_UNDER_WAY)
    return instance.get_runs_count(filters) > 0


def last_three_stamps(root: Path, delta_job: Any) -> dg.ScheduleDefinition:
    """A schedule that asks for the last three stamps every morning in one run; for more after missed days.

    05:30 UK time: the API is updated early in the morning, and 17:00 to 19:00 is for its maintenance.
    """

    @dg.schedule(
        name="last_three_stamps",
        description="Asks the ORD API for the last three stamps, and for those that were missed.",
        job=delta_job,
        cron_schedule="30 5 * * *",
        execution_timezone="Europe/London",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        data_root = DataRoot(root)
        if holds_sample(data_root):
            return dg.SkipReason(_SAMPLE)
        window = due_stamps(data_root, uk_date(context.scheduled_execution_time))
        if window is None:
            return dg.SkipReason("No release is held, or today's stamps have been asked for.")
        first, last = window[0].isoformat(), window[1].isoformat()
        return dg.RunRequest(
            run_key=last,
            run_config={"ops": {"take_ord_fetches": {"config": {"source": "ord"}}}},
            tags={RANGE_START: first, RANGE_END: last},
        )

    return schedule
