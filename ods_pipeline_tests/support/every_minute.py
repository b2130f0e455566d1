"""Our definitions with the daily schedule started and due every minute, for a code server under test.

A schedule of Dagster cannot be asked to be due: it is due at its time. Nothing else differs.
"""

from typing import Any

import dagster as dg

_schedule = dg.schedule


def _every_minute(**settings: Any) -> Any:
    started = {"cron_schedule": "* * * * *", "default_status": dg.DefaultScheduleStatus.RUNNING}
    return _schedule(**(settings | started))


dg.schedule = _every_minute  # ty: ignore[invalid-assignment]
try:
    from ods_pipeline.definitions import defs
finally:
    dg.schedule = _schedule

__all__ = ["defs"]
