"""Drift: what a release shows that the deltas before it should have shown."""

from typing import Any

import pytest

from ods_pipeline.history.drift import drift
from ods_pipeline_tests.support.builders import Held, make_record
from ods_pipeline_tests.support.history.folding import events_of, history_of
from ods_pipeline_tests.support.history.stories import ANCHOR, AUGUST, SEPTEMBER, Step, after

NEW = "2026-09-10"


def trust(stamp: str = "2026-08-01", **overrides: Any) -> dict[str, Any]:
    return make_record("R1A", LastChangeDate=stamp, **overrides)


def release(*records: dict[str, Any], **when: str) -> Step:
    return lambda held: held.release([ANCHOR, *records], **when)


def fetch(day: str, *records: dict[str, Any], since: str = "2026-08-21", to: str = "") -> Step:
    stamp = f"{day.replace('-', '')}T043000Z"
    return lambda held: held.delta(records, stamp, stamps_from=since, stamps_to=to or day)


FIRST = release(trust(), **AUGUST)
RENAMED = release(trust(NEW, Name="NEW NAME"), **SEPTEMBER)
CASES: dict[str, tuple[list[Step], str | None]] = {
    "a fetch asked for the stamp and did not show it": ([FIRST, fetch("2026-09-12"), RENAMED], "missed"),
    "a fetch showed it": ([FIRST, fetch("2026-09-12", trust(NEW, Name="NEW NAME")), RENAMED], None),
    "a later fetch, older than the release, showed it": (
        [FIRST, fetch("2026-09-11"), fetch("2026-09-14", trust(NEW, Name="NEW NAME")), RENAMED],
        None,
    ),
    "no deltas between the releases": ([FIRST, RENAMED], None),
    "the only delta came after": ([FIRST, RENAMED, fetch("2026-09-20")], None),
    "no fetch asked for the stamp": ([FIRST, fetch("2026-09-08"), RENAMED], None),
    "the stamp was asked for on its own day only": ([FIRST, fetch(NEW), RENAMED], "missed"),
    "edited on the day of the release, after the fetch": (
        [FIRST, fetch("2026-09-18"), release(trust("2026-09-18", Name="NEW NAME"), **SEPTEMBER)],
        None,
    ),
    "the next fetch asked again and showed it": (
        [FIRST, fetch(NEW), RENAMED, fetch("2026-09-20", trust(NEW, Name="NEW NAME"))],
        None,
    ),
    "the same stamp with other content": (
        [FIRST, fetch("2026-09-12", trust(NEW, Name="NEW NAME", Contacts=None)), RENAMED],
        "different",
    ),
    "edited without a stamp while deltas were held": (
        [FIRST, fetch("2026-09-12"), release(trust(Name="NEW NAME"), **SEPTEMBER)],
        "different",
    ),
    "a delta is ahead of the release": (
        [FIRST, fetch("2026-09-12", trust(NEW, Name="NEW NAME")), release(trust(), **SEPTEMBER)],
        None,
    ),
    "a code that no delta brought": (
        [release(**AUGUST), fetch("2026-09-12"), release(trust(NEW), **SEPTEMBER)],
        "missed",
    ),
    "a release that repeats what a delta had changed": (
        [
            FIRST,
            fetch("2026-09-12", trust(Name="NEW NAME")),
            release(trust(), **SEPTEMBER),
        ],
        "different",
    ),
}


@pytest.mark.parametrize(("steps", "expected"), CASES.values(), ids=CASES)
def test_a_release_drifts_like_this(held: Held, steps: list[Step], expected: str | None) -> None:
    history = history_of(after(held, *steps))
    rows = drift(history).rows(named=True)
    assert [(r["ods_code"], r["drift_kind"]) for r in rows] == ([("R1A", expected)] if expected else [])
    corrected = events_of(history).filter("corrects_drift")
    assert (corrected.height > 0) == bool(expected)
    assert set(corrected["capture_id"]) <= {"release=2026-09-25/full"}


def test_a_row_names_what_differs_and_what_was_held(held: Held) -> None:
    history = history_of(after(held, *CASES["the same stamp with other content"][0]))
    (row,) = drift(history).rows(named=True)
    assert row["fields"] == ["contacts"]
    assert str(row["release_as_of"]) == SEPTEMBER["published"]
    assert (str(row["release_stamp"]), str(row["held_stamp"])) == (NEW, NEW)
    assert (str(row["held_as_of"]), row["held_capture_id"]) == ("2026-09-12", "fetch=20260912T043000Z")
    assert row["capture_id"] == "release=2026-09-25/full"


def test_a_code_that_was_not_held_differs_as_a_whole(held: Held) -> None:
    history = history_of(after(held, *CASES["a code that no delta brought"][0]))
    (row,) = drift(history).rows(named=True)
    assert (row["fields"], row["held_stamp"], row["held_capture_id"]) == (["record"], None, None)


def test_several_fields_are_all_named(held: Held) -> None:
    house = {"Location": {"AddrLn1": "2 LOW ROAD", "Town": "YORK", "PostCode": "YO1 1AA"}}
    steps = [FIRST, fetch("2026-09-12"), release(trust(NEW, Name="NEW NAME", GeoLoc=house), **SEPTEMBER)]
    (row,) = drift(history_of(after(held, *steps))).rows(named=True)
    assert row["fields"] == ["name", "address_line_1", "town", "postcode", "country", "uprn"]
