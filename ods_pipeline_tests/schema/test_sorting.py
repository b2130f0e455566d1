"""sorting.py: the order is that of Polars' own sort, for rows that arrive in any order."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.schema.sorting import is_sorted_by, repeats_key, sorted_by

ROWS = st.lists(
    st.tuples(
        st.text("AB1", max_size=2),
        st.integers(-2, 3),
        st.integers(0, 3).map(lambda n: date(2020, 1, 1) + timedelta(n)),
    ),
    unique=True,
    max_size=12,
)
SCHEMA = {"code": pl.String, "number": pl.Int64, "day": pl.Date}
KEYS = st.permutations(["code", "number", "day"])


@given(ROWS, KEYS)
def test_rows_come_in_order_of_the_key(rows: list[tuple], key: list[str]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    assert sorted_by(frame, key).equals(frame.sort(key))
    assert is_sorted_by(frame, key) == frame.equals(frame.sort(key))


@given(ROWS)
def test_a_key_may_be_numbers_and_days_alone(rows: list[tuple]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").unique(["number", "day"], maintain_order=True)
    assert sorted_by(frame, ["number", "day"]).equals(frame.sort("number", "day"))


def test_rows_in_order_are_not_moved_and_nulls_are_sorted_as_polars_does() -> None:
    frame = pl.DataFrame({"code": ["A", "B"], "number": [2, 1]})
    assert sorted_by(frame, ["code"]) is frame
    empty = pl.DataFrame({"code": ["B", None, "A"]})
    assert sorted_by(empty, ["code"])["code"].to_list() == [None, "A", "B"]
    numbers = pl.DataFrame({"number": [2, None, 1]})
    assert sorted_by(numbers, ["number"])["number"].to_list() == [None, 1, 2]


@given(st.lists(st.tuples(st.none() | st.text("AB", max_size=1), st.none() | st.integers(0, 1)), max_size=8))
def test_rows_that_repeat_a_key_are_found_nulls_included(rows: list[tuple]) -> None:
    frame = pl.DataFrame(rows, schema={"code": pl.String, "number": pl.Int64}, orient="row")
    ordered = frame.sort("code", "number")
    repeats = repeats_key(ordered, ["code", "number"])
    assert repeats.to_list() == [n > 0 and row == ordered.row(n - 1) for n, row in enumerate(ordered.rows())]
