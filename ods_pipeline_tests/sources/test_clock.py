"""The UK's days and the hours of maintenance, in summer, in winter and on the days between."""

from datetime import UTC, date, datetime

import pytest

from ods_pipeline.sources.clock import maintenance_ends, uk_date


@pytest.mark.parametrize(
    ("at", "end"),
    [
        pytest.param("2026-07-01T15:59:59", None, id="a second before, in summer"),
        pytest.param("2026-07-01T16:00:00", "2026-07-01T18:00", id="17:00 in summer"),
        pytest.param("2026-07-01T17:59:59", "2026-07-01T18:00", id="a second before the end, in summer"),
        pytest.param("2026-07-01T18:00:00", None, id="19:00 in summer"),
        pytest.param("2026-12-01T16:59:59", None, id="a second before, in winter"),
        pytest.param("2026-12-01T17:00:00", "2026-12-01T19:00", id="17:00 in winter"),
        pytest.param("2026-10-24T16:30:00", "2026-10-24T18:00", id="the day before clocks go back"),
        pytest.param("2026-10-25T16:30:00", None, id="the day clocks go back, an hour later by UTC"),
        pytest.param("2026-10-25T18:30:00", "2026-10-25T19:00", id="and its end"),
        pytest.param("2027-03-27T18:30:00", "2027-03-27T19:00", id="the day before clocks go forward"),
        pytest.param("2027-03-28T18:30:00", None, id="the day clocks go forward"),
        pytest.param("2027-03-28T16:00:00", "2027-03-28T18:00", id="and its beginning"),
    ],
)
def test_maintenance_is_from_17_to_19_by_the_clocks_of_the_uk(at: str, end: str | None) -> None:
    found = maintenance_ends(datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert found == (datetime.fromisoformat(end).replace(tzinfo=UTC) if end else None)


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
