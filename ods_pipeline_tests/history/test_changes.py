"""What each kind of event means, one small story each: a release, and what a fetch shows some days later."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest

from ods_pipeline_tests.builders import (
    Held,
    dates,
    make_record,
    notice,
    number_of,
    org_id,
    role,
    stub_of,
    succ,
)
from ods_pipeline_tests.history.steps import ANCHOR, AUGUST, JULY, SEPTEMBER
from ods_pipeline_tests.history.tellings import events_of, history_held, kinds, told

Record = dict[str, Any]
Change = Callable[[Record], None]
Expected = list[tuple[str | None, ...]]
STAMP = "2026-08-23"


def link(to: str, rel: str, target: str, start: str = "2020-04-01", end: str | None = None) -> Record:
    """A relationship with a target of a primary role; its id follows from what it says."""
    identity = {"id": rel, "uniqueRelId": number_of(rel, to, start), "Date": dates(start, end)}
    primary = {"id": target, "uniqueRoleId": 1}
    return {**identity, "Status": "Active", "Target": {"OrgId": org_id(to), "PrimaryRoleId": primary}}


def practice(**overrides: Any) -> Record:
    """A GP practice with a PCN, and a commissioner that is its operator again, as is usual."""
    links = [link("U1", "RE8", "RO272"), link("93C", "RE4", "RO98"), link("93C", "RE6", "RO98")]
    roles = [role("R1A", "RO177"), role("R1A", "RO76", primary=False)]
    parts = {"Roles": {"Role": roles}, "Rels": {"Rel": links}}
    return make_record("R1A", **{"LastChangeDate": "2026-08-01", **parts, **overrides})


def end_all(record: Record, end: str | None) -> None:
    parts = [record, *record["Roles"]["Role"], *record.get("Rels", {"Rel": []})["Rel"]]
    for part in parts:
        part["Date"][0].pop("End", None)
        part["Date"][0].update({"End": end} if end else {})


def closes(end: str) -> Change:
    return lambda record: end_all(record, end)


def sets(**values: Any) -> Change:
    return lambda record: record.update(deepcopy(values))


def legal(start: str, end: str | None = None) -> Change:
    return lambda record: record["Date"].append(dates(start, end, kind="Legal")[0])


def moves(rel: str, old: str, to: str, target: str, day: str) -> Change:
    """A link to one parent ends the day before the link to another begins."""
    last = str(date.fromisoformat(day) - timedelta(days=1))

    def change(record: Record) -> None:
        links = record["Rels"]["Rel"]
        for each in links:
            if each["id"] == rel and each["Target"]["OrgId"]["extension"] == old:
                each["Date"][0]["End"] = last
        links.append(link(to, rel, target, day))

    return change


def both(*steps: Change) -> Change:
    def change(record: Record) -> None:
        for step in steps:
            step(record)

    return change


def drops(section: str, item: str, place: int) -> Change:
    return lambda record: record[section][item].pop(place)


def ends_part(section: str, item: str, place: int, end: str) -> Change:
    return lambda record: record[section][item][place]["Date"][0].update(End=end)


def adds(section: str, item: str, part: Record) -> Change:
    return lambda record: record.setdefault(section, {item: []})[item].append(deepcopy(part))


HOUSE = {"AddrLn1": "1 HIGH STREET", "Town": "LEEDS", "PostCode": "LS1 1AA", "Country": "ENGLAND", "UPRN": 7}
STORIES: dict[str, tuple[Change, Expected]] = {
    "a body that closes ends its roles and links with it": (
        closes("2026-08-22"),
        [("closed", "operational_end", None, "2026-08-22", "2026-08-23")],
    ),
    "an end that lies ahead is announced": (
        closes("2026-12-31"),
        [("closing_announced", "operational_end", None, "2026-12-31", "2027-01-01")],
    ),
    "a link that ended before its body is told apart": (
        both(closes("2026-08-22"), ends_part("Rels", "Rel", 0, "2026-06-30")),
        [
            ("closed", "operational_end", None, "2026-08-22", "2026-08-23"),
            ("relationship_ended", "pcn", "U1", None, "2026-07-01"),
        ],
    ),
    "Inactive without an end closes on the stamp": (
        sets(Status="Inactive"),
        [("closed", "status", "Active", "Inactive", STAMP)],
    ),
    "a legal end that is past, though Active": (
        legal("2010-04-01", "2024-10-31"),
        [
            ("dates_corrected", "legal_start", None, "2010-04-01", STAMP),
            ("legally_closed", "legal_end", None, "2024-10-31", "2024-11-01"),
        ],
    ),
    "an operational and a legal end on one day are one closing": (
        both(legal("2010-04-01", "2026-08-22"), closes("2026-08-22")),
        [
            ("closed", "operational_end", None, "2026-08-22", "2026-08-23"),
            ("dates_corrected", "legal_start", None, "2010-04-01", STAMP),
        ],
    ),
    "a start that moves is corrected": (
        lambda record: record["Date"][0].update(Start="2011-04-01"),
        [("dates_corrected", "operational_start", "2010-04-01", "2011-04-01", STAMP)],
    ),
    "a new name": (sets(Name="ANOTHER NAME"), [("renamed", "name", "BODY R1A", "ANOTHER NAME", STAMP)]),
    "a whole address is one event": (
        sets(GeoLoc={"Location": {"AddrLn1": "2 LOW ROAD", "Town": "YORK", "PostCode": "YO1 1AA"}}),
        [
            (
                "address_changed",
                "address",
                "1 HIGH STREET, LEEDS, LS1 1AA",
                "2 LOW ROAD, YORK, YO1 1AA",
                STAMP,
            )
        ],
    ),
    "a UPRN alone": (
        sets(GeoLoc={"Location": HOUSE}),
        [("address_changed", "uprn", str(100000000000 + number_of("R1A")), "7", STAMP)],
    ),
    "contacts by their type": (
        sets(Contacts={"Contact": [{"type": "tel", "value": "1"}, {"type": "http", "value": "X"}]}),
        [
            ("contact_changed", "http", None, "X", STAMP),
            ("contact_changed", "tel", "0113 496 0000", "1", STAMP),
        ],
    ),
    "another primary role is one event": (
        lambda record: record["Roles"]["Role"].__setitem__(0, role("R1A", "RO197")),
        [("primary_role_changed", "primary_role_id", "RO177", "RO197", STAMP)],
    ),
    "a role more": (
        adds("Roles", "Role", {**role("R1A", "RO57", primary=False), "Date": dates("2026-08-20")}),
        [("role_added", None, None, "RO57", "2026-08-20")],
    ),
    "a role ends": (
        ends_part("Roles", "Role", 1, "2026-08-20"),
        [("role_ended", None, "RO76", None, "2026-08-21")],
    ),
    "a role is taken out": (drops("Roles", "Role", 1), [("role_ended", "removed", "RO76", None, STAMP)]),
    "a move to another PCN is one event, announced": (
        moves("RE8", "U1", "U2", "RO272", "2026-10-01"),
        [("parent_changed", "pcn", "U1", "U2", "2026-10-01")],
    ),
    "commissioner and operator are the same body, and move as one": (
        both(
            moves("RE4", "93C", "94D", "RO98", "2026-09-01"),
            moves("RE6", "93C", "94D", "RO98", "2026-09-01"),
        ),
        [("parent_changed", "commissioner", "93C", "94D", "2026-09-01")],
    ),
    "a link that only ends": (
        ends_part("Rels", "Rel", 0, "2026-08-20"),
        [("relationship_ended", "pcn", "U1", None, "2026-08-21")],
    ),
    "a link that only begins": (
        adds("Rels", "Rel", link("QMJ", "RE5", "RO261", "2026-08-20")),
        [("relationship_added", "icb", None, "QMJ", "2026-08-20")],
    ),
    "a link to no kind of parent": (
        adds("Rels", "Rel", link("G2L3T", "RE11", "RO98", "2026-08-20")),
        [("relationship_added", None, None, "G2L3T", "2026-08-20")],
    ),
    "a link of other dates": (
        lambda record: record["Rels"]["Rel"][0]["Date"][0].update(Start="2020-05-01"),
        [("relationship_changed", "operational_start", "2020-04-01", "2020-05-01", STAMP)],
    ),
    "one link that points at another PCN": (
        lambda record: record["Rels"]["Rel"][0]["Target"]["OrgId"].update(extension="U2"),
        [("parent_changed", "pcn", "U1", "U2", STAMP)],
    ),
    "a link renewed to the same parent is no move": (
        both(
            ends_part("Rels", "Rel", 0, "2026-08-20"),
            adds("Rels", "Rel", link("U1", "RE8", "RO272", "2026-08-21")),
        ),
        [
            ("relationship_added", "pcn", None, "U1", "2026-08-21"),
            ("relationship_ended", "pcn", "U1", None, "2026-08-21"),
        ],
    ),
    "a successor on record": (
        adds("Succs", "Succ", succ("R1A", "Successor", "R1B", "2026-08-22")),
        [("successor_recorded", None, None, None, "2026-08-22")],
    ),
    "only the stamp": (lambda record: None, []),
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), STORIES.values(), ids=STORIES)
def test_what_a_fetch_shows_is_told_as(held: Held, change: Change, expected: Expected) -> None:
    record = practice()
    held.release([ANCHOR, record])
    changed = deepcopy(record)
    changed["LastChangeDate"] = STAMP
    change(changed)
    held.delta([changed])
    assert told(held) == expected


def test_an_end_that_was_announced_arrives_though_nobody_has_the_record(held: Held) -> None:
    announced = practice()
    end_all(announced, "2026-08-25")
    held.release([ANCHOR, announced])
    held.delta([], "20260825T043000Z")
    assert told(held) == []
    held.delta([], "20260828T043000Z")
    held.delta([], "20260830T043000Z")
    assert told(held) == [("closed", "operational_end", None, "2026-08-25", "2026-08-26")]
    (event,) = events_of(history_held(held)).filter(ods_code="R1A").rows(named=True)
    assert (str(event["detected_on"]), event["capture_id"]) == ("2026-08-28", "fetch=20260828T043000Z")
    # The midnight checker turns the status some day: that is the same closing.
    closed = {**deepcopy(announced), "Status": "Inactive", "LastChangeDate": "2026-08-26"}
    held.delta([closed], "20260901T043000Z")
    assert kinds(held) == ["closed"]


def test_a_start_that_was_announced_arrives(held: Held) -> None:
    held.release([ANCHOR, practice(Date=dates("2026-08-23"))])
    held.delta([])
    assert told(held) == [("opened", "operational_start", None, "2026-08-23", "2026-08-23")]


def test_a_body_that_reopens_reopens_once(held: Held) -> None:
    closed = practice(Status="Inactive")
    end_all(closed, "2026-06-30")
    held.release([ANCHOR, closed])
    again = deepcopy(closed) | {"Status": "Active", "LastChangeDate": STAMP}
    for part in [again, *again["Roles"]["Role"]]:
        del part["Date"][0]["End"]
    again["Rels"]["Rel"] += [link("93C", "RE4", "RO98", STAMP), link("94D", "RE6", "RO98", STAMP)]
    held.delta([again])
    assert told(held) == [
        ("relationship_added", "operator", None, "94D", STAMP),  # who was no parent before is news
        ("reopened", "operational_end", "2026-06-30", None, STAMP),
    ]


def test_a_move_that_is_put_on_record_in_two_steps_is_told_when_it_is_known(held: Held) -> None:
    first = practice()
    held.release([ANCHOR, first])
    ends_part("Rels", "Rel", 0, "2026-09-30")(second := deepcopy(first) | {"LastChangeDate": STAMP})
    held.delta([second])
    adds("Rels", "Rel", link("U2", "RE8", "RO272", "2026-10-01"))(third := deepcopy(second))
    held.delta([third], "20260826T043000Z")
    assert told(held) == [
        ("relationship_ended", "pcn", "U1", None, "2026-10-01"),
        ("parent_changed", "pcn", "U1", "U2", "2026-10-01"),
    ]


def test_edits_without_a_new_stamp_say_so(held: Held) -> None:
    held.release([ANCHOR, practice()])
    held.delta([practice(Name="ANOTHER NAME")])
    (event,) = events_of(history_held(held)).rows(named=True)
    assert (event["change_kind"], event["is_unstamped"]) == ("renamed", True)
    assert str(event["effective_on"]) == "2026-08-01"


def test_nothing_is_told_of_the_first_release_and_what_it_holds_anew(held: Held) -> None:
    held.delta([practice()], "20260801T043000Z")
    held.release([ANCHOR, practice(), make_record("R1B")])
    assert events_of(history_held(held)).is_empty()
    held.delta([make_record("R1C", Date=dates("2026-08-20"))])
    assert told(held, "R1C") == [("created", None, None, None, "2026-08-20")]


def test_an_older_release_that_comes_late_makes_the_later_one_news(held: Held) -> None:
    held.release([ANCHOR, practice(Name="NEW NAME"), make_record("R1B")], **AUGUST)
    assert events_of(history_held(held)).is_empty()
    held.release([ANCHOR, practice()], **JULY)
    assert kinds(held) == ["renamed"]
    assert kinds(held, "R1B") == ["created"]


def test_a_stub_after_the_record_is_nothing_and_a_record_after_its_stub_adds_no_news(held: Held) -> None:
    record = practice()
    held.release([ANCHOR, record, stub_of(make_record("R1B"))])
    held.delta([stub_of(record, LastChangeDate=STAMP)])
    assert told(held) == []
    held.delta([make_record("R1B", Rels={"Rel": [link("U1", "RE8", "RO272")]})], "20260826T043000Z")
    assert told(held, "R1B") == []


def test_a_record_that_moves_to_the_archive_is_archived_and_no_more(held: Held) -> None:
    closed = practice(Status="Inactive")
    end_all(closed, "2016-03-31")
    held.release([ANCHOR, closed], **AUGUST)
    held.release([ANCHOR], [closed], **SEPTEMBER)
    held.release([ANCHOR], [closed], published="2026-10-23", released="2026-10-30")
    assert told(held) == [("archived", "published_in", "full", "archive", SEPTEMBER["published"])]


def test_a_code_that_vanishes_is_deleted_and_one_that_comes_back_is_created(held: Held) -> None:
    held.release([ANCHOR, practice()], **JULY)
    held.release([ANCHOR], **AUGUST)
    gone = ("deleted", "absent_from_release", "BODY R1A", "confirmed", AUGUST["published"])
    assert told(held) == [gone]
    held.release([ANCHOR, practice()], **SEPTEMBER)
    assert told(held) == [gone, ("created", "returned", None, None, SEPTEMBER["published"])]


def test_a_deletion_by_notice_holds_from_its_day_and_is_seen_when_it_is_fetched(held: Held) -> None:
    held.release([ANCHOR, practice()])
    held.delta([], notifications=[notice("R1A", "2026-08-22"), notice("R9Z", "2026-08-22")])
    (event,) = events_of(history_held(held)).rows(named=True)
    assert (event["ods_code"], event["change_kind"], event["new_value"]) == ("R1A", "deleted", "confirmed")
    assert (str(event["effective_on"]), str(event["detected_on"])) == ("2026-08-22", "2026-08-24")


def test_a_code_that_the_api_does_not_give_may_be_deleted(held: Held) -> None:
    held.release([ANCHOR, practice()])
    held.delta([], gone=[practice()])
    doubtful = ("deleted", "gone_from_api", "BODY R1A", "unconfirmed", "2026-08-24")
    assert told(held) == [doubtful]
    held.delta([practice()], "20260826T043000Z")
    assert told(held) == []


@pytest.mark.parametrize("gone_between", [False, True])
def test_a_code_that_another_body_takes_is_reused_and_nothing_else(held: Held, gone_between: bool) -> None:
    held.release([ANCHOR, practice()], **JULY)
    if gone_between:
        held.release([ANCHOR], **AUGUST)
    other = make_record("R1A", Name="ANOTHER BODY", Date=dates("2026-09-01"), LastChangeDate="2026-09-01")
    held.release([ANCHOR, other], **SEPTEMBER)
    assert told(held)[-1] == ("code_reused", "name", "BODY R1A", "ANOTHER BODY", "2026-09-01")
    assert kinds(held)[:-1] == (["deleted"] if gone_between else [])


def test_the_id_of_an_event_never_changes_and_says_when_and_of_whom(held: Held) -> None:
    held.release([ANCHOR, practice()])
    held.delta([practice(Name="ANOTHER NAME", LastChangeDate=STAMP)])
    before = events_of(history_held(held))["change_id"].to_list()
    held.delta([practice(Name="A THIRD NAME", LastChangeDate="2026-08-25")], "20260826T043000Z")
    after = events_of(history_held(held))["change_id"].to_list()
    assert before == ["2026-08-24:R1A:" + before[0][-12:]]
    assert after[:1] == before and len(set(after)) == 2
