"""versions.py, one case per test: what makes a version, when it ends, and what makes none."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from ods_pipeline.history.fold import Register
from ods_pipeline_tests.support.builders import Held, dates, make_record, notice, stub_of
from ods_pipeline_tests.support.history.stories import (
    ANCHOR,
    AUGUST,
    JULY,
    SEPTEMBER,
    Step,
    after,
    delta,
    release,
    trust,
)

IN_JULY, IN_AUGUST, IN_SEPTEMBER = date(2026, 7, 24), date(2026, 8, 21), date(2026, 9, 18)
FETCHED = date(2026, 8, 24)
Life = list[tuple[Any, ...]]


def life(register: Register, *columns: str, code: str = "R1A") -> Life:
    """Return the versions of a code, in order."""
    wanted = columns or ("name", "known_from", "known_to", "gone_by")
    return register.frames["history.organisations"].filter(ods_code=code).select(wanted).rows()


@pytest.mark.promise("as_of_then")
@pytest.mark.parametrize(
    ("steps", "versions"),
    [
        (
            [release(trust("A"), **JULY), release(trust("A"), **AUGUST)],
            [("A", IN_JULY, None, None)],
        ),
        (
            [release(trust("A"), **JULY), delta(trust("B")), release(trust("B"), **SEPTEMBER)],
            [("A", IN_JULY, FETCHED, None), ("B", FETCHED, None, None)],
        ),
        (
            [release(trust("A"), **JULY), delta(trust("B")), release(trust("A"), **SEPTEMBER)],
            [
                ("A", IN_JULY, FETCHED, None),
                ("B", FETCHED, IN_SEPTEMBER, None),
                ("A", IN_SEPTEMBER, None, None),
            ],
        ),
        (
            [delta(trust("B")), release(trust("A"), **AUGUST)],
            [("A", IN_AUGUST, FETCHED, None), ("B", FETCHED, None, None)],
        ),
        (
            [release(trust("A"), **AUGUST), delta(trust("B"), "20260821T043000Z")],
            [("B", IN_AUGUST, None, None)],
        ),
        (
            [release(trust("A"), **JULY), release(**AUGUST), release(trust("A"), **SEPTEMBER)],
            [("A", IN_JULY, IN_AUGUST, "absent"), ("A", IN_SEPTEMBER, None, None)],
        ),
        (
            [release(trust("A"), **JULY), release(trust("A"), **SEPTEMBER), release(**AUGUST)],
            [("A", IN_JULY, IN_AUGUST, "absent"), ("A", IN_SEPTEMBER, None, None)],
        ),
        (
            [release(trust("A"), **JULY), release(trust("A"), **SEPTEMBER), release(trust("B"), **AUGUST)],
            [
                ("A", IN_JULY, IN_AUGUST, None),
                ("B", IN_AUGUST, IN_SEPTEMBER, None),
                ("A", IN_SEPTEMBER, None, None),
            ],
        ),
        (
            [
                release(trust("A"), **JULY),
                delta(notifications=[notice("R1A", "2026-08-10")]),
                release(trust("A"), **SEPTEMBER),
            ],
            [("A", IN_JULY, date(2026, 8, 10), "notice"), ("A", IN_SEPTEMBER, None, None)],
        ),
        (
            [release(trust("A"), **JULY), delta(gone=[trust("A")]), release(**SEPTEMBER)],
            [("A", IN_JULY, IN_SEPTEMBER, "absent")],
        ),
        (
            [release(trust("A"), **JULY), delta(gone=[trust("A")])],
            [("A", IN_JULY, None, None)],
        ),
        (
            [release(trust("A"), **AUGUST), delta(notifications=[notice("R1A", "2026-08-21")])],
            [("A", IN_AUGUST, IN_AUGUST, "notice")],
        ),
    ],
    ids=[
        "unchanged",
        "changed by a fetch, then by the release",
        "a release after the fetch takes it back",
        "a fetch newer than the release that follows it",
        "outranked on its day",
        "vanished and came back",
        "a late release lacks it",
        "a late release splits a run",
        "deleted by notice between two releases",
        "a 404, confirmed by a release",
        "a 404 alone",
        "deleted on the day it was first seen",
    ],
)
def test_versions_follow_the_observations(held: Held, steps: list[Step], versions: Life) -> None:
    assert life(after(held, *steps)) == versions


@pytest.mark.parametrize("stamp", ["2026-08-01", "2027-01-01"])
def test_a_stub_after_a_complete_record_is_not_a_version_not_even_with_a_newer_stamp(
    held: Held, stamp: str
) -> None:
    stub = stub_of(trust("STUB"), LastChangeDate=stamp)
    register = after(held, release(trust("A"), **AUGUST), delta(stub))
    assert life(register, "name", "known_to", "last_change_date") == [("A", None, date(2026, 8, 1))]


def test_a_stub_is_a_version_until_a_complete_record_comes(held: Held) -> None:
    register = after(held, release(stub_of(trust("A")), **JULY), release(trust("A"), **AUGUST))
    wanted = [(True, IN_JULY, IN_AUGUST, False), (False, IN_AUGUST, None, False)]
    assert life(register, "ref_only", "known_from", "known_to", "is_unstamped") == wanted


def test_a_code_that_comes_back_as_a_stub_keeps_its_content(held: Held) -> None:
    steps = [release(trust("A"), **JULY), release(**AUGUST), release(stub_of(trust("A")), **SEPTEMBER)]
    columns = ("name", "ref_only", "known_from", "capture_id", "last_capture_id")
    first, again = life(after(held, *steps), *columns)
    assert again == ("A", False, IN_SEPTEMBER, "release=2026-09-25/full", "release=2026-07-31/full")
    assert first[:3] == ("A", False, IN_JULY)


@pytest.mark.promise("same_bytes")
def test_codes_that_come_back_set_aside_in_both_files_were_seen_in_the_full_file(held: Held) -> None:
    """Five codes, folded four times: with one, chance picks the right file half the time."""
    codes = [f"X{number}" for number in range(5)]
    held.release([ANCHOR, *(make_record(code) for code in codes)], **JULY)
    held.release([ANCHOR], **AUGUST)
    broken = [make_record(code, orgRecordClass="RC9") for code in codes]
    held.release([ANCHOR, *broken], broken, **SEPTEMBER)
    for _ in range(4):
        versions = held.register().frames["history.organisations"]
        again = versions.filter(pl.col("ods_code").is_in(codes), pl.col("known_from") == IN_SEPTEMBER)
        shown = again.select("capture_id", "last_capture_id").rows()
        assert shown == [("release=2026-09-25/full", "release=2026-07-31/full")] * 5


@pytest.mark.parametrize("stub_left", [True, False])
def test_a_move_to_the_archive_is_not_a_change(held: Held, stub_left: bool) -> None:
    held.release([ANCHOR, trust("A")], **JULY)
    held.release([ANCHOR, *([stub_of(trust("A"))] if stub_left else [])], [trust("A")], **AUGUST)
    register = held.register()
    assert life(register, "known_from", "known_to", "published_in") == [(IN_JULY, None, "archive")]
    seen = register.frames["history.observations"].filter(ods_code="R1A")
    assert seen["published_in"].to_list() == ["full", "archive"]


@pytest.mark.parametrize(
    ("stamp", "unstamped"), [("2026-08-01", True), ("2026-08-20", False)], ids=["same stamp", "stamped"]
)
def test_content_that_changes_under_the_same_stamp_is_unstamped(
    held: Held, stamp: str, unstamped: bool
) -> None:
    register = after(held, release(trust("A"), **JULY), release(trust("B", LastChangeDate=stamp), **AUGUST))
    assert life(register, "name", "is_unstamped") == [("A", False), ("B", unstamped)]


def test_a_new_stamp_alone_makes_no_version_and_both_stamps_are_kept(held: Held) -> None:
    register = after(held, release(trust("A"), **JULY), delta(trust("A", LastChangeDate="2026-08-23")))
    columns = ("stamped_on", "last_change_date", "capture_id", "last_capture_id")
    assert life(register, *columns) == [
        (date(2026, 8, 1), date(2026, 8, 23), "release=2026-07-31/full", "fetch=20260824T043000Z")
    ]


def test_a_re_used_code_has_a_version_for_each_organisation(held: Held) -> None:
    other = trust("OTHER BODY", Date=dates("2025-06-01"), Contacts=None)
    register = after(held, release(trust("A", **PHONES), **JULY), release(other, **AUGUST))
    assert life(register, "name", "operational_start") == [
        ("A", date(2010, 4, 1)),
        ("OTHER BODY", date(2025, 6, 1)),
    ]
    contacts = register.frames["history.contacts"].filter(ods_code="R1A")
    assert contacts.select("known_from", "known_to", "contact_type").rows() == [
        (IN_JULY, IN_AUGUST, "fax"),
        (IN_JULY, IN_AUGUST, "tel"),
    ]


TEL, FAX = {"type": "tel", "value": "1"}, {"type": "fax", "value": "2"}
PHONES = {"Contacts": {"Contact": [TEL, FAX]}}
NO_FAX = {"Contacts": {"Contact": [TEL]}}
OTHER_FAX = {"Contacts": {"Contact": [TEL, {**FAX, "value": "3"}]}}


@pytest.mark.parametrize(
    ("steps", "faxes"),
    [
        ([release(trust("A", **PHONES), **JULY), delta(trust("A", **NO_FAX))], [(IN_JULY, "2")]),
        (
            [release(trust("A", **PHONES), **JULY), release(trust("A", **OTHER_FAX), **AUGUST)],
            [(IN_JULY, "2"), (IN_AUGUST, "3")],
        ),
        (
            [release(trust("A", **PHONES), **JULY), release(trust("A", **NO_FAX), **AUGUST)],
            [(IN_JULY, "2"), (IN_AUGUST, None)],
        ),
        ([delta(trust("A", **NO_FAX)), release(trust("A", **PHONES), **SEPTEMBER)], [(FETCHED, "2")]),
        (
            [
                release(trust("A", **PHONES), **JULY),
                release(trust("A", **OTHER_FAX), **AUGUST),
                delta(trust("A", **NO_FAX), "20260821T043000Z"),
            ],
            [(IN_JULY, "2"), (IN_AUGUST, "3")],
        ),
    ],
    ids=[
        "left out by the API",
        "changed",
        "gone from TRUD",
        "not known before",
        "outranked, but it shows the fax",
    ],
)
def test_a_fax_is_compared_only_between_records_that_can_show_it(
    held: Held, steps: list[Step], faxes: Life
) -> None:
    register = after(held, *steps)
    contacts = register.frames["history.contacts"].filter(ods_code="R1A", contact_type="fax")
    fax = dict(contacts.select("known_from", "contact_value").iter_rows())
    assert [(since, fax.get(since)) for (since,) in life(register, "known_from")] == faxes


def test_every_part_has_the_interval_of_its_record(held: Held) -> None:
    register = after(
        held,
        release(make_record("R1A"), **JULY),
        delta(make_record("R1A", Name="OTHER")),
        release(**SEPTEMBER),
    )
    wanted = [(IN_JULY, FETCHED), (FETCHED, IN_SEPTEMBER)]
    for name in ("organisations", "roles", "contacts"):
        rows = register.frames[f"history.{name}"].filter(ods_code="R1A")
        assert rows.select("known_from", "known_to").rows() == wanted, name
