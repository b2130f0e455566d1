"""The simulated clock, which tests wait on."""

from datetime import UTC, datetime, timedelta

from ods_pipeline_tests.support.simulated import SimulatedClock

NOW = datetime(2026, 9, 4, 4, 30, tzinfo=UTC)


def test_the_simulated_clock_reaches_the_moment_it_is_sent_to() -> None:
    clock = SimulatedClock("2026-09-04T04:30:00+00:00")
    clock.go_to("2026-10-25T05:30:00+00:00")
    assert clock.now() - NOW == timedelta(days=51, hours=1)
