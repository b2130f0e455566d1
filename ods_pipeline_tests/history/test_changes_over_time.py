"""Events over several captures: dates that arrive, moves in steps, codes that vanish, return, are re-used."""

from copy import deepcopy

import pytest

from ods_pipeline_tests.support.builders import Held, dates, make_record, notice, role, stub_of
from ods_pipeline_tests.support.history.edits import STAMP, adds, end_all, ends_part, link, practice
from ods_pipeline_tests.support.history.folding import events_of, events_of_code, history_held, kinds
from ods_pipeline_tests.support.history.stories import ANCHOR, AUGUST, JULY, SEPTEMBER

FAX = {
    "Contacts": {
        "Contact": [{"type": "tel", "value": "0113 496 0000"}, {"type": "fax", "value": "0113 496 0001"}]
    }
}


def test_an_announced_end_arrives_although_no_capture_has_the_record(held: Held) -> None:
    announced = practice()
    end_all(announced, "2026-08-25")
    held.release([ANCHOR, announced])
    held.delta([], "20260825T043000Z")
    assert events_of_code(held) == []
    held.delta([], "20260828T043000Z")
    held.delta([], "20260830T043000Z")
    assert events_of_code(held) == [("closed", "operational_end", None, "2026-08-25", "2026-08-26")]
    (event,) = events_of(history_held(held)).filter(ods_code="R1A").rows(named=True)
    assert (str(event["detected_on"]), event["capture_id"]) == ("2026-08-28", "fetch=20260828T043000Z")
    # Some midnights later, ODS sets the status to Inactive: the same closing, and a version of its own.
    closed = {**deepcopy(announced), "Status": "Inactive", "LastChangeDate": "2026-08-26"}
    held.delta([closed], "20260901T043000Z")
    assert events_of_code(held)[1:] == [("record_changed", "status", "Active", "Inactive", "2026-08-26")]


def test_an_announced_start_arrives(held: Held) -> None:
    held.release([ANCHOR, practice(Date=dates("2026-08-23"))])
    held.delta([])
    assert events_of_code(held) == [("opened", "operational_start", None, "2026-08-23", "2026-08-23")]


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_an_announced_organisation_opens_whatever_its_status_said_before(held: Held, status: str) -> None:
    coming = practice(Date=dates("2026-08-23"), Status=status)
    held.release([ANCHOR, coming])
    held.delta([])
    assert events_of_code(held) == [("opened", "operational_start", None, "2026-08-23", "2026-08-23")]


@pytest.mark.parametrize("status", ["Active", "Inactive"])
@pytest.mark.parametrize(("later", "kind"), [("Active", "renamed"), ("Inactive", "closed")])
def test_what_was_stamped_before_its_start_is_open_from_then_on_though_first_seen_later(
    held: Held, status: str, later: str, kind: str
) -> None:
    begun = practice(Date=dates("2026-08-15"), Status=status, LastChangeDate="2026-08-10")
    held.release([ANCHOR, begun])
    held.delta([begun | {"Status": later, "Name": "ANOTHER NAME", "LastChangeDate": STAMP}])
    assert sorted({"closed", "reopened", "renamed"} & set(kinds(held))) == sorted({kind, "renamed"})


def test_an_organisation_that_reopens_reopens_once(held: Held) -> None:
    closed = practice(Status="Inactive")
    end_all(closed, "2026-06-30")
    held.release([ANCHOR, closed])
    again = deepcopy(closed) | {"Status": "Active", "LastChangeDate": STAMP}
    for part in [again, *again["Roles"]["Role"]]:
        del part["Date"][0]["End"]
    again["Rels"]["Rel"] += [link("93C", "RE4", "RO98", STAMP), link("94D", "RE6", "RO98", STAMP)]
    held.delta([again])
    assert events_of_code(held) == [
        ("relationship_added", "operator", None, "94D", STAMP),  # it was not a parent before
        ("reopened", "operational_end", "2026-06-30", None, STAMP),
    ]


