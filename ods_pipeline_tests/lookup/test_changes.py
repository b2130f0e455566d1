"""What `changes` says of days that the records announce, on registers of two releases and a fetch."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from ods_pipeline.lookup.changes import changes_since
from ods_pipeline_tests.support.builders import Held, dates, make_record, number_of, role, stub_of, succ
from ods_pipeline_tests.support.history.edits import Record, end_all, link
from ods_pipeline_tests.support.history.folding import with_duckdb

FIRST = {"published": "2026-05-21", "released": "2026-05-29"}
SECOND = {"published": "2026-08-21", "released": "2026-08-28"}
JULY = "2026-07-01"
Line = tuple[str, str, str, str | None, str]


def organisation(code: str, *links: Record, primary: str = "RO101", **overrides: Any) -> Record:
    for each in links:
        each["uniqueRelId"] = number_of(code, str(each["uniqueRelId"]))
    return make_record(
        code, **{"Rels": {"Rel": [*links]}, "Roles": {"Role": [role(code, primary)]}, **overrides}
    )


def care(start: str, to: str = "A1", end: str | None = None) -> Record:
    return link(to, "RE6", "RO104", start, end)


def pcn(to: str, start: str, end: str | None = None) -> Record:
    return link(to, "RE8", "RO272", start, end)


def first_release() -> list[Record]:
    closing = organisation("D2", care("2012-04-01"))
    end_all(closing, "2026-06-30")
    in_law = care("2015-04-01")
    in_law["Date"] += dates("2015-04-01", "2025-12-31", kind="Legal")
    return [
        *(make_record(code, Roles={"Role": [role(code, "RO272")]}) for code in ("U1", "U2", "U3")),
        *(make_record(code, Roles={"Role": [role(code, "RO104")]}) for code in ("A1", "A2")),
        organisation("P1", pcn("U1", "2019-07-01", "2026-06-30"), pcn("U2", JULY), primary="RO177"),
        organisation("P2", pcn("U1", "2019-07-01"), primary="RO177"),
        organisation("P3", pcn("U2", "2026-08-22"), primary="RO177"),
        organisation("P4", pcn("U2", JULY), primary="RO177"),
        organisation("D0", care("2025-07-15"), Date=dates("2025-07-15")),
        organisation("D1", care("2026-06-10"), Date=dates("2026-06-10")),
        closing,
        stub_of(organisation("D3", care(JULY))),
        organisation("D4", in_law),
        organisation("P5", pcn("U2", JULY), primary="RO177"),
        reopening(),
        reopening("D6"),
        dated_in_law("L1"),
        dated_in_law("L2"),
        with_roles(announced=True),
        with_roles("R2", announced=False),
    ]


def with_roles(code: str = "R1", *, announced: bool) -> Record:
    """Return a site that ends on 31 July. One role begins in July and one ends, if it is announced."""
    life = dates(end="2026-07-31")
    roles = [
        role(code, "RO101", Date=life),
        role(code, "RO269", primary=False, Date=dates(end="2026-06-30" if announced else None)),
        role(code, "RO76", primary=False, Date=life),
    ]
    if announced:
        roles.append(role(code, "RO270", primary=False, Date=dates(JULY, "2026-07-31")))
    return organisation(code, care("2012-04-01", end="2026-07-31"), Date=life, Roles={"Role": roles})


def second_release() -> list[Record]:
    moved = [pcn("U1", "2019-07-01", "2026-06-14"), pcn("U3", "2026-07-10")]
    new = {
        "P2": organisation("P2", *moved, primary="RO177"),
        # The second release is the first to show a second link, which begins on the same day.
        "P4": organisation("P4", pcn("U2", JULY), link("93C", "RE4", "RO98", JULY), primary="RO177"),
        "D3": organisation("D3", care(JULY)),
        "N1": organisation("N1", care("2026-04-10"), care("2026-06-20", "A2"), Date=dates("2026-04-10")),
        "N2": announcing(),
        "D5": reopening(again="2026-08-01"),
        "D6": reopening("D6", again="2026-05-01"),
        "L2": dated_in_law("L2", "2026-05-10", Status="Inactive"),
        "R2": with_roles("R2", announced=True),
        "N3": organisation("N3", Date=dates("2026-06-10", kind="Legal"), Rels=None),
        "P5": organisation(
            "P5", pcn("U2", JULY), primary="RO177", Succs={"Succ": [succ("P5", "Successor", "U2", JULY)]}
        ),
    }
    records = {record["OrgId"]["extension"]: record for record in first_release()} | new
    return [*records.values()]


def reopening(code: str = "D5", *, again: str | None = None) -> Record:
    """Return a site that is closed; or reopened on a day, with another link to the same organisation.

    On a day before the first release it has a new start.
    """
    site = organisation(code, care("2012-04-01"), LastChangeDate="2026-08-01" if again else "2026-04-01")
    end_all(site, "2026-03-31")
    if again:
        for dated in (site, site["Roles"]["Role"][0]):
            dated["Date"] = dates(again) if again < FIRST["published"] else dates()
        site["Rels"]["Rel"].append(care(again))
    else:
        site["Status"] = "Inactive"
    return site


def dated_in_law(code: str, end: str | None = None, **overrides: Any) -> Record:
    """Return an organisation that the record dates in law only."""
    return organisation(code, Date=dates("2026-04-10", end, kind="Legal"), Rels=None, **overrides)


def announcing() -> Record:
    """Return a new practice whose first record announces that it changes its PCN."""
    links = pcn("U1", "2026-06-20", "2026-07-31"), pcn("U2", "2026-08-01")
    return organisation("N2", *links, primary="RO177", Date=dates("2026-06-20"), LastChangeDate="2026-06-20")


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    held = Held(tmp_path_factory.mktemp("announced"))
    held.release(first_release(), **FIRST)
    held.delta([announcing()], "20260622T043000Z")
    held.release(second_release(), **SECOND)
    file = with_duckdb(held.register(), held.path / "build")
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection


def lines(
    register: duckdb.DuckDBPyConnection, since: str, code: str | None = None, under: str | None = None
) -> list[Line]:
    frame = changes_since(register, date.fromisoformat(since), under=under)
    columns = ["ods_code", "change_kind", "effective_on", "related_code", "basis"]
    rows = frame.with_columns(frame["effective_on"].cast(str)).select(columns).rows()
    return [row for row in rows if code in (None, row[0])]


RECORD, SEEN = "from the record", "observed"


@pytest.mark.parametrize("since", ["2025-06-30", "2026-06-01", JULY])
def test_who_joins_and_leaves_on_an_announced_day_is_listed(
    register: duckdb.DuckDBPyConnection, since: str
) -> None:
    assert lines(register, since, "P1") == [
        ("P1", "relationship_added", JULY, "U2", RECORD),
        ("P1", "relationship_ended", JULY, "U1", RECORD),
    ]
    assert lines(register, since, "P1", under="U2") == lines(register, since, "P1")
    assert lines(register, "2026-07-02", "P1") == []


def test_a_site_that_opens_on_an_announced_day_joins_on_it(register: duckdb.DuckDBPyConnection) -> None:
    for options in ({}, {"under": "A1"}):
        assert lines(register, "2026-06-01", "D1", **options) == [
            ("D1", "relationship_added", "2026-06-10", "A1", RECORD),
            ("D1", "opened", "2026-06-10", None, SEEN),
        ]
    assert [line[1:3] for line in lines(register, "2025-06-30", "D0")] == [
        ("opened", "2025-07-15"),
        ("relationship_added", "2025-07-15"),
    ]


def test_a_role_that_begins_or_ends_on_an_announced_day_is_listed(
    register: duckdb.DuckDBPyConnection,
) -> None:
    of_roles = [("role_added", JULY, "RO270"), ("role_ended", JULY, "RO269")]
    for code, basis in (("R1", RECORD), ("R2", SEEN)):
        frame = changes_since(register, date(2025, 6, 30), ["role_added", "role_ended"], code)
        own = frame.select("change_kind", frame["effective_on"].cast(str), "role_id", "basis").rows()
        assert sorted(own) == [
            (*line, basis) for line in of_roles
        ]  # and none of roles that end with the site
        assert set(frame["old_value"]) == {None, "RO269"}
    assert [line[:2] for line in lines(register, JULY, "R1", under="A1") if line[4] == RECORD] == [
        ("R1", "role_added"),
        ("R1", "role_ended"),
    ]


def test_what_an_event_reports_is_not_listed_twice(register: duckdb.DuckDBPyConnection) -> None:
    since = "2025-06-30"
    assert lines(register, since, "P2") == [("P2", "parent_changed", "2026-07-10", "U3", SEEN)]
    assert lines(register, since, "D2") == [("D2", "closed", JULY, None, SEEN)]
    # A link that begins with a new organisation is part of its creation; one of another day is not.
    assert lines(register, since, "N1") == [
        ("N1", "relationship_added", "2026-06-20", "A2", RECORD),
        ("N1", "created", "2026-04-10", None, SEEN),
    ]
    assert lines(register, "2026-07-01", "D5") == [("D5", "reopened", "2026-08-01", None, SEEN)]
    # It opens and reopens on one day, before the first release: that is one event.
    assert [line for line in lines(register, since, "D6") if line[1] in ("opened", "reopened")] == [
        ("D6", "reopened", "2026-05-01", None, SEEN)
    ]
    assert lines(register, since, "N2") == [
        ("N2", "relationship_added", "2026-08-01", "U2", RECORD),
        ("N2", "relationship_ended", "2026-08-01", "U1", RECORD),
        ("N2", "created", "2026-06-20", None, SEEN),
    ]


def test_another_link_of_that_day_does_not_hide_one(register: duckdb.DuckDBPyConnection) -> None:
    assert lines(register, "2025-06-30", "P4") == [
        ("P4", "relationship_added", JULY, "U2", RECORD),
        ("P4", "relationship_added", JULY, "93C", SEEN),
    ]


def test_a_link_that_a_complete_record_adds_to_a_stub_is_listed(register: duckdb.DuckDBPyConnection) -> None:
    assert ("D3", "relationship_added", JULY, "A1", RECORD) in lines(register, "2026-06-01", "D3")


def test_what_is_dated_in_law_only_opens_and_closes(register: duckdb.DuckDBPyConnection) -> None:
    opened = ("opened", "2026-04-10", None, RECORD)
    assert [line[1:] for line in lines(register, "2025-06-30", "L1")] == [opened]
    assert [line[1:] for line in lines(register, "2025-06-30", "L2")] == [
        opened,
        ("closed", "2026-05-11", None, SEEN),
    ]


def test_days_ahead_of_what_is_held_are_not_listed(register: duckdb.DuckDBPyConnection) -> None:
    assert lines(register, "2025-06-30", "P3") == []


def test_a_link_that_is_over_in_law_only_has_not_ended(register: duckdb.DuckDBPyConnection) -> None:
    assert lines(register, "2025-06-30", "D4") == []


def test_a_life_has_an_event_once_and_loses_none_to_another_of_the_same_day(
    register: duckdb.DuckDBPyConnection,
) -> None:
    life = "SELECT event, on_day::VARCHAR, source FROM ods_history(?) WHERE on_day > DATE '2026-06-01'"

    def of(code: str) -> list[tuple[str, ...]]:
        return [row for row in register.execute(life, [code]).fetchall() if row[0] != "record_changed"]

    assert of("N3") == [("created", "2026-06-10", "change")]  # it begins in law only
    assert of("P5") == [("relationship_added", JULY, "record"), ("successor_recorded", JULY, "change")]
