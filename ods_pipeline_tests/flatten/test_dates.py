"""dates.py: Dates find what they belong to by position, and those that cannot be told apart are named."""

from datetime import date

import polars as pl
import pytest

from ods_pipeline.flatten.dates import DAYS, to_days, with_days

INDEX = {"<organisation>": pl.UInt32, "<role>": pl.UInt32}


def parents(*keys: tuple[int, int]) -> pl.DataFrame:
    return pl.DataFrame(keys, schema=INDEX, orient="row")


def rows(*values: tuple[int, int, int, str | None, str | None, str | None]) -> pl.DataFrame:
    texts = {"date_type": pl.String, "start": pl.String, "end": pl.String}
    return pl.DataFrame(values, schema={**INDEX, "<date>": pl.UInt32, **texts}, orient="row")


def a_date(record: int, role: int, kind: str, start: str, end: str | None = None) -> list[tuple]:
    found: list[tuple] = [(record, role, 0, kind, None, None), (record, role, 1, None, start, None)]
    return [*found, (record, role, 2, None, None, end)] if end else found


def joined(keys: list[tuple[int, int]], dates: list[tuple]) -> tuple[list[tuple], list[tuple]]:
    frame, problems = with_days(parents(*keys), rows(*dates), "roles", "<role>")
    return frame.select(DAYS).rows(), pl.concat(problems).rows()


def test_each_date_goes_to_its_own_role_and_roles_without_one_have_none() -> None:
    dates = [
        *a_date(0, 1, "Operational", "2010-04-01", "2020-03-31"),
        *a_date(2, 0, "Legal", "2011-01-01"),
        *a_date(2, 0, "Operational", "2012-01-01"),
    ]
    found, problems = joined([(0, 0), (0, 1), (2, 0)], dates)
    assert problems == []
    assert found == [
        (None, None, None, None),
        (None, None, date(2010, 4, 1), date(2020, 3, 31)),
        (date(2011, 1, 1), None, date(2012, 1, 1), None),
    ]


def test_the_order_of_a_dates_children_is_nothing() -> None:
    turned = [(0, 0, 0, None, None, "2020-03-31"), (0, 0, 1, None, "2010-04-01", None)]
    found, problems = joined([(0, 0)], [*turned, (0, 0, 2, "Legal", None, None)])
    assert (found, problems) == ([(date(2010, 4, 1), date(2020, 3, 31), None, None)], [])


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        (
            [*a_date(3, 0, "Legal", "2010-04-01"), *a_date(3, 0, "Legal", "2011-04-01")],
            (3, "repeated_element", "legal_start stands 2 times in one of roles"),
        ),
        (
            [*a_date(3, 0, "Legal", "2010-04-01"), (3, 0, 2, None, "2010-04-01", None)],
            (3, "repeated_element", "start of a Date stands 2 times in one of roles"),
        ),
        (
            a_date(3, 0, "Moral", "2010-04-01"),
            (3, "unknown_date_type", "roles has a date of type 'Moral'"),
        ),
        (
            [(3, 0, 0, None, "2010-04-01", None)],
            (3, "unknown_date_type", "roles has a date of type 'none'"),
        ),
        (
            a_date(3, 0, "Legal", "2010-04-01", "soon"),
            (3, "bad_date", "roles.legal_end is 'soon'"),
        ),
    ],
)
def test_dates_that_cannot_be_used_are_told(dates: list[tuple], told: tuple) -> None:
    assert joined([(3, 0)], dates)[1] == [told]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-08-21", date(2026, 8, 21)),
        (" 2026-08-21\n", date(2026, 8, 21)),
        ("0999-12-31", date(999, 12, 31)),
        ("0000-01-01", None),
        ("2026-8-21", None),
        ("2026-02-30", None),
        ("+026-08-21", None),
        ("12026-08-21", None),
        ("", None),
        (None, None),
    ],
)
def test_only_whole_iso_days_of_the_years_1_to_9999_are_days(text: str | None, day: date | None) -> None:
    others = ["1974-04-01", None]
    days = to_days(pl.Series([*others, text], dtype=pl.String)).to_list()
    assert days == [date(1974, 4, 1), None, day]


def test_no_dates_at_all_are_no_trouble() -> None:
    assert joined([], []) == ([], [])
    assert joined([(0, 0)], []) == ([(None, None, None, None)], [])
