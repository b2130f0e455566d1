"""The UK calendar, in summer, in winter and on the days when clocks change."""

from datetime import UTC, date, datetime

import pytest

from ods_pipeline.sources.clock import uk_date


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-09-04T22:59:59", date(2026, 9, 4)),
        ("2026-09-04T23:00:00", date(2026, 9, 5)),
        ("2026-12-04T23:59:59", date(2026, 12, 4)),
        ("2026-10-25T23:59:59", date(2026, 10, 25)),
        ("2027-03-28T23:00:00", date(2027, 3, 29)),
    ],
)
def test_a_day_ends_at_midnight_in_the_uk(at: str, day: date) -> None:
    assert uk_date(datetime.fromisoformat(at).replace(tzinfo=UTC)) == day
