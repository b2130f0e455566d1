"""Who is writing to a store, while someone is: ``writer.json``.

Lives here: taking it, giving it back, and an abandoned one. The lease saves double work and keeps ``prune``
and ``publish`` apart; what decides between two publishers is the conditional write of ``current.json``.
"""

import json
import logging
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from ods_pipeline.errors import Busy, OdsError
from ods_pipeline.publish.store.opening import LostRace, Store
from ods_pipeline.sources.clock import Clock, SystemClock

LEASE = "writer.json"
LASTS = timedelta(minutes=15)
log = logging.getLogger(__name__)


@contextmanager
def writing(store: Store, who: str, clock: Clock | None = None) -> Generator[None]:
    """Hold the lease of a store during the block.

    Args:
        store: The store.
        who: The name of this writer, as others read it.
        clock: Gives the moment; an abandoned lease ends after a quarter of an hour.

    Raises:
        Busy: Another writer holds it.
    """
    now = (clock or SystemClock()).now()
    holder = {"who": who, "host": socket.gethostname(), "process": os.getpid()}
    content = json.dumps({**holder, "until": (now + LASTS).isoformat()}).encode()
    held = store.get_json(LEASE)
    try:
        if held is None:
            store.replace(LEASE, content, None)
        else:
            value, stored = held
            if _ends(value) > now and not _is_dead(value):
                raise _busy(store, value)
            log.warning("%s has abandoned its lease of the store: it is taken over", value.get("who"))
            store.replace(LEASE, content, stored)
    except LostRace:
        held = store.get_json(LEASE)
        raise _busy(store, held[0] if held else {}) from None
    try:
        yield
    finally:
        with suppress(OdsError):  # it ends by itself
            store.delete([LEASE])


def writer() -> str:
    """Return how this writer is named to others: the machine and the process."""
    return f"{socket.gethostname()}, process {os.getpid()}"


def _ends(value: dict[str, object]) -> datetime:
    try:
        return datetime.fromisoformat(str(value["until"]))
    except (KeyError, ValueError):
        return datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _is_dead(value: dict[str, object]) -> bool:
    """Return whether the holder was a process of this machine that is gone: it was killed."""
    if value.get("host") != socket.gethostname() or not isinstance(value.get("process"), int):
        return False
    try:
        os.kill(int(str(value["process"])), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _busy(store: Store, value: dict[str, object]) -> Busy:
    return Busy(
        f"{value.get('who', 'another writer')} is writing to the store, until {value.get('until', 'soon')}",
        where=store.address,
        do="Wait for it to end, and try again",
    )
