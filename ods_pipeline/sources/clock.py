"""Time for whoever asks a server: what it is now, waiting, and the UK's calendar.

Lives here: the clock that can be replaced, so that a test lives through a month in a second; the hours in
which nothing is asked. Does not live here: what is asked, and how often (``polite.py``).
"""

import time as system_time
from datetime import UTC, date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

UK = ZoneInfo("Europe/London")
# "Between 17:00 and 19:00 UK time the service may be down for maintenance" (ORD API guidance).
MAINTENANCE = time(17), time(19)


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """The time of day, with time zone UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Waits."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return system_time.monotonic()

    def sleep(self, seconds: float) -> None:
        system_time.sleep(seconds)


def uk_date(at: datetime) -> date:
    """The date in the UK at a moment."""
    return at.astimezone(UK).date()


def maintenance_ends(at: datetime) -> datetime | None:
    """When the maintenance hours that hold at this moment end (UTC); None outside of them.

    17:00 belongs to them, 19:00 does not. Clocks change at night, never between the two.
    """
    local = at.astimezone(UK)
    first, end = MAINTENANCE
    if not first <= local.time() < end:
        return None
    return datetime.combine(local.date(), end, UK).astimezone(UTC)
