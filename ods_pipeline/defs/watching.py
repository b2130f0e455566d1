"""What watches the runs of the daemon, and the age of the published set.

Lives here: the alert of a failed run, the alert of what a published set lacks, and the check of its age. Does
not live here: how an alert is sent (``alerts.py``), and what requests runs (``automation.py``).
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.alerts import Alerts, attention_text
from ods_pipeline.defs.assets.published import ODS_DUCKDB
from ods_pipeline.defs.assets.raw import DAYS_BETWEEN_FETCHES, DAYS_BETWEEN_RELEASES
from ods_pipeline.defs.keys import is_of_command_line
from ods_pipeline.inventory.health import Health, health_of
from ods_pipeline.sources.clock import UK, uk_date


def run_failed(root: Path, alerts: Alerts) -> dg.SensorDefinition:
    """Return a sensor that sends an alert for each run that failed under the daemon."""

    @dg.run_failure_sensor(
        name="alert_of_failed_runs",
        description="Sends an alert for each run that failed.",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
    )
    def sensor(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        if is_of_command_line(run):
            return  # the command sends its own alert
        errors = [
            event.step_failure_data.user_failure_data.description
            for event in context.get_step_failure_events()
            if event.step_failure_data.user_failure_data
        ]
        reason = " ".join(error for error in errors if error) or context.failure_event.message or ""
        text = f"{run.job_name} failed: {reason}"
        alerts.send("failed", text, data_root=root, job=run.job_name, run_id=run.run_id)

    return sensor


def published_with_gaps(root: Path, alerts: Alerts, publish_job: Any) -> dg.SensorDefinition:
    """Return a sensor that sends an alert if a set was published and something needs attention."""

    @dg.run_status_sensor(
        name="alert_of_attention",
        description="Sends an alert if days are missing, codes have no answer, or records drifted.",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[publish_job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
    )
    def sensor(context: dg.RunStatusSensorContext) -> None:
        if is_of_command_line(context.dagster_run):
            return  # the command sends its own alert
        health = health_of(DataRoot(root))
        text = attention_text(health, drift_before=health.drift)
        if text:
            alerts.send("attention", text, data_root=root, run_id=context.dagster_run.run_id)

    return sensor


def age_problem(health: Health, today: date) -> str:
    """Return why the published set is too old; empty if it is not. The sample is never too old."""
    if health.as_of is None or health.sample:
        return ""
    age = (today - date.fromisoformat(health.as_of)).days
    most = DAYS_BETWEEN_FETCHES if health.fetches else DAYS_BETWEEN_RELEASES
    return (
        f"The published set is as of {health.as_of}, {age} days ago; at most {most} are usual."
        if age > most
        else ""
    )


def as_of_is_recent(root: Path, alerts: Alerts) -> dg.AssetChecksDefinition:
    """Return a check on the day that the set covers. When it was last made does not matter."""

    @dg.asset_check(
        name="as_of_is_recent",
        asset=ODS_DUCKDB,
        description="The published set covers a recent day, whenever it was made.",
    )
    def check() -> dg.AssetCheckResult:
        health = health_of(DataRoot(root))
        problem = age_problem(health, uk_date(datetime.now(UTC)))
        if problem:
            alerts.send("stale", problem, data_root=root, as_of=health.as_of)
        return dg.AssetCheckResult(
            passed=not problem,
            severity=dg.AssetCheckSeverity.WARN,
            description=problem or f"as of {health.as_of}",
            metadata={"as_of": health.as_of or "nothing is published"},
        )

    return check


def daily_check(check_job: Any) -> dg.ScheduleDefinition:
    """Return a schedule that runs the check of the age every morning, after the deltas are in."""
    return dg.ScheduleDefinition(
        name="check_as_of",
        description="Checks every morning that the published set covers a recent day.",
        job=check_job,
        cron_schedule="0 9 * * *",
        execution_timezone=UK.key,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
