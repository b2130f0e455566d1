"""Every broken shape goes aside under its rule, and what no rule takes is counted; the rules one by one."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.sources.odt.fhir import Notes
from ods_pipeline.sources.odt.names import ADDRESS_KEY, ORGANISATION_ROLE
from ods_pipeline.sources.odt.organisations import Term
from ods_pipeline.sources.odt.successions import Edge, successions
from ods_pipeline.sources.odt.translate import Context, record, translated
from ods_pipeline_tests.support.fhir_resources import (
    PRIMARY,
    Resource,
    affiliation,
    flat_of,
    organization,
    period,
    role,
)


def _with(*extensions: Resource) -> Resource:
    return {"extension": [*extensions, organization()["extension"][1]]}


# A broken shape to the rule under which it is set aside, or to the name under which it is counted.
BROKEN: dict[str, tuple[Resource, list[Resource], str]] = {
    "no identifier": (organization(identifier=None), [], "odt_no_identifier"),
    "id and identifier differ": (organization(id="RX9"), [], "odt_ids_differ"),
    "two primary roles": (organization(**_with(role(1), role(2))), [], "odt_primary_role"),
    "no primary role": (organization(**_with(role(1, "RO76"))), [], "odt_primary_role"),
    "no role": (organization(**_with()), [], "odt_primary_role"),
    "a role without a code": (organization(**_with({"url": ORGANISATION_ROLE})), [], "odt_role_without_code"),
    "a period without start": (
        organization(**_with(role(1, "RO197", period(start=None)))),
        [],
        "odt_period_without_start",
    ),
    "two periods of one type": (
        organization(**_with(role(1, "RO197", period(), period()))),
        [],
        "odt_two_periods",
    ),
    "a day that does not exist": (
        organization(**_with(role(1, "RO197", period(start="2026-02-30")))),
        [],
        "bad_date",
    ),
    "no name": (organization(name=None), [], "no_name"),
    "no class": (organization(type=[]), [], "unknown_record_class"),
    "another resource": (organization(resourceType="Patient"), [], "odt_other_resource"),
    "a list for a name": (organization(name=["A"]), [], "no_name"),
    "a reference to no organisation": (
        organization(),
        [affiliation(participatingOrganization={"reference": "Location/7"})],
        "odt_reference",
    ),
    "an affiliation of nobody": (organization(), [affiliation(organization=None)], "odt_reference"),
    "an affiliation without code": (organization(), [affiliation(code=None)], "odt_affiliation_without_code"),
    "an affiliation whose ids differ": (
        organization(),
        [
            affiliation(
                identifier=[
                    {
                        "system": "https://digital.nhs.uk/services/organisation-data-service/CodeSystem/organization-relationship-instance",
                        "value": "8",
                    }
                ]
            )
        ],
        "odt_ids_differ",
    ),
    "an affiliation without a number": (organization(), [affiliation("seven")], "bad_number"),
}
COUNTED: dict[str, tuple[Resource, list[Resource], str]] = {
    "an unknown extension": (
        organization(**_with(role(), {"url": "https://x/New"})),
        [],
        "/ODT/extension https://x/New",
    ),
    "a fax number": (organization(telecom=[{"system": "fax", "value": "1"}]), [], "/ODT/telecom fax"),
    "an e-mail address": (
        organization(telecom=[{"system": "email", "value": "a@b"}]),
        [],
        "/ODT/telecom email",
    ),
    "active missing": (organization(active=None), [], "/ODT/organisation without active"),
    "a second address": (organization(address=[{"line": ["1"]}, {"line": ["2"]}]), [], "/ODT/second address"),
    "a fourth line": (
        organization(address=[{"line": list("1234")}]),
        [],
        "/ODT/address line beyond the third",
    ),
    "another part of an address": (organization(address=[{"state": "X"}]), [], "/ODT/address.state"),
    "another key": (organization(alias=["OTHER"]), [], "/ODT/Organization.alias"),
    "another key of an address": (
        organization(address=[{"extension": [{"url": ADDRESS_KEY}]}]),
        [],
        f"/ODT/address extension {ADDRESS_KEY}",
    ),
    "a role of a target that is not said": (
        organization(),
        [affiliation()],
        "/ODT/affiliation without the role of its target",
    ),
    "a third type of period": (
        organization(**_with(role(1, "RO197", period(), period("Draft")))),
        [],
        "/ODT/role RO197: period of type Draft",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_shape_goes_aside_under_its_rule(name: str, tmp_path: Path) -> None:
    resource, affiliations, rule = BROKEN[name]
    frames = flat_of(tmp_path, {"RX1": translated(resource, affiliations, Context(PRIMARY))})
    assert frames["organisations"].height == 0
    assert frames["quarantined_records"]["rule"].to_list() == [rule]


@pytest.mark.parametrize("name", COUNTED)
def test_what_no_rule_takes_is_counted_and_the_record_is_used(name: str, tmp_path: Path) -> None:
    resource, affiliations, counted = COUNTED[name]
    frames = flat_of(tmp_path, {"RX1": translated(resource, affiliations, Context(PRIMARY))})
    assert frames["organisations"]["ods_code"].to_list() == ["RX1"]
    assert counted in frames["unknown_elements"]["name"].to_list()


def test_a_missing_active_is_inferred_from_the_primary_role(tmp_path: Path) -> None:
    frames = flat_of(tmp_path, {"RX1": translated(organization(active=None), [], Context(PRIMARY))})
    assert frames["organisations"].select("status", "status_is_inferred").rows() == [("Active", True)]


@pytest.mark.parametrize("moment", ["2026-03-29T23:30:00+00:00", "2026-03-29T00:00:00+01:00", "2026-03-29"])
def test_a_time_zone_never_moves_a_day(moment: str) -> None:
    resource = organization(**_with(role(1, "RO197", period(start=moment, end=moment))))
    (date,) = record(resource, [], Context(PRIMARY), Notes())["Date"]
    assert date == {"Type": "Operational", "Start": "2026-03-29", "End": "2026-03-29"}


@pytest.mark.parametrize("spelling", ["RefOnly", "refOnly", "REFONLY"])
def test_both_spellings_of_a_stub_count(spelling: str) -> None:
    resource = copy.deepcopy(organization())
    resource["type"][0]["coding"][0]["code"] = spelling
    made = record(resource, [affiliation()], Context(PRIMARY), Notes())
    assert made["refOnly"] and "Rels" not in made


# --- rules --------------------------------------------------------------------------------------------------


def test_legal_dates_that_repeat_the_operational_ones_are_dropped_and_counted() -> None:
    notes = Notes()
    roles = (role(1, "RO197"), role(2, "RO76", period(), period("Legal", end="2020-03-31")))
    made = record(organization(**_with(*roles)), [], Context(PRIMARY), notes)
    kinds = [[d["Type"] for d in r["Date"]] for r in made["Roles"]["Role"]]
    assert kinds == [["Operational"], ["Operational", "Legal"]]
    assert notes.rules == {"date_pairs": 2, "legal_equals_operational": 1}


def _decide(context: Callable[[Context], Context] | None = None, **fields: Any) -> list[int]:
    made = record(organization(**_with(role(1), role(2, "RO177"))), [], Context(PRIMARY, **fields), Notes())
    return [r["uniqueRoleId"] for r in made["Roles"]["Role"] if r.get("primaryRole")]


def test_two_roles_that_can_be_primary_are_decided_by_instances_then_by_the_code_system() -> None:
    assert _decide(primary_instances=frozenset({"2"})) == [2]
    assert _decide(terms={"RX1": Term(primary_role="RO177")}) == [2]
    both = {"terms": {"RX1": Term(primary_role="RO177")}, "primary_instances": frozenset({"1"})}
    assert _decide(**both) == [1]


def test_an_organisation_whose_dates_are_not_its_primary_roles_has_its_own() -> None:
    periods = {"Operational": ("2001-04-01", None), "Legal": ("2001-04-01", None)}
    notes = Notes()
    terms = {"RX1": Term("2026-09-03", "RO197", periods)}
    made = record(organization(), [], Context(PRIMARY, terms), notes)
    assert made["Date"] == [{"Type": "Operational", "Start": "2001-04-01"}]
    assert notes.rules["organisation_dates_differ_from_primary_role"] == 1
    stale = {"RX1": Term("2026-09-02", "RO197", periods)}
    assert record(organization(), [], Context(PRIMARY, stale), Notes())["Date"][0]["Start"] == "2010-04-01"


def test_a_succession_stands_on_the_sides_that_the_code_system_states() -> None:
    edges = [Edge("31", "RX1", "RX2", "2020-04-01"), Edge("32", "RX1", "RX2", "2020-04-02")]
    both = Term(successors=frozenset({"RX2"}), predecessors=frozenset())
    (entry,) = successions("RX1", edges, both, Notes())
    assert (entry["Type"], entry["Date"][0]["Start"], entry["uniqueSuccId"]) == (
        "Successor",
        "2020-04-02",
        "32",
    )
    assert successions("RX2", edges, Term(successors=frozenset(), predecessors=frozenset()), Notes()) == []
    notes = Notes()
    assert [e["Type"] for e in successions("RX2", edges, None, notes)] == ["Predecessor"]
    assert notes.rules == {"succession_side_derived": 2}
