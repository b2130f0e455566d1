"""Time as the sources use it: the time of day, waiting, and the UK calendar.

Lives here: a clock that a test can replace, so that a month takes a second. Does not live here: how often a
server is asked (``http.py``), and when it must not be (``ord/hours.py``).
"""

import time as system_time
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

UK = ZoneInfo("Europe/London")


class Clock(Protocol):
    """The time of day, and waiting."""

    def now(self) -> datetime:
        """Return the time of day, with time zone UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds since a fixed moment; it never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for this many seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the time of day, with time zone UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since a fixed moment; it never goes back."""
        return system_time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for this many seconds."""
        system_time.sleep(seconds)


def uk_date(at: datetime) -> date:
    """Return the date in the UK at this moment."""
    return at.astimezone(UK).date()