def test_a_move_that_is_recorded_in_two_steps_is_an_event_once_both_are_known(held: Held) -> None:
    first = practice()
    held.release([ANCHOR, first])
    ends_part("Rels", "Rel", 0, "2026-09-30")(second := deepcopy(first) | {"LastChangeDate": STAMP})
    held.delta([second])
    adds("Rels", "Rel", link("U2", "RE8", "RO272", "2026-10-01"))(third := deepcopy(second))
    held.delta([third], "20260826T043000Z")
    assert events_of_code(held) == [
        ("relationship_ended", "pcn", "U1", None, "2026-10-01"),
        ("parent_changed", "pcn", "U1", "U2", "2026-10-01"),
    ]


def test_edits_without_a_new_stamp_are_marked(held: Held) -> None:
    held.release([ANCHOR, practice()])
    held.delta([practice(Name="ANOTHER NAME")])
    (event,) = events_of(history_held(held)).rows(named=True)
    assert (event["change_kind"], event["is_unstamped"]) == ("renamed", True)
    assert str(event["effective_on"]) == "2026-08-01"


def test_what_the_first_release_holds_is_not_an_event(held: Held) -> None:
    held.delta([practice()], "20260801T043000Z")
    held.release([ANCHOR, practice(), make_record("R1B")])
    assert events_of(history_held(held)).is_empty()
    held.delta([make_record("R1C", Date=dates("2026-08-20"))])
    assert events_of_code(held, "R1C") == [("created", None, None, None, "2026-08-20")]


def test_an_older_release_that_arrives_late_turns_differences_into_events(held: Held) -> None:
    held.release([ANCHOR, practice(Name="NEW NAME"), make_record("R1B")], **AUGUST)
    assert events_of(history_held(held)).is_empty()
    held.release([ANCHOR, practice()], **JULY)
    assert kinds(held) == ["renamed"]
    assert kinds(held, "R1B") == ["created"]


def test_a_stub_after_a_record_is_not_an_event_and_a_record_after_its_stub_one_without_details(
    held: Held,
) -> None:
    record = practice()
    held.release([ANCHOR, record, stub_of(make_record("R1B"))])
    held.delta([stub_of(record, LastChangeDate=STAMP)])
    assert events_of_code(held) == []
    held.delta([make_record("R1B", Rels={"Rel": [link("U1", "RE8", "RO272")]})], "20260826T043000Z")
    completed = ("record_changed", "ref_only, relationships, contacts", None, None, "2026-08-01")
    assert events_of_code(held, "R1B") == [completed]


def test_a_record_that_moves_to_the_archive_is_archived_and_nothing_else(held: Held) -> None:
    closed = practice(Status="Inactive")
    end_all(closed, "2016-03-31")
    held.release([ANCHOR, closed], **AUGUST)
    held.release([ANCHOR], [closed], **SEPTEMBER)
    held.release([ANCHOR], [closed], published="2026-10-23", released="2026-10-30")
    assert events_of_code(held) == [("archived", "published_in", "full", "archive", SEPTEMBER["published"])]


def test_a_code_that_vanishes_is_deleted_and_created_when_it_comes_back(held: Held) -> None:
    held.release([ANCHOR, practice()], **JULY)
    held.release([ANCHOR], **AUGUST)
    gone = ("deleted", "absent_from_release", "BODY R1A", "confirmed", AUGUST["published"])
    assert events_of_code(held) == [gone]
    held.release([ANCHOR, practice()], **SEPTEMBER)
    assert events_of_code(held) == [gone, ("created", "returned", None, None, SEPTEMBER["published"])]


