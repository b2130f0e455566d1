"""Time that passes only when somebody waits, and sources that are the local server.

What lives here: a clock for whole months in a second. What does not: the server.
"""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ods_pipeline.source.clock import Clock
from ods_pipeline.source.settings import Key, Manners, Sources
from ods_pipeline_tests.ord_server import OrdServer

KEY = "k3y0fTheTests-never-to-be-seen"
FOREVER = 1e9  # this clock may jump while an answer is on its way
# Real seconds where a socket has to give up; all other times are the clock's.
QUICK = Manners(attempts=4, connect=2.0, read=0.4, answer=FOREVER, download=FOREVER)
ONE_AT_A_TIME = replace(QUICK, read=5.0, in_flight=1)


class SimulatedClock:
    """A clock that stands still until somebody sleeps. Threads may share it."""

    def __init__(self, at: str) -> None:
        self.begin, self.seconds = datetime.fromisoformat(at).astimezone(UTC), 1000.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self.begin + timedelta(seconds=self.seconds - 1000.0)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds

    def go_to(self, at: str | datetime) -> None:
        """Moves on to a moment that is still to come."""
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        assert moment > self.now()
        self.sleep((moment - self.now()).total_seconds())


def sources_of(server: OrdServer, clock: Clock, **changes: Any) -> Sources:
    """The local server as the sources of a run."""
    given = {"ord_url": server.ord_url, "trud_url": server.trud_url, "key": Key(KEY), "clock": clock}
    return Sources(**{**given, "manners": QUICK, **changes})
