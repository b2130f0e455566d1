"""values.py: each form of text has one meaning, and what has none becomes null."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.values import to_days, to_flags, to_numbers, to_text

FORMS = [
    ("2026-08-21", date(2026, 8, 21)),
    ("0001-01-01", date(1, 1, 1)),
    ("0999-12-31", date(999, 12, 31)),
    ("9999-12-31", date(9999, 12, 31)),
    ("2024-02-29", date(2024, 2, 29)),
    ("2026-08- 1", None),
    ("2026-8- 21", None),
    ("+2026-8-21", None),
    (" 2026-8-21", None),
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


def strings(*texts: str | None) -> pl.Series:
    return pl.Series(texts, dtype=pl.String)


@pytest.mark.parametrize(("text", "day"), FORMS)
def test_only_whole_iso_days_of_the_years_1_to_9999_are_days(text: str | None, day: date | None) -> None:
    assert to_days(strings("1974-04-01", None, text)).to_list() == [date(1974, 4, 1), None, day]


def test_every_day_of_the_calendar_is_read() -> None:
    days = [date(1, 1, 1) + timedelta(n) for n in range(0, date.max.toordinal(), 97)]
    days += [
        date(y, m, 28) + timedelta(n) for y in (1900, 2000, 2023, 2024) for m in (2, 11, 12) for n in range(5)
    ]
    assert to_days(strings(*(day.isoformat() for day in days))).to_list() == days


@given(st.lists(st.none() | st.text("0123456789-/+ ", min_size=8, max_size=11), max_size=4))
def test_what_python_reads_as_an_iso_day_is_a_day(texts: list[str | None]) -> None:
    def slowly(text: str | None) -> date | None:
        try:
            return date.fromisoformat(text) if text and text.count("-") == 2 else None
        except ValueError:
            return None

    assert to_days(strings(*texts)).to_list() == [slowly(text) for text in texts]


@given(st.lists(st.none() | st.text(" \tAé\u00a0\u3000\u200b'", max_size=4), max_size=4))
def test_text_is_trimmed_of_all_white_space_and_empty_text_is_null(texts: list[str | None]) -> None:
    stripped = strings(*texts).str.strip_chars().to_list()
    assert to_text(strings(*texts)).to_list() == [text or None for text in stripped]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("007", 7),
        ("0000000000000017", 17),
        ("+5", None),
        ("-5", None),
        ("1.0", None),
        ("1:", None),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
    ],
)
def test_numbers_are_digits_and_18_at_the_most(text: str, number: int | None) -> None:
    assert to_numbers(strings("1", None, text)).to_list() == [1, None, number]


@given(st.lists(st.none() | st.text("0123456789/:", max_size=20), max_size=4))
def test_numbers_are_those_that_python_reads(texts: list[str | None]) -> None:
    wanted = [int(text) if text and text.isdecimal() and len(text) <= 18 else None for text in texts]
    assert to_numbers(strings(*texts)).to_list() == wanted


@pytest.mark.parametrize(
    ("text", "flag"), [("true", True), ("FALSE", False), ("True", True), ("yes", None), ("truefals", None)]
)
def test_flags_are_true_or_false_in_any_case(text: str, flag: bool | None) -> None:
    for others, flags in ((["true", None], [True, None]), (["false"], [False])):
        assert to_flags(strings(*others, text)).to_list() == [*flags, flag]
