"""deletions.py, one rule per test: when a code is gone, when that is unconfirmed, and when it is not gone."""

from datetime import date
from typing import Any

import pytest

from ods_pipeline_tests.support.builders import Held, make_record, notice, stub_of
from ods_pipeline_tests.support.damage import DAMAGES
from ods_pipeline_tests.support.history.stories import (
    ANCHOR,
    AUGUST,
    JULY,
    SEPTEMBER,
    Step,
    after,
    deletion,
    delta,
    name_of,
    release,
    row,
    trust,
)
from ods_pipeline_tests.support.payloads import organisation_xml

pytestmark = pytest.mark.promise("no_false_deletion")


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([release(trust("A"), **AUGUST), delta(notifications=[notice("R1A", "2026-08-23")])], "gone"),
        ([release(trust("A"), **AUGUST), delta(notifications=[notice("R1A", "2026-08-21")])], "gone"),
        ([release(trust("A"), **AUGUST), delta(notifications=[notice("R1A", "2026-08-20")])], "kept"),
        (
            [release(trust("A"), **AUGUST), delta(trust("A"), notifications=[notice("R1A", "2026-08-24")])],
            "kept",
        ),
        (
            [
                release(trust("A"), **JULY),
                delta(notifications=[notice("R1A", "2026-08-23")]),
                delta(trust("A"), "20260825T043000Z"),
            ],
            "kept",
        ),
        (
            [
                release(trust("A"), **JULY),
                delta(notifications=[notice("R1A", "2026-08-23")]),
                release(trust("A"), **SEPTEMBER),
            ],
            "kept",
        ),
        (
            [
                release(trust("A"), **JULY),
                delta(trust("A"), "20260825T043000Z"),
                delta(notifications=[notice("R1A", "2026-08-23")]),
            ],
            "kept",
        ),
    ],
    ids=[
        "day after",
        "day of the release",
        "day before",
        "came with the notice",
        "came back by delta",
        "came back by release",
        "notice is old",
    ],
)
def test_a_notice_removes_a_code_unless_it_came_back(held: Held, steps: list[Any], state: str) -> None:
    register = after(held, *steps)
    assert name_of(register) == ("A" if state == "kept" else None)
    deleted = deletion(register)
    assert (deleted is None) == (state == "kept")
    if deleted:
        assert deleted == ("A", deleted[1], "ord_notifications", "confirmed")
        assert [
            n for n in ("roles", "contacts") if not register.frames[n].filter(ods_code="R1A").is_empty()
        ] == []


def test_a_notice_for_a_code_that_was_never_held_is_a_deletion_too(held: Held) -> None:
    register = after(held, release(**AUGUST), delta(notifications=[notice("R1A", "2026-08-23")]))
    assert deletion(register) == (None, date(2026, 8, 23), "ord_notifications", "confirmed")
    assert register.frames["deletions"]["primary_role_id"].to_list() == ["RO197"]


ABSENT = ("A", date(2026, 9, 18), "absent_from_release", "confirmed")


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([release(trust("A"), **AUGUST), release(**SEPTEMBER)], ABSENT),
        ([release(trust("A"), **AUGUST), delta(trust("A")), release(**SEPTEMBER)], ABSENT),
        (
            [release(trust("A"), **JULY), release(**AUGUST), release(**SEPTEMBER)],
            ("A", date(2026, 8, 21), *ABSENT[2:]),
        ),
        ([release(trust("A"), **AUGUST), release(**SEPTEMBER), delta(trust("A"), "20260920T043000Z")], None),
        ([release(trust("A"), **JULY), release(**AUGUST), release(trust("A"), **SEPTEMBER)], None),
        ([release(**AUGUST), delta(trust("A"))], None),
        ([release(**AUGUST), delta(trust("A"), "20260821T043000Z")], None),
    ],
    ids=[
        "absent",
        "absent after a delta",
        "absent twice",
        "later delta has it",
        "back again",
        "new by delta",
        "new on the day",
    ],
)
def test_absence_from_a_release_is_a_deletion_if_nothing_later_has_the_code(
    held: Held, steps: list[Any], wanted: tuple[Any, ...] | None
) -> None:
    register = after(held, *steps)
    assert deletion(register) == wanted
    assert name_of(register) == (None if wanted else "A")


