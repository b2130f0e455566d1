"""Who is alerted, and of what: a failed run or build, missing days, codes without an answer, drift.

Lives here: the message and its two ways, named by the environment: ``ODS_ALERT_URL`` gets it as a POST of
JSON, ``ODS_ALERT_COMMAND`` on stdin. Does not live here: when (``watching.py``, ``commands/alerting.py``).
Neither the address nor the command is ever logged: they often hold a secret. An alert that cannot be
delivered is a warning in the log, and never a failure of the work.
"""

import json
import logging
import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from ods_pipeline.inventory.health import Health

URL, COMMAND = "ODS_ALERT_URL", "ODS_ALERT_COMMAND"
_SECONDS = 15.0
_SHOWN = 10
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alerts:
    """Where alerts go; empty texts if nowhere."""

    url: str = ""
    command: str = ""

    def __repr__(self) -> str:
        return f"Alerts(url={'(set)' if self.url else ''}, command={'(set)' if self.command else ''})"

    def __bool__(self) -> bool:
        return bool(self.url or self.command)

    def send(self, event: str, text: str, **facts: object) -> None:
        """Send ``{"event", "text", ...}``; chats that take webhooks show ``text``."""
        message = json.dumps({"event": event, "text": text, **facts}, default=str)
        if self.url:
            _try("the URL", lambda: _post(self.url, message))
        if self.command:
            _try("the command", lambda: _run(self.command, message))


def alerts_from(environment: Mapping[str, str] | None = None) -> Alerts:
    """Return where the environment sends alerts."""
    variables = os.environ if environment is None else environment
    return Alerts(variables.get(URL, "").strip(), variables.get(COMMAND, "").strip())


def attention_text(health: Health, drift_before: int = 0) -> str:
    """Return one line on what needs attention in a data root; empty if nothing does.

    Args:
        health: The state now.
        drift_before: The rows of ``marts.drift`` before; only more of them need attention.
    """
    ahead = [problem.partition(":")[0] for problem in health.of_the_future]
    parts = [
        _named(health.missing_stamps, "missing day", "missing days"),
        _named(health.unanswered_codes, "code without an answer", "codes without an answer"),
        _named(health.held_but_not_flattened, "capture not flattened", "captures not flattened"),
        _named(health.damaged_receipts, "damaged receipt", "damaged receipts"),
        _named(health.newest_record_set_aside, "newest record set aside", "newest records set aside"),
        _named(ahead, "capture of a day to come", "captures of days to come"),
        f"{health.drift - drift_before:,} new rows of drift" if health.drift > drift_before else "",
        "something is held that is not published" if health.is_behind else "",
    ]
    problems = "; ".join(part for part in parts if part)
    return f"{health.data_root}: {problems}." if problems else ""


def _named(names: list[str], one: str, many: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{len(names):,} {one if len(names) == 1 else many} ({', '.join(names[:_SHOWN])}{more})"


def _post(url: str, message: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = httpx.post(url, content=message.encode(), headers=headers, timeout=_SECONDS)
    if response.is_error:
        raise OSError(f"HTTP {response.status_code}")


def _run(command: str, message: str) -> None:
    ended = subprocess.run(
        shlex.split(command), input=message.encode(), timeout=_SECONDS, check=False, capture_output=True
    )
    if ended.returncode:
        raise OSError(f"exit code {ended.returncode}")


def _try(what: str, deliver: Callable[[], None]) -> None:
    try:
        deliver()
    except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL, subprocess.SubprocessError) as error:
        kind = type(error).__name__ if not str(error).startswith(("HTTP ", "exit code ")) else str(error)
        log.warning("an alert could not be delivered through %s (%s)", what, kind)
