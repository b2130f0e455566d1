"""pace.py: turns and waits, on a simulated clock."""

import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.sources.ord.hours import maintenance_ends
from ods_pipeline.sources.pace import Pace, Stopped
from ods_pipeline_tests.support.simulated import SimulatedClock


def turns_of(pace: Pace, threads: int, each: int) -> list[float]:
    moments: list[float] = []

    def work() -> None:
        for _ in range(each):
            moments.append(pace.take_turn())

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    return sorted(moments)


@pytest.mark.promise("polite")
def test_eight_threads_together_never_start_more_than_four_in_any_second() -> None:
    starts = turns_of(Pace(SimulatedClock("2026-09-04T04:30:00+00:00"), 0.27), threads=8, each=25)
    assert len(starts) == 200
    assert all(fifth - first > 1.0 for first, fifth in zip(starts, starts[4:], strict=False))
    # And no time is given away: one turn every 0.27 seconds.
    assert starts[-1] - starts[0] == pytest.approx(0.27 * 199, abs=0.01)


@pytest.mark.promise("polite")
def test_a_hold_applies_to_all_threads() -> None:
    clock = SimulatedClock("2026-09-04T04:30:00+00:00")
    pace = Pace(clock, 0.27)
    before = pace.take_turn()
    pace.hold(60)
    pace.hold(5)  # a shorter one does not shorten it
    assert pace.take_turn() - before == pytest.approx(60, abs=0.3)


@pytest.mark.promise("polite")
def test_maintenance_hours_in_the_middle_of_the_work_are_waited_out() -> None:
    clock = SimulatedClock("2026-10-26T16:59:59.9+00:00")  # winter time since yesterday
    pace = Pace(clock, 0.27, maintenance_ends)
    moments = []
    for _ in range(3):
        pace.take_turn()
        moments.append(clock.now())
    hours = [moment.hour for moment in moments]
    assert set(hours) <= {16, 19} and hours[-1] == 19


def test_a_thread_that_waits_for_a_turn_can_be_stopped_at_once() -> None:
    class Slow(SimulatedClock):
        def sleep(self, seconds: float) -> None:
            time.sleep(0.01)  # an hour never passes

    pace = Pace(Slow("2026-09-04T16:30:00+00:00"), 0.27, maintenance_ends)
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(Stopped):
            pace.take_turn()
        ended.set()

    threading.Thread(target=wait).start()
    pace.stop()
    assert ended.wait(5)


@pytest.mark.promise("polite")
@given(st.lists(st.floats(0, 3), min_size=2, max_size=30))
def test_turns_keep_their_distance_however_late_they_are_taken(waits: list[float]) -> None:
    clock = SimulatedClock("2026-09-04T04:30:00+00:00")
    pace, starts = Pace(clock, 0.27), []
    for seconds in waits:
        clock.sleep(seconds)
        starts.append(pace.take_turn())
    assert all(b - a >= 0.27 - 1e-9 for a, b in pairwise(starts))
