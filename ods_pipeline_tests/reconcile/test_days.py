"""The day or month in the name of a report's file."""

from datetime import date

import pytest

from ods_pipeline.reconcile.days import days_in


@pytest.mark.parametrize(
    "day",
    [
        *("2026-11-20", "20261120", "20-11-2026", "20.11.2026", "20112026", "2026_11_20", "2026.11.20 (1)"),
        *("20 Nov 2026", "20th November 2026", "20Nov26", "20-nov-2026 v2"),
    ],
)
def test_the_day_in_the_name_as_people_write_it(day: str) -> None:
    assert days_in(f"epraccur {day}.csv") == (date(2026, 11, 20), date(2026, 11, 20))


@pytest.mark.parametrize("name", ["Nov 2026", "November-2026", "nov26", "2026-11"])
def test_the_month_in_the_name_as_people_write_it(name: str) -> None:
    assert days_in(f"epraccur {name}.csv") == (date(2026, 11, 1), date(2026, 11, 30))


@pytest.mark.parametrize("name", ["decommissioned_2020", "marks_20", "31 Feb 2026", "(1)"])
def test_a_name_without_a_day_has_none(name: str) -> None:
    assert days_in(f"epraccur {name}.csv") == (None, None)


def test_a_month_in_the_name_is_all_of_its_days() -> None:
    assert days_in("epraccur_2024-02.csv") == (date(2024, 2, 1), date(2024, 2, 29))
