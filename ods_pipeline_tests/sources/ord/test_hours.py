"""The maintenance hours, in summer, in winter and on the days when clocks change."""

from datetime import UTC, datetime

import pytest

from ods_pipeline.sources.ord.hours import maintenance_ends


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
def test_maintenance_is_from_17_to_19_uk_time(at: str, end: str | None) -> None:
    ends = maintenance_ends(datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert ends == (datetime.fromisoformat(end).replace(tzinfo=UTC) if end else None)
