"""A clock that moves only when someone waits, and the local server as the sources of a run.

Lives here: time, and settings for tests. Does not live here: the server (`ord_server.py`).
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ods_pipeline.sources.clock import Clock
from ods_pipeline.sources.settings import Key, Manners, Sources
from ods_pipeline_tests.odt_server import OdtServer
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.builders import make_record
from ods_pipeline_tests.support.worlds import Made

KEY = "k3y0fTheTests-never-to-be-seen"
ODT_KEY = Key("0dtK3y-never-to-be-seen", "ODS_ODT_API_KEY")
FOREVER = 1e9  # this clock may jump while an answer is under way
# Real seconds for sockets that have to give up; all other times are the simulated clock's.
QUICK = Manners(attempts=4, connect=10.0, read=20.0, answer=FOREVER, download=FOREVER)
ONE_AT_A_TIME = replace(QUICK, in_flight=1)
IMPATIENT = replace(QUICK, read=0.7, attempts=3)  # for a server that stalls


class SimulatedClock:
    """A clock that moves only when someone sleeps. Threads may share it."""

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
        """Moves on to a later moment."""
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        assert moment > self.now()
        self.sleep((moment - self.now()).total_seconds())


def odt_sources_of(server: OdtServer, clock: Clock, **changes: Any) -> Sources:
    """The local server's ODT as the delta source of a run."""
    odt = {"odt_url": server.odt_url, "odt_key": ODT_KEY, "deltas_from": "odt"}
    return sources_of(server, clock, **{**odt, **changes})


def sources_of(server: OrdServer, clock: Clock, **changes: Any) -> Sources:
    """The local server as the sources of a run."""
    defaults = {"ord_url": server.ord_url, "trud_url": server.trud_url, "key": Key(KEY), "clock": clock}
    return Sources(**{**defaults, "manners": QUICK, **changes})


def mostly_later(number: int) -> str:
    """A stamp within the window for one record in a hundred: long lists, few records."""
    return "2026-09-05" if number % 100 else "2026-09-03"


def world_of(number: int, stamp: str | Callable[[int], str] = "2026-09-03") -> Made:
    """A register of `number` records, with one stamp or a stamp for each number."""
    codes = [f"RX{n:04d}" for n in range(number)]
    return Made(
        {
            c: make_record(c, LastChangeDate=stamp if isinstance(stamp, str) else stamp(n))
            for n, c in enumerate(codes)
        }
    )


def of_organisations(paths: list[str]) -> list[str]:
    """The codes that these paths ask for."""
    return [p.rpartition("/")[2] for p in paths if "/organisations/" in p]
