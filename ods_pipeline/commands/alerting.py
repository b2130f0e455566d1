"""The alerts at the end of a build. Does not live here: the ways they go (``defs/alerts.py``)."""

from collections.abc import Generator
from contextlib import contextmanager

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.alerts import alerts_from, attention_text
from ods_pipeline.defs.runs import Built
from ods_pipeline.errors import Busy
from ods_pipeline.inventory.health import health_of


@contextmanager
def alerting_of_failure(root: DataRoot) -> Generator[None]:
    """Send an alert if the block fails, and raise the error again. Busy is not a failure."""
    try:
        yield
    except Busy:
        raise
    except Exception as error:
        alerts_from().send("failed", f"build failed: {error}", data_root=root.path, kind=type(error).__name__)
        raise


def alert_of_attention(root: DataRoot, built: Built, drift_before: int) -> None:
    """Send an alert if the build had problems, or left something that needs attention."""
    alerts = alerts_from()
    if not alerts:
        return
    health = health_of(root)
    text = attention_text(health, drift_before)
    problems = " ".join(built.problems)
    if text or problems:
        message = " ".join(part for part in (text, problems) if part)
        alerts.send(
            "attention",
            message,
            data_root=health.data_root,
            as_of=health.as_of,
            missing_stamps=health.missing_stamps,
            unanswered_codes=health.unanswered_codes,
            drift=health.drift,
            problems=built.problems,
        )
