"""Many inputs, one after the other: each is read whole, or refused in one line, in its time.

What lives here: the loop, the deadline, the counts, the place for files. What does not: how inputs are made
(``*_mutants.py``), and what must be true of one that was read (the tests).
"""

import faulthandler
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import TypeVar

from ods_pipeline.errors import OdsError
from ods_pipeline_tests.support import figures

SECONDS = 10.0
PROMISE = "hostile"
# Thousands of small files are written in memory where there is such a place.
IN_MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
T = TypeVar("T")


class TooSlow(BaseException):
    """An input took longer than it may. No ``except Exception`` can swallow it."""


@contextmanager
def deadline(seconds: float = SECONDS) -> Generator[None]:
    """Raises TooSlow after so long. Compiled code that never comes back ends the process, all stacks told.

    On a busy machine the seconds are those of this process; none may take six times as long by the clock.
    """
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield
        return

    began, began_by_clock = time.process_time(), time.monotonic()

    def over(_signal: int, _frame: FrameType | None) -> None:
        if time.process_time() - began < seconds and time.monotonic() - began_by_clock < 5 * seconds:
            signal.setitimer(signal.ITIMER_REAL, 1)
            return
        raise TooSlow(f"it took longer than {seconds:.0f} s")

    faulthandler.dump_traceback_later(seconds * 6, exit=True)
    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        faulthandler.cancel_dump_traceback_later()


def outcome(given: T, read: Callable[[T], str]) -> str:
    """What became of one input: what ``read`` says of it, or ``refused``. Anything else that it raises is a
    crash, and a message of more than one line, or one that does not say what to do, is no refusal."""
    with deadline():
        try:
            return read(given)
        except OdsError as refused:
            assert "\n" not in str(refused), f"more than one line: {refused}"
            assert len(str(refused)) < 2_000, f"too long to read: {str(refused)[:300]}"
            assert refused.do, f"it does not say what to do: {refused}"
            return "refused"


def try_many(what: str, many: int, make: Callable[[Random], T], read: Callable[[T], str]) -> Counter[str]:
    """Reads ``many`` inputs, each made from a seed of its own, and records what became of them."""
    found: Counter[str] = Counter()
    for number in range(many):
        given = make(seeded(what, number))
        try:
            found[outcome(given, read)] += 1
        except BaseException as error:
            error.add_note(f"{what}, input {number}: {given!r:.3000}")
            raise
    figures.record(PROMISE, f"{what}: inputs tried", many)
    for name, count in sorted(found.items()):
        figures.record(PROMISE, f"{what}: {name}", count)
    return found


def seeded(what: str, number: int) -> Random:
    return Random(f"{what} {number}")
