"""fold.py, one rule a test: which record counts for a code, since when, and with which parts."""

from datetime import date
from typing import Any

import pytest

from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.builders import Held, make_record, notice, number_of, rel, stub_of, succ
from ods_pipeline_tests.support.history.stories import (
    ANCHOR,
    AUGUST,
    JULY,
    SEPTEMBER,
    after,
    deletion,
    delta,
    name_of,
    release,
    row,
    trust,
)


def test_every_table_has_the_columns_types_and_order_of_its_schema(held: Held) -> None:
    record = trust(
        "A", Rels={"Rel": [rel("R1A", "R0A")]}, Succs={"Succ": [succ("R1A", "Predecessor", "GONE")]}
    )
    register = after(
        held, release(record, **AUGUST), delta(trust("B"), notifications=[notice("Z1", "2026-08-20")])
    )
    assert set(register.frames) == {t.id for t in TABLES.values() if t.schema in ("ord", "history")}
    for name, frame in register.frames.items():
        assert dict(frame.schema) == TABLES[name].dtypes, name
        assert frame.equals(frame.sort(TABLES[name].key)), name
    assert register.as_of == date(2026, 8, 24)
    assert row(register, "R0A")["primary_role_name"] == "NHS TRUST"


@pytest.mark.promise("newest_counts")
@pytest.mark.parametrize(
    ("steps", "winner"),
    [
        ([release(trust("OLD"), **AUGUST), delta(trust("NEW"))], "NEW"),
        ([release(trust("NEW"), **AUGUST), delta(trust("OLD"), "20260820T043000Z")], "NEW"),
        ([release(trust("RELEASE"), **AUGUST), delta(trust("DELTA"), "20260821T003000Z")], "DELTA"),
        (
            [
                release(trust("X"), **AUGUST),
                delta(trust("LATER"), "20260824T180000Z"),
                delta(trust("EARLIER")),
            ],
            "LATER",
        ),
        ([release(trust("NEW"), **SEPTEMBER), delta(trust("DELTA")), release(trust("OLD"), **AUGUST)], "NEW"),
        ([release(trust("OLD"), **JULY), release(trust("NEW"), **AUGUST)], "NEW"),
    ],
    ids=[
        "newer",
        "older comes late",
        "same day",
        "same day, two fetches",
        "release after delta",
        "two releases",
    ],
)
def test_the_newest_observation_counts(held: Held, steps: list[Any], winner: str) -> None:
    assert name_of(after(held, *steps)) == winner


@pytest.mark.parametrize("field", ["Rels", "Succs", "Contacts", "Roles"])
def test_the_parts_are_those_of_the_record_that_counts(held: Held, field: str) -> None:
    parts = {"Rels": {"Rel": [rel("R1A", "R0A")]}, "Succs": {"Succ": [succ("R1A", "Predecessor", "R0A")]}}
    register = after(
        held,
        release(trust("A", **parts), **AUGUST),
        delta(trust("A", **{field: None} if field in parts else {})),
    )
    table = {"Rels": "relationships", "Succs": "successions", "Contacts": "contacts", "Roles": "roles"}[field]
    left = register.frames[table].filter(ods_code="R1A").height
    assert left == (0 if field in parts else 1)


@pytest.mark.promise("newest_counts")
@pytest.mark.parametrize("stamp", ["2026-08-01", "2027-01-01"])
def test_a_stub_never_overwrites_a_complete_record_not_even_with_a_newer_stamp(
    held: Held, stamp: str
) -> None:
    stub = stub_of(trust("STUB"), LastChangeDate=stamp)
    register = after(held, release(trust("WHOLE"), **AUGUST), delta(stub))
    assert (row(register) or {})["name"] == "WHOLE"
    assert (row(register) or {})["ref_only"] is False
    assert register.effects["effect"].to_list() == ["stub_of_a_complete_record"]
    assert deletion(register) is None


def test_a_stub_counts_where_no_complete_record_is_held(held: Held) -> None:
    register = after(held, release(**AUGUST), delta(stub_of(trust("STUB"))))
    assert (row(register) or {})["ref_only"] is True
    assert register.effects["effect"].to_list() == ["new"]
    held.delta([trust("WHOLE")], "20260825T043000Z")
    held.delta([stub_of(trust("STUB AGAIN"))], "20260826T043000Z")
    assert name_of(held.register()) == "WHOLE"


