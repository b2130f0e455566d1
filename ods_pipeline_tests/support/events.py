"""Dagster's event log for tests that look at files and words only: it forgets.

Lives here: the storage that ``rooms.events_forgotten`` names in ``dagster.yaml``, so commands that run by
themselves import it too. Does not live here: which tests need what Dagster records (``dagster_records``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import InMemoryEventLogStorage
from sqlalchemy import Connection


class ForgetfulEventLog(InMemoryEventLogStorage):
    """Stores no event of a run, and answers as if there had been none.

    Dagster's own in memory opens a connection of SQLite for each of the 500 events of a build, which is a
    sixth of the processor time of a small one. Runs are recorded as ever.
    """

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with self._db_lock, self._held_conn.begin():
            yield self._held_conn

    def store_event(self, event: Any) -> None:
        """Forget the event."""
