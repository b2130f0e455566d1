"""texts.py: text becomes a value in one meaning, whether the quick or the careful way is taken."""

from datetime import date, timedelta

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.columns.texts import (
    as_days,
    day_numbers,
    quick_days,
    quick_flags,
    quick_numbers,
    to_days,
    to_flags,
    to_numbers,
    to_text,
)

FORMS = [
    ("2026-08-21", date(2026, 8, 21)),
    ("0001-01-01", date(1, 1, 1)),
    ("0999-12-31", date(999, 12, 31)),
    ("9999-12-31", date(9999, 12, 31)),
    ("2024-02-29", date(2024, 2, 29)),
    (" 2026-08-21\n", date(2026, 8, 21)),
    ("0000-01-01", None),
    ("2026-8-21", None),
    ("2026-02-29", None),
    ("1900-02-29", None),
    ("2026-00-10", None),
    ("2026-13-10", None),
    ("2026-01-00", None),
    ("2026/01/10", None),
    ("20260-1-10", None),
    ("+026-08-21", None),
    ("12026-08-21", None),
    ("\uff12026-08-2", None),
    ("", None),
    (None, None),
]


def days_of(*texts: str | None) -> list[date | None]:
    return as_days(day_numbers(pa.array(texts, pa.string()))).to_list()


@pytest.mark.parametrize(("text", "day"), FORMS)
def test_only_whole_iso_days_of_the_years_1_to_9999_are_days(text: str | None, day: date | None) -> None:
    others = ["1974-04-01", None]
    assert to_days(pl.Series([*others, text], dtype=pl.String)).to_list() == [date(1974, 4, 1), None, day]
    assert days_of(*others, text) == [date(1974, 4, 1), None, day]


def test_every_day_of_the_calendar_is_read_the_quick_way() -> None:
    days = [date(1, 1, 1) + timedelta(n) for n in range(0, date.max.toordinal(), 97)]
    days += [
        date(y, m, 28) + timedelta(n) for y in (1900, 2000, 2023, 2024) for m in (2, 11, 12) for n in range(5)
    ]
    assert days_of(*(day.isoformat() for day in days)) == days


@given(st.lists(st.none() | st.text("0123456789-/+ ", min_size=8, max_size=11), max_size=4))
def test_quick_and_careful_days_are_the_same(texts: list[str | None]) -> None:
    assert days_of(*texts) == to_days(pl.Series(texts, dtype=pl.String)).to_list()


@given(st.lists(st.none() | st.text(" \tAé\u00a0\u3000\u200b'", max_size=4), max_size=4))
def test_text_is_trimmed_like_any_text_and_empty_text_is_null(texts: list[str | None]) -> None:
    stripped = pl.Series(texts, dtype=pl.String).str.strip_chars().to_list()
    assert to_text(pa.array(texts, pa.string())).to_list() == [text or None for text in stripped]


def test_a_part_of_a_column_is_read_from_its_own_place() -> None:
    whole = pa.array(["2026-08-21", " A", None, "2020-01-01"], pa.string())
    assert to_text(whole.slice(1, 2)).to_list() == ["A", None]
    assert as_days(day_numbers(whole.slice(3))).to_list() == [date(2020, 1, 1)]
    assert as_days(day_numbers(whole.slice(2))).to_list() == [None, date(2020, 1, 1)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("007", 7),
        ("+5", None),
        ("-5", None),
        ("1.0", None),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
    ],
)
def test_numbers_are_digits_and_18_at_the_most(text: str, number: int | None) -> None:
    assert to_numbers(pl.Series(["1", None, text], dtype=pl.String)).to_list() == [1, None, number]


@pytest.mark.parametrize(("text", "flag"), [("true", True), ("FALSE", False), ("True", True), ("yes", None)])
def test_flags_are_true_or_false_in_any_case(text: str, flag: bool | None) -> None:
    for others, read in ((["true", None], [True, None]), (["false"], [False])):
        assert to_flags(pl.Series([*others, text], dtype=pl.String)).to_list() == [*read, flag]


QUICK = {
    "numbers": (quick_numbers, to_numbers, "0123456789/:", 18),
    "days": (quick_days, to_days, "0123456789-", 10),
    "flags": (quick_flags, to_flags, "truefals", 5),
}


@pytest.mark.parametrize("kind", QUICK)
@given(st.data())
def test_what_is_read_quickly_is_what_is_read_carefully(kind: str, data: st.DataObject) -> None:
    quickly, carefully, signs, most = QUICK[kind]
    some = st.sampled_from(["true", "false", "2026-08-21", "0", "12345678", "123456789", "0000000000000017"])
    texts = data.draw(st.lists(st.none() | some | st.text(signs, max_size=most), max_size=4))
    found = quickly(pa.array(["skipped", *texts], pa.string()).slice(1))
    assert found is None or found.to_list() == carefully(pl.Series(texts, dtype=pl.String)).to_list()


def test_what_ods_writes_is_read_quickly() -> None:
    ids = ["1", None, "2137189912", "1234567890123456"]
    for quickly, texts, values in (
        (quick_numbers, ids, [1, None, 2137189912, 1234567890123456]),
        (quick_flags, ["true", None, "false"], [True, None, False]),
        (quick_days, ["2026-08-21", None], [date(2026, 8, 21), None]),
    ):
        found = quickly(pa.array(texts, pa.string()))
        assert found is not None
        assert found.to_list() == values
    assert quick_numbers(pa.array(["12345678901234567"], pa.string())) is None
