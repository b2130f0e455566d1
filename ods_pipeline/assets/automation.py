"""What runs by itself in the UI: after a release or a delta has been loaded, the set is published."""

from typing import Any

import dagster as dg


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
