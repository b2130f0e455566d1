"""How often a server is asked: one turn after the other, and none in its maintenance hours."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from ods_pipeline.sources.clock import UK, Clock

# The end (UTC) of the hours in which a server is not asked, if the moment falls into them; else None.
ClosedUntil = Callable[[datetime], datetime | None]
_SLICE = 1.0  # a wait is cut into pieces, so that an interruption ends it
log = logging.getLogger(__name__)


class Stopped(Exception):
    """The work was called off: another part of it failed or was interrupted."""


class Pace:
    """Gives each request its turn, whichever thread asks: one clock, one interval, one queue."""

    def __init__(self, clock: Clock, interval: float, closed_until: ClosedUntil | None = None) -> None:
        self._clock, self._interval, self._closed_until = clock, interval, closed_until
        self._turn, self._hold = threading.Lock(), threading.Lock()
        self._next = clock.monotonic() + interval  # another process may have asked just now
        self._stopped = threading.Event()

    def take_turn(self) -> float:
        """Wait for the next turn and return its moment on the monotonic clock. Raises Stopped."""
        with self._turn:
            while True:
                if self._stopped.is_set():
                    raise Stopped
                self._wait_until_open()
                now = self._clock.monotonic()
                with self._hold:
                    left = self._next - now
                    if left <= 0:
                        self._next = now + self._interval
                        return now
                self._clock.sleep(min(left, _SLICE))

    def hold(self, seconds: float) -> None:
        """Give no turn for this many seconds."""
        with self._hold:
            self._next = max(self._next, self._clock.monotonic() + seconds)

    def stop(self) -> None:
        """End all waiting. No turn is given after that."""
        self._stopped.set()

    def _wait_until_open(self) -> None:
        end = self._closed_until(self._clock.now()) if self._closed_until is not None else None
        if end is None:
            return
        log.info("these are maintenance hours: continuing at %s", end.astimezone(UK).isoformat())
        while (left := (end - self._clock.now()).total_seconds()) > 0:
            if self._stopped.is_set():
                raise Stopped
            self._clock.sleep(min(left, _SLICE))
