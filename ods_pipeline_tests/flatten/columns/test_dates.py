"""dates.py: Dates find their parents by position, and those that cannot be used are reported."""

from datetime import date

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.columns.dates import DAYS, with_days
from ods_pipeline_tests.oracles.columns import days_by_parent

INDEX = {"<organisation>": pa.uint32(), "<role>": pa.uint32()}
DATES = {**INDEX, "<date>": pa.uint32(), "date_type": pa.string(), "start": pa.string(), "end": pa.string()}


def batch(rows: list[tuple], schema: dict[str, pa.DataType]) -> pa.RecordBatch:
    columns = [[row[n] for row in rows] for n in range(len(schema))]
    arrays = [pa.array(values, dtype) for values, dtype in zip(columns, schema.values(), strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=list(schema))


def date_rows(record: int, role: int, kind: str, start: str, end: str | None = None) -> list[tuple]:
    rows: list[tuple] = [(record, role, 0, kind, None, None), (record, role, 1, None, start, None)]
    return [*rows, (record, role, 2, None, None, end)] if end else rows


def read(keys: list[tuple[int, int]], dates: list[tuple]) -> tuple[list[tuple], list[tuple]]:
    days, problems = with_days(batch(keys, INDEX), batch(dates, DATES), "roles", "<role>")
    assert tuple(column.name for column in days) == DAYS
    return pl.DataFrame(days).rows(), [row for frame in problems for row in frame.rows()]


def test_each_date_goes_to_its_own_role_and_roles_without_one_have_none() -> None:
    dates = [
        *date_rows(0, 1, "Operational", "2010-04-01", "2020-03-31"),
        *date_rows(2, 0, "Legal", "2011-01-01"),
        *date_rows(2, 0, "Operational", "2012-01-01"),
    ]
    days, problems = read([(0, 0), (0, 1), (2, 0)], dates)
    assert problems == []
    assert days == [
        (None, None, None, None),
        (None, None, date(2010, 4, 1), date(2020, 3, 31)),
        (date(2011, 1, 1), None, date(2012, 1, 1), None),
    ]


ISO_DAYS = st.dates().map(date.isoformat)
WHOLE_DATES = st.dictionaries(
    st.sampled_from(["Legal", "Operational"]), st.tuples(ISO_DAYS, st.none() | ISO_DAYS)
)
# Records without roles, roles without dates, roles with both types in either order.
RECORDS = st.lists(st.lists(WHOLE_DATES, max_size=3), max_size=4)


@given(RECORDS)
def test_days_are_those_of_the_obvious_twin(records: list[list[dict[str, tuple[str, str | None]]]]) -> None:
    keys = [(record, role) for record, roles in enumerate(records) for role in range(len(roles))]
    dates = [
        row
        for record, role in keys
        for kind, (start, end) in records[record][role].items()
        for row in date_rows(record, role, kind, start, end)
    ]
    rows = [
        {"parent": row[:2], "date": row[2], "date_type": row[3], "start": row[4], "end": row[5]}
        for row in dates
    ]
    days, problems = read(keys, dates)
    assert problems == []
    assert days == days_by_parent(keys, rows)


def test_the_order_of_a_dates_children_does_not_matter() -> None:
    turned = [(0, 0, 0, None, None, "2020-03-31"), (0, 0, 1, None, "2010-04-01", None)]
    days, problems = read([(0, 0)], [*turned, (0, 0, 2, "Legal", None, None)])
    assert (days, problems) == ([(date(2010, 4, 1), date(2020, 3, 31), None, None)], [])


@pytest.mark.parametrize(
    ("start", "day"),
    [(" 2010-04-01\n", date(2010, 4, 1)), ("", None), (" ", None)],
)
def test_white_space_around_a_day_is_nothing_and_an_empty_day_is_missing(
    start: str, day: date | None
) -> None:
    dates = [*date_rows(0, 0, "Legal", start, "2020-03-31")]
    assert read([(0, 0)], dates) == ([(day, date(2020, 3, 31), None, None)], [])


@pytest.mark.parametrize(
    ("dates", "problem"),
    [
        (
            [*date_rows(3, 0, "Legal", "2010-04-01"), *date_rows(3, 0, "Legal", "2011-04-01")],
            (3, "repeated_element", "legal_start occurs 2 times in one of roles"),
        ),
        (
            [*date_rows(3, 0, "Legal", "2010-04-01"), (3, 0, 2, None, "2010-04-01", None)],
            (3, "repeated_element", "start of a Date occurs 2 times in one of roles"),
        ),
        (
            date_rows(3, 0, "Moral", "2010-04-01"),
            (3, "unknown_date_type", "roles has a date of type 'Moral'"),
        ),
        (
            [(3, 0, 0, None, "2010-04-01", None)],
            (3, "unknown_date_type", "roles has a date of type 'none'"),
        ),
        (
            date_rows(3, 0, "Legal", "2010-04-01", "soon"),
            (3, "bad_date", "roles.legal_end is 'soon'"),
        ),
        (
            date_rows(3, 0, "Legal", "2010-04- 1"),
            (3, "bad_date", "roles.legal_start is '2010-04- 1'"),
        ),
    ],
)
def test_dates_that_cannot_be_used_are_reported(dates: list[tuple], problem: tuple) -> None:
    assert read([(3, 0)], dates)[1] == [problem]


def test_frames_without_dates_and_without_parents_are_read() -> None:
    assert read([], []) == ([], [])
    assert read([(0, 0)], []) == ([(None, None, None, None)], [])
