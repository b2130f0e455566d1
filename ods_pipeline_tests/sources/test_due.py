"""Which stamps are due: three on an ordinary day, more after missed days, none twice a day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.errors import OdsError
from ods_pipeline.sources.due import LONGEST_GAP, SETTLED_AFTER, Window, days_between, due_window

PUBLISHED = date(2026, 8, 21)


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_the_first_fetch_begins_at_the_publication_date() -> None:
    assert due_window(PUBLISHED, [], day("2026-09-04")) == (PUBLISHED, day("2026-09-04"))


def test_an_ordinary_day_asks_for_three_stamps() -> None:
    asked = [(PUBLISHED, day("2026-09-03"), day("2026-09-03"))]
    assert due_window(PUBLISHED, asked, day("2026-09-04")) == (day("2026-09-02"), day("2026-09-04"))


def test_after_missed_days_the_stamps_that_were_not_settled_are_asked_for_again() -> None:
    asked = [(PUBLISHED, day("2026-08-30"), day("2026-08-30"))]
    assert due_window(PUBLISHED, asked, day("2026-09-04")) == (day("2026-08-29"), day("2026-09-04"))


def test_a_day_is_done_after_one_fetch() -> None:
    asked = [(PUBLISHED, day("2026-09-04"), day("2026-09-04"))]
    assert due_window(PUBLISHED, asked, day("2026-09-04")) is None


@pytest.mark.promise("no_lost_day")
def test_a_hole_in_the_middle_is_asked_for() -> None:
    asked = [
        (PUBLISHED, day("2026-08-24"), day("2026-08-30")),
        (day("2026-08-27"), day("2026-09-03"), day("2026-09-03")),
    ]
    assert due_window(PUBLISHED, asked, day("2026-09-04")) == (day("2026-08-25"), day("2026-09-04"))


def test_a_release_of_today_is_asked_about_from_its_own_day() -> None:
    assert due_window(PUBLISHED, [], PUBLISHED) == (PUBLISHED, PUBLISHED)


@pytest.mark.promise("as_of_then")
@pytest.mark.parametrize("today", ["2020-01-01", "2025-08-21", "2026-08-20"])
def test_a_day_before_the_newest_release_is_not_a_day_to_ask_on(today: str) -> None:
    with pytest.raises(OdsError, match=rf"it is {today} in the UK.*published 2026-08-21\. Set the"):
        due_window(PUBLISHED, [], day(today))


@pytest.mark.promise("no_lost_day")
@pytest.mark.parametrize("ahead", [1, 2, 60, 184, 20_000])
def test_a_fetch_made_by_a_clock_that_was_ahead_settles_nothing(ahead: int) -> None:
    today = day("2026-09-04")
    good = (PUBLISHED, day("2026-09-02"), day("2026-09-02"))
    wrong = (PUBLISHED, today + timedelta(days=ahead), today + timedelta(days=ahead))
    window = (day("2026-09-01"), today)
    assert due_window(PUBLISHED, [good], today) == due_window(PUBLISHED, [good, wrong], today) == window
    assert due_window(PUBLISHED, [wrong], today) == (PUBLISHED, today)


@pytest.mark.promise("no_lost_day")
def test_184_days_can_be_asked_for_and_185_cannot() -> None:
    assert due_window(PUBLISHED, [], PUBLISHED + timedelta(days=LONGEST_GAP)) is not None
    with pytest.raises(
        OdsError, match=r"since 2026-08-21 .* 184 days\. Take the next release.*--release latest"
    ):
        due_window(PUBLISHED, [], PUBLISHED + timedelta(days=LONGEST_GAP + 1))


@pytest.mark.promise("no_lost_day")
@given(st.sets(st.integers(0, 40), min_size=1))
def test_whatever_days_are_missed_every_stamp_is_asked_for_when_it_is_settled(runs: set[int]) -> None:
    """Asked on any days: each stamp that was two days old at the last run was asked for at that age."""
    asked: list[tuple[date, date, date]] = []
    for number in sorted(runs):
        today = PUBLISHED + timedelta(days=number)
        window: Window | None = due_window(PUBLISHED, asked, today)
        assert window is not None and window[1] == today
        assert (today - window[0]).days <= max(SETTLED_AFTER, number)
        asked.append((*window, today))
    last = asked[-1][2]
    for stamp in days_between((PUBLISHED, last)):
        as_ofs = [as_of for start, end, as_of in asked if start <= stamp <= end]
        assert as_ofs, f"{stamp} was never asked for"
        if stamp + timedelta(days=SETTLED_AFTER) <= last:
            assert max(as_ofs) >= stamp + timedelta(days=SETTLED_AFTER)
