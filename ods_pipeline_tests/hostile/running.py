"""Many inputs, one after the other: each is read whole, or rejected in one line, within a deadline.

Lives here: the loop, the deadline, the counts, the place for files. Does not live here: how inputs are made
(``*_mutants.py``), and what must be true of an input that was read (the tests).
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
from ods_pipeline_tests.support.times import TIMES

SECONDS = 10.0
PROMISE = "hostile"
# Thousands of small files are written to memory if the system offers a folder for it.
IN_MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
T = TypeVar("T")


class TooSlow(BaseException):
    """An input exceeded its deadline. No ``except Exception`` can swallow this."""


@contextmanager
def deadline(seconds: float = SECONDS) -> Generator[None]:
    """Raise TooSlow after this many seconds of processor time, or five times as many by the clock.

    Compiled code that does not return in six times as long ends the process, with all stacks printed.
    """
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield
        return

    cpu_start, clock_start = time.process_time(), time.monotonic()

    def expire(_signal: int, _frame: FrameType | None) -> None:
        if time.process_time() - cpu_start < seconds and time.monotonic() - clock_start < 5 * seconds:
            signal.setitimer(signal.ITIMER_REAL, 1)
            return
        raise TooSlow(f"it took longer than {seconds:.0f} s")

    faulthandler.dump_traceback_later(seconds * 6, exit=True)
    previous = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        faulthandler.cancel_dump_traceback_later()


def outcome(subject: T, read: Callable[[T], str]) -> str:
    """Return what became of one input: the result of ``read``, or ``rejected`` if it raised an OdsError.

    The error must be one line, short enough to read, with a remedy. Anything else that is raised is a crash.
    """
    with deadline():
        try:
            return read(subject)
        except OdsError as rejected:
            assert "\n" not in str(rejected), f"more than one line: {rejected}"
            assert len(str(rejected)) < 2_000, f"too long to read: {str(rejected)[:300]}"
            assert rejected.do, f"it has no remedy: {rejected}"
            return "rejected"


def try_many(what: str, many: int, make: Callable[[Random], T], read: Callable[[T], str]) -> Counter[str]:
    """Read ``many`` inputs (times ``TIMES``), each made from its own seed, and record the outcomes."""
    many *= TIMES
    outcomes: Counter[str] = Counter()
    for number in range(many):
        subject = make(seeded(what, number))
        try:
            outcomes[outcome(subject, read)] += 1
        except BaseException as error:
            error.add_note(f"{what}, input {number}: {subject!r:.3000}")
            raise
    figures.record(PROMISE, f"{what}: inputs tried", many)
    for name, count in sorted(outcomes.items()):
        figures.record(PROMISE, f"{what}: {name}", count)
    return outcomes


def seeded(what: str, number: int) -> Random:
    return Random(f"{what} {number}")