def test_a_notice_is_stronger_evidence_than_absence(held: Held) -> None:
    register = after(
        held,
        release(trust("A"), **AUGUST),
        delta(notifications=[notice("R1A", "2026-08-23")]),
        release(**SEPTEMBER),
    )
    assert deletion(register) == ("A", date(2026, 8, 23), "ord_notifications", "confirmed")


@pytest.mark.parametrize("stub_left", [True, False])
def test_a_move_to_the_archive_is_not_a_deletion(held: Held, stub_left: bool) -> None:
    held.release([ANCHOR, trust("A")], **AUGUST)
    held.release([ANCHOR, *([stub_of(trust("A"))] if stub_left else [])], [trust("A")], **SEPTEMBER)
    register = held.register()
    assert deletion(register) is None
    record = row(register) or {}
    assert (record["published_in"], record["ref_only"], record["known_from"]) == (
        "archive",
        False,
        date(2026, 8, 21),
    )


@pytest.mark.parametrize("name", ["unknown status", "no code", "childless role", None])
def test_a_record_set_aside_is_not_a_deletion_and_the_last_good_one_stays(
    held: Held, name: str | None
) -> None:
    """A broken record is not an absent one: it must not remove the good one before it."""
    held.release([ANCHOR, make_record("R1A")], **AUGUST)
    if name:
        held.release([ANCHOR, DAMAGES[name].harm(organisation_xml(make_record("R1A")))], **SEPTEMBER)
    else:
        held.delta([make_record("R1A", Status="Asleep")])
    register = held.register()
    assert name_of(register) == "BODY R1A"
    unproven = ("BODY R1A", date(2026, 9, 18), "absent_from_release", "unconfirmed")
    assert deletion(register) == (unproven if name == "no code" else None)
    assert register.frames["quarantined_records"].height == 1
    held.release([ANCHOR], published="2026-10-23", released="2026-10-30")
    gone_since = date(2026, 9, 18) if name == "no code" else date(2026, 10, 23)
    assert deletion(held.register()) == ("BODY R1A", gone_since, "absent_from_release", "confirmed")


@pytest.mark.parametrize("later", [None, delta(trust("A"), "20260825T043000Z")])
def test_a_404_is_unconfirmed_and_keeps_the_organisation(held: Held, later: Step | None) -> None:
    register = after(
        held, release(trust("A"), **AUGUST), delta(gone=[trust("A")]), *([later] if later else [])
    )
    assert name_of(register) == "A"
    assert deletion(register) == (None if later else ("A", date(2026, 8, 24), "gone_from_api", "unconfirmed"))


@pytest.mark.promise("as_of_then")
@pytest.mark.parametrize("day", ["2026-08-25", "2026-09-01", "2062-01-01", "9999-12-31"])
def test_a_notice_of_a_day_to_come_deletes_on_that_day_and_not_before(held: Held, day: str) -> None:
    notified = [release(trust("A"), **AUGUST), delta(notifications=[notice("R1A", day)])]
    register = after(held, *notified)
    assert (name_of(register), deletion(register)) == ("A", None)
    if day < "2026-09-10":
        later = after(held, delta(trust("B"), "20260910T043000Z", notifications=[]))
        assert name_of(later) == "B", "a record that comes after that day contradicts it"
        assert deletion(later) is None


@pytest.mark.promise("as_of_then")
def test_a_notice_of_a_day_to_come_deletes_once_the_day_has_come(held: Held) -> None:
    after(held, release(trust("A"), **AUGUST), delta(notifications=[notice("R1A", "2026-09-01")]))
    register = after(held, delta(stamp="20260902T043000Z"))
    assert (name_of(register), deletion(register)) == (
        None,
        ("A", date(2026, 9, 1), "ord_notifications", "confirmed"),
    )
