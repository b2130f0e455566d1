"""dates.py: Dates find what they belong to by position, and those that cannot be told apart are named."""

from datetime import date

import polars as pl
import pyarrow as pa
import pytest

from ods_pipeline.flatten.columns.dates import DAYS, with_days

INDEX = {"<organisation>": pa.uint32(), "<role>": pa.uint32()}
DATES = {**INDEX, "<date>": pa.uint32(), "date_type": pa.string(), "start": pa.string(), "end": pa.string()}


def batch(rows: list[tuple], schema: dict[str, pa.DataType]) -> pa.RecordBatch:
    columns = [[row[n] for row in rows] for n in range(len(schema))]
    arrays = [pa.array(values, dtype) for values, dtype in zip(columns, schema.values(), strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=list(schema))


def a_date(record: int, role: int, kind: str, start: str, end: str | None = None) -> list[tuple]:
    found: list[tuple] = [(record, role, 0, kind, None, None), (record, role, 1, None, start, None)]
    return [*found, (record, role, 2, None, None, end)] if end else found


def joined(keys: list[tuple[int, int]], dates: list[tuple]) -> tuple[list[tuple], list[tuple]]:
    days, problems = with_days(batch(keys, INDEX), batch(dates, DATES), "roles", "<role>")
    assert tuple(column.name for column in days) == DAYS
    return pl.DataFrame(days).rows(), [row for found in problems for row in found.rows()]


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


def test_no_dates_at_all_are_no_trouble() -> None:
    assert joined([], []) == ([], [])
    assert joined([(0, 0)], []) == ([(None, None, None, None)], [])
