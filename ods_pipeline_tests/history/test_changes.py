"""What each kind of event means: a release, then a fetch some days later that shows one change."""

from copy import deepcopy

import pytest

from ods_pipeline_tests.support.builders import Held, dates, number_of, role, succ
from ods_pipeline_tests.support.history.edits import (
    STAMP,
    Change,
    adds,
    both,
    closes,
    drops,
    ends_part,
    legal,
    link,
    moves,
    of_another,
    practice,
    sets,
)
from ods_pipeline_tests.support.history.folding import events_of, events_of_code, history_held, shown
from ods_pipeline_tests.support.history.stories import ANCHOR

Expected = list[tuple[str | None, ...]]
HOUSE = {"AddrLn1": "1 HIGH STREET", "Town": "LEEDS", "PostCode": "LS1 1AA", "Country": "ENGLAND", "UPRN": 7}
STORIES: dict[str, tuple[Change, Expected]] = {
    "an organisation that closes ends its roles and links with it": (
        closes("2026-08-22"),
        [("closed", "operational_end", None, "2026-08-22", "2026-08-23")],
    ),
    "a future end is announced": (
        closes("2026-12-31"),
        [("closing_announced", "operational_end", None, "2026-12-31", "2027-01-01")],
    ),
    "a link that ended before its organisation is an event of its own": (
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
    "a new role": (
        adds("Roles", "Role", {**role("R1A", "RO57", primary=False), "Date": dates("2026-08-20")}),
        [("role_added", None, None, "RO57", "2026-08-20")],
    ),
    "a role ends": (
        ends_part("Roles", "Role", 1, "2026-08-20"),
        [("role_ended", None, "RO76", None, "2026-08-21")],
    ),
    "a role is removed": (drops("Roles", "Role", 1), [("role_ended", "removed", "RO76", None, STAMP)]),
    "a move to another PCN is one event, announced": (
        moves("RE8", "U1", "U2", "RO272", "2026-10-01"),
        [("parent_changed", "pcn", "U1", "U2", "2026-10-01")],
    ),
    "commissioner and operator are the same organisation, and move as one": (
        both(
            moves("RE4", "93C", "94D", "RO98", "2026-09-01"),
            moves("RE6", "93C", "94D", "RO98", "2026-09-01"),
        ),
        [("parent_changed", "commissioner", "93C", "94D", "2026-09-01")],
    ),
    "commissioner and operator move on two days: two moves": (
        both(
            moves("RE4", "93C", "94D", "RO98", "2026-09-01"),
            moves("RE6", "93C", "94D", "RO98", "2026-07-01"),
        ),
        [
            ("parent_changed", "commissioner", "93C", "94D", "2026-09-01"),
            ("parent_changed", "operator", "93C", "94D", "2026-07-01"),
        ],
    ),
    "a link that only ends": (
        ends_part("Rels", "Rel", 0, "2026-08-20"),
        [("relationship_ended", "pcn", "U1", None, "2026-08-21")],
    ),
    "a link that only begins": (
        adds("Rels", "Rel", link("QMJ", "RE5", "RO261", "2026-08-20")),
        [("relationship_added", "icb", None, "QMJ", "2026-08-20")],
    ),
    "a link to a target that is not a parent": (
        adds("Rels", "Rel", link("G2L3T", "RE11", "RO98", "2026-08-20")),
        [("relationship_added", None, None, "G2L3T", "2026-08-20")],
    ),
    "a link whose dates are corrected": (
        lambda record: record["Rels"]["Rel"][0]["Date"][0].update(Start="2020-05-01"),
        [("relationship_changed", "operational_start", "2020-04-01", "2020-05-01", STAMP)],
    ),
    "a link that ends, with a corrected start": (
        lambda record: record["Rels"]["Rel"][0].update(Date=dates("2020-05-01", "2026-08-20")),
        [
            ("relationship_changed", "operational_start", "2020-04-01", "2020-05-01", STAMP),
            ("relationship_ended", "pcn", "U1", None, "2026-08-21"),
        ],
    ),
    "a link that ends, with a corrected relationship": (
        lambda record: record["Rels"]["Rel"][0].update(id="RE11", Date=dates("2020-04-01", "2026-08-20")),
        [
            ("relationship_changed", "rel_id", "RE8", "RE11", STAMP),
            ("relationship_ended", "pcn", "U1", None, "2026-08-21"),
        ],
    ),
    "a link that stops without a date, with a corrected relationship": (
        lambda record: record["Rels"]["Rel"][0].update(id="RE11", Status="Inactive"),
        [
            ("relationship_changed", "rel_id", "RE8", "RE11", STAMP),
            ("relationship_ended", "pcn", "U1", None, STAMP),
        ],
    ),
    "a link that stops without a date, with a corrected start": (
        lambda record: record["Rels"]["Rel"][0].update(Status="Inactive", Date=dates("2020-05-01")),
        [
            ("relationship_changed", "operational_start", "2020-04-01", "2020-05-01", STAMP),
            ("relationship_ended", "pcn", "U1", None, STAMP),
        ],
    ),
    "a role that ends operationally and legally, with a corrected start": (
        lambda record: record["Roles"]["Role"][1].update(
            Date=[*dates("2012-01-01", "2026-08-20"), *dates("2010-04-01", "2026-08-20", "Legal")]
        ),
        [
            (
                "dates_corrected",
                "operational_start, legal_start",
                "2010-04-01, none",
                "2012-01-01, 2010-04-01",
                STAMP,
            ),
            ("role_ended", None, "RO76", None, "2026-08-21"),
        ],
    ),
    "one link that now points at another PCN": (
        lambda record: record["Rels"]["Rel"][0]["Target"]["OrgId"].update(extension="U2"),
        [("parent_changed", "pcn", "U1", "U2", STAMP)],
    ),
    "a link renewed to the same parent is not a move": (
        both(
            ends_part("Rels", "Rel", 0, "2026-08-20"),
            adds("Rels", "Rel", link("U1", "RE8", "RO272", "2026-08-21")),
        ),
        [
            ("relationship_added", "pcn", None, "U1", "2026-08-21"),
            ("relationship_ended", "pcn", "U1", None, "2026-08-21"),
        ],
    ),
    "a successor is recorded": (
        adds("Succs", "Succ", succ("R1A", "Successor", "R1B", "2026-08-22")),
        [("successor_recorded", None, None, None, "2026-08-22")],
    ),
    "only the stamp": (lambda record: None, []),
}  # fmt: skip


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Expected]:
    """The events of every story. All are in one release and one fetch, each by a practice of its own."""
    codes = {story: f"R1A{number:02}" for number, story in enumerate(STORIES)}
    before, after = [], []
    for story, (change, _) in STORIES.items():
        changed = practice(LastChangeDate=STAMP)
        change(changed)
        before.append(of_another(practice(), codes[story]))
        after.append(of_another(changed, codes[story]))
    held = Held(tmp_path_factory.mktemp("stories"))
    held.release([ANCHOR, *before])
    held.delta(after)
    found = events_of(history_held(held))
    assert set(found["ods_code"]) <= set(codes.values())
    return {story: shown(found, code) for story, code in codes.items()}


@pytest.mark.parametrize(
    ("story", "expected"), [(story, e) for story, (_, e) in STORIES.items()], ids=STORIES
)
def test_a_change_that_a_fetch_shows_is_this_event(
    events: dict[str, Expected], story: str, expected: Expected
) -> None:
    assert events[story] == expected


def test_two_links_to_one_kind_of_parent_are_events_on_their_own_days(held: Held) -> None:
    record = practice()
    record["Rels"]["Rel"] += [link("QAA", "RE5", "RO261"), link("QAA", "RE8", "RO261", "2021-04-01")]
    held.release([ANCHOR, record])
    changed = deepcopy(record) | {"LastChangeDate": STAMP}
    moves("RE5", "QAA", "QBB", "RO261", "2026-09-01")(changed)
    ends_part("Rels", "Rel", 4, "2026-06-30")(changed)
    held.delta([changed])
    assert events_of_code(held) == [
        ("parent_changed", "icb", "QAA", "QBB", "2026-09-01"),
        ("relationship_ended", "icb", "QAA", None, "2026-07-01"),
    ]