def test_a_deletion_by_notice_takes_effect_on_its_day_and_is_detected_when_fetched(held: Held) -> None:
    held.release([ANCHOR, practice()])
    held.delta([], notifications=[notice("R1A", "2026-08-22"), notice("R9Z", "2026-08-22")])
    (event,) = events_of(history_held(held)).rows(named=True)
    assert (event["ods_code"], event["change_kind"], event["new_value"]) == ("R1A", "deleted", "confirmed")
    assert (str(event["effective_on"]), str(event["detected_on"])) == ("2026-08-22", "2026-08-24")


@pytest.mark.promise("no_false_deletion")
def test_a_code_that_the_api_no_longer_has_may_be_deleted(held: Held) -> None:
    held.release([ANCHOR, practice()])
    held.delta([], gone=[practice()])
    unconfirmed = ("deleted", "gone_from_api", "BODY R1A", "unconfirmed", "2026-08-24")
    assert events_of_code(held) == [unconfirmed]
    held.delta([practice()], "20260826T043000Z")
    assert events_of_code(held) == []


@pytest.mark.parametrize("gone_between", [False, True])
def test_a_code_that_another_organisation_takes_is_reused_and_nothing_else(
    held: Held, gone_between: bool
) -> None:
    held.release([ANCHOR, practice()], **JULY)
    if gone_between:
        held.release([ANCHOR], **AUGUST)
    other = make_record("R1A", Name="ANOTHER BODY", Date=dates("2026-09-01"), LastChangeDate="2026-09-01")
    held.release([ANCHOR, other], **SEPTEMBER)
    assert events_of_code(held)[-1] == ("code_reused", "name", "BODY R1A", "ANOTHER BODY", "2026-09-01")
    assert kinds(held)[:-1] == (["deleted"] if gone_between else [])


def test_the_id_of_an_event_never_changes_and_has_its_day_and_code(held: Held) -> None:
    held.release([ANCHOR, practice()])
    held.delta([practice(Name="ANOTHER NAME", LastChangeDate=STAMP)])
    before = events_of(history_held(held))["change_id"].to_list()
    held.delta([practice(Name="A THIRD NAME", LastChangeDate="2026-08-25")], "20260826T043000Z")
    after = events_of(history_held(held))["change_id"].to_list()
    assert before == ["2026-08-24:R1A:" + before[0][-12:]]
    assert after[:1] == before and len(set(after)) == 2


@pytest.mark.parametrize("seen_by_xml", [False, True])
def test_a_new_fax_is_an_event_only_after_a_record_that_could_show_its_absence(
    held: Held, seen_by_xml: bool
) -> None:
    held.release([ANCHOR, *([practice(Name="OLD NAME")] if seen_by_xml else [])], **AUGUST)
    held.delta([practice(LastChangeDate="2026-08-31")], "20260901T043000Z")
    held.release([ANCHOR, practice(Name="NEW NAME", LastChangeDate="2026-09-10", **FAX)], **SEPTEMBER)
    expected = [("contact_changed", "fax", None, "0113 496 0001", "2026-09-10")] if seen_by_xml else []
    renamed = ("renamed", "name", "BODY R1A", "NEW NAME", "2026-09-10")
    assert events_of_code(held)[1:] == [*expected, renamed]
    last = practice(Name="NEW NAME", LastChangeDate="2026-10-10")
    held.release([ANCHOR, last], published="2026-10-23", released="2026-10-30")
    assert events_of_code(held)[-1] == ("contact_changed", "fax", "0113 496 0001", None, "2026-10-10")


def test_records_that_cannot_show_a_fax_do_not_remove_it(held: Held) -> None:
    held.release([ANCHOR, practice(**FAX)])
    held.delta([practice(Name="NEW NAME", LastChangeDate=STAMP)])
    trust = {"Roles": {"Role": [role("R1A", "RO197")]}}
    held.delta([practice(Name="NEW NAME", LastChangeDate="2026-08-26", **trust)], "20260826T043000Z")
    assert "primary_role_changed" in kinds(held) and "contact_changed" not in kinds(held)