@pytest.mark.parametrize(
    ("steps", "since"),
    [
        ([release(trust("A"), **JULY)], "2026-07-24"),
        ([release(trust("A"), **JULY), release(trust("A"), **AUGUST), delta(trust("A"))], "2026-07-24"),
        ([release(trust("A"), **JULY), delta(trust("A", LastChangeDate="2026-08-24"))], "2026-07-24"),
        ([release(trust("A"), **JULY), release(trust("B"), **AUGUST), delta(trust("B"))], "2026-08-21"),
        ([release(trust("A"), **JULY), release(trust("B"), **AUGUST), delta(trust("A"))], "2026-08-24"),
        (
            [release(trust("A"), **JULY), delta(stub_of(trust("B"))), release(trust("A"), **SEPTEMBER)],
            "2026-07-24",
        ),
    ],
    ids=["once", "unchanged", "only stamped", "changed", "changed and changed back", "stub between"],
)
def test_known_from_is_the_first_day_of_the_unbroken_run(held: Held, steps: list[Any], since: str) -> None:
    assert (row(after(held, *steps)) or {})["known_from"] == date.fromisoformat(since)


TEL, FAX = {"type": "tel", "value": "1"}, {"type": "fax", "value": "2"}


def phones(*entries: dict[str, str]) -> dict[str, Any]:
    return trust("A", Contacts={"Contact": [*entries]})


@pytest.mark.parametrize(
    ("steps", "fax"),
    [
        ([release(phones(TEL, FAX), **AUGUST), delta(phones(TEL))], "2"),
        (
            [release(phones(TEL, FAX), **AUGUST), delta(phones(TEL)), delta(phones(TEL), "20260825T043000Z")],
            "2",
        ),
        ([release(phones(TEL, FAX), **AUGUST), delta(phones(TEL, {**FAX, "value": "3"}))], "3"),
        (
            [
                release(phones(TEL, FAX), **AUGUST),
                delta(phones(TEL, {**FAX, "value": "3"})),
                delta(phones(TEL), "20260825T043000Z"),
            ],
            "3",
        ),
        ([release(phones(TEL, FAX), **JULY), release(phones(TEL), **AUGUST)], None),
        ([release(phones(TEL, FAX), **JULY), release(phones(TEL), **AUGUST), delta(phones(TEL))], None),
        ([delta(phones(TEL)), release(phones(TEL, FAX), **SEPTEMBER)], "2"),
        ([release(**AUGUST), delta(phones(TEL))], None),
    ],
    ids=[
        "left out",
        "left out twice",
        "has a fax",
        "had a fax, then left out",
        "gone from TRUD",
        "gone from TRUD, delta",
        "TRUD later",
        "never",
    ],
)
def test_a_fax_that_the_api_leaves_out_stays_the_last_known(
    held: Held, steps: list[Any], fax: str | None
) -> None:
    register = after(held, *steps)
    contacts = (
        register.frames["contacts"]
        .filter(ods_code="R1A")
        .select("contact_type", "ordinal", "contact_value")
        .rows()
    )
    assert contacts == [*([("fax", 1, fax)] if fax else []), ("tel", 1, "1")]
    assert set(register.effects["effect"]) <= {"unchanged", "new"}, "a fax alone is not a change"


def test_the_effect_of_each_delta_record_is_listed(held: Held) -> None:
    register = after(
        held,
        release(trust("A"), **AUGUST),
        delta(trust("A")),
        delta(trust("B"), "20260825T043000Z"),
        delta(stub_of(trust("C")), "20260826T043000Z"),
        delta(trust("B", LastChangeDate="2026-08-27"), "20260827T043000Z"),
        delta(make_record("R9Z"), "20260828T043000Z"),
    )
    effects = ["unchanged", "changed", "stub_of_a_complete_record", "unchanged", "new"]
    assert register.effects["effect"].to_list() == effects
    assert register.effects["ods_code"].to_list() == ["R1A"] * 4 + ["R9Z"]


def test_targets_that_are_not_held_are_listed(held: Held) -> None:
    held.release(
        [
            ANCHOR,
            make_record("R1B"),
            trust("A", Rels={"Rel": [rel("R1A", "NONE"), rel("R1A", "R0A"), rel("R1A", "R1B")]}),
        ]
    )
    held.delta(
        [make_record("R9Z", Succs={"Succ": [succ("R9Z", "Successor", "NONE")]})],
        notifications=[notice("R1B", "2026-08-23")],
    )
    rows = held.register().frames["unresolved_targets"].rows()
    assert rows == [("NONE", 2, "R1A", False), ("R1B", 1, "R1A", True)]


def test_display_names_are_the_newest_and_an_unknown_role_keeps_its_id(held: Held) -> None:
    odd = {"id": "RO999", "uniqueRoleId": number_of("odd"), "Status": "Active"}
    held.release([ANCHOR, trust("A", Roles={"Role": [*trust("A")["Roles"]["Role"], odd]})])
    newer = [{"id": "RO197", "code": "197", "displayName": "NHS TRUST (NEW NAME)", "primaryRole": True}]
    held.delta([], roles=newer)
    frames = held.register().frames
    names = frames["roles"].filter(ods_code="R1A").select("role_id", "role_name").sort("role_id").rows()
    assert names == [("RO197", "NHS TRUST (NEW NAME)"), ("RO999", None)]
    assert frames["organisations"]["primary_role_name"].unique().to_list() == ["NHS TRUST (NEW NAME)"]
