"""When a role, a link or an organisation has ended: in operation, in law, or before it had begun."""

from copy import deepcopy

import pytest

from ods_pipeline_tests.support.builders import Held, dates, role
from ods_pipeline_tests.support.history.edits import STAMP, Record, link, practice
from ods_pipeline_tests.support.history.folding import events_of_code
from ods_pipeline_tests.support.history.stories import ANCHOR


def _with_last_parts(start: str, *, end_in_law: str | None = None, status: str = "Active") -> Record:
    """Return a practice whose last role and last link have these dates and this status."""
    record = practice()
    record["Roles"]["Role"].append(role("R1A", "RO57", primary=False))
    record["Rels"]["Rel"].append(link("U2", "RE8", "RO272", start))
    for section, item in (("Roles", "Role"), ("Rels", "Rel")):
        in_law = dates(start, end_in_law, kind="Legal") if end_in_law else []
        record[section][item][-1].update(Date=[*dates(start), *in_law], Status=status)
    return record


@pytest.mark.parametrize("starts", ["2026-08-24", "2026-10-01"])
def test_an_announced_role_or_link_that_is_published_as_inactive_has_not_ended(
    held: Held, starts: str
) -> None:
    held.release([ANCHOR, _with_last_parts(starts)])
    held.delta([_with_last_parts(starts, status="Inactive") | {"LastChangeDate": STAMP}])
    assert events_of_code(held) == [("record_changed", "roles, relationships", None, None, STAMP)]


def test_a_role_or_link_that_had_begun_when_it_became_inactive_has_ended(held: Held) -> None:
    held.release([ANCHOR, _with_last_parts(STAMP)])
    held.delta([_with_last_parts(STAMP, status="Inactive") | {"LastChangeDate": STAMP}])
    assert events_of_code(held) == [
        ("relationship_ended", "pcn", "U2", None, STAMP),
        ("role_ended", None, "RO57", None, STAMP),
    ]


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_a_role_or_link_that_is_over_in_law_only_goes_on(held: Held, status: str) -> None:
    held.release([ANCHOR, _with_last_parts("2015-04-01")])
    over = _with_last_parts("2015-04-01", end_in_law="2026-06-30", status=status)
    held.delta([over | {"LastChangeDate": STAMP}])
    fields, old, new = "legal_start, legal_end", "none, none", "2015-04-01, 2026-06-30"
    assert events_of_code(held) == [
        ("dates_corrected", fields, old, new, STAMP),
        ("relationship_changed", fields, old, new, STAMP),
    ]
    # An end in operation is its end, on a day of its own.
    ended = deepcopy(over) | {"LastChangeDate": "2026-08-25"}
    for section, item in (("Roles", "Role"), ("Rels", "Rel")):
        ended[section][item][-1]["Date"][0]["End"] = "2026-08-24"
    held.delta([ended], "20260826T043000Z")
    assert events_of_code(held)[2:] == [
        ("relationship_ended", "pcn", "U2", None, "2026-08-25"),
        ("role_ended", None, "RO57", None, "2026-08-25"),
    ]


def test_a_link_without_an_operational_start_ends_in_law(held: Held) -> None:
    in_law = practice()
    in_law["Rels"]["Rel"][0]["Date"] = dates("2020-04-01", kind="Legal")
    held.release([ANCHOR, in_law])
    ended = deepcopy(in_law) | {"LastChangeDate": STAMP}
    ended["Rels"]["Rel"][0]["Date"][0]["End"] = "2026-06-30"
    held.delta([ended])
    assert events_of_code(held) == [("relationship_ended", "pcn", "U1", None, "2026-07-01")]


def test_an_organisation_that_is_over_in_law_takes_its_roles_and_links_with_it(held: Held) -> None:
    record = practice()
    parts = [record, *record["Roles"]["Role"], *record["Rels"]["Rel"]]
    for part in parts:
        part["Date"] += dates(part["Date"][0]["Start"], kind="Legal")
    held.release([ANCHOR, record])
    for part in parts:
        part["Date"][1]["End"] = "2026-06-30"
    held.delta([deepcopy(record) | {"LastChangeDate": STAMP}])
    assert events_of_code(held) == [("legally_closed", "legal_end", None, "2026-06-30", "2026-07-01")]
    # Later it closes in operation: one closing again.
    for part in parts:
        part["Date"][0]["End"] = "2026-08-24"
    held.delta([deepcopy(record) | {"LastChangeDate": "2026-08-25"}], "20260826T043000Z")
    assert events_of_code(held)[1:] == [("closed", "operational_end", None, "2026-08-24", "2026-08-25")]
