"""Every official example of ODT becomes rows, leaf by leaf; every broken shape goes aside under its rule."""

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.json.record import BadRecord, json_to_xml
from ods_pipeline.sources.odt.fhir import Notes
from ods_pipeline.sources.odt.names import ADDRESS_KEY, ORGANISATION_ROLE, TYPED_PERIOD
from ods_pipeline.sources.odt.organisations import Term
from ods_pipeline.sources.odt.relationships import relationship, source_of
from ods_pipeline.sources.odt.successions import Edge, successions
from ods_pipeline.sources.odt.translate import Context, record, translated
from ods_pipeline_tests.support.builders import put, write_delta
from ods_pipeline_tests.support.fhir import from_xml, leaves, resources

Resource = dict[str, Any]
# Primary by the code list; RO76 (GP PRACTICE) and RO321 are not.
PRIMARY = frozenset({"RO172", "RO197", "RO177", "RO171", "RO182", "RO181", "RO210"})
# What is not taken, and why. Paths end with these.
NOT_TAKEN = {
    ".meta.": "load times and profiles of the store, no facts about an organisation",
    ".resourceType": "the kind of resource chose the translator",
    ".url": "the name of an extension chose the rule",
    ".system": "the name of a code system chose the rule",
    ".use": "'official' on every identifier",
    ".reference": "a link to what the identifier next to it names",
    "<type>.valueCodeableConcept.coding.display": "the long name of UPRN",
    "<type>.valueCodeableConcept.coding.code": "UPRN: chose the rule",
    "<type>.valueCoding.code": "LastChangeDate: chose the rule",
    "<type>.valueCoding.display": "LastChangeDate: chose the rule",
    "<dateType>.valueCoding.display": "equals its code",
    ".type.coding.display": "the name of RC1, RC2, Full or RefOnly",
    ".period.": "the operational period once more (the guide: use TypedPeriod instead)",
}
# An affiliation's organisations and codes are columns of its own row.


@cache
def examples(shared: Path) -> list[Resource]:
    """Every Organization and OrganizationAffiliation of the two folders, with the code as its id."""
    folder, found = shared / "odt-fhir", []
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_bytes())
        found += resources(content) if content["resourceType"] == "Bundle" else [content]
    for path in sorted((folder / "guide").glob("*.xml")):
        content = from_xml(path)
        found += resources(content) if content["resourceType"] == "Bundle" else [content]
    for resource in found:  # the guide's id is the name of the example
        if resource.get("identifier") and str(resource["id"]).startswith("ODS-"):
            resource["id"] = resource["identifier"][0]["value"]
    return [r for r in found if r["resourceType"] in ("Organization", "OrganizationAffiliation")]


def flat_of(folder: Path, payloads: dict[str, bytes]) -> dict[str, pl.DataFrame]:
    """The flat frames of these payloads, as a fetch would keep them."""
    fetch = write_delta(folder, [])
    for code, payload in payloads.items():
        put(fetch, f"organisations/{code}.json", payload, asked=code)
    return flatten_fetch(fetch).frames


def test_every_leaf_of_every_example_is_in_the_tables_or_on_the_list(shared: Path, tmp_path: Path) -> None:
    organisations = {
        r["identifier"][0]["value"]: r for r in examples(shared) if r["resourceType"] == "Organization"
    }
    assert len(organisations) >= 7
    context = Context(PRIMARY)
    frames = flat_of(tmp_path, {c: translated(r, [], context) for c, r in organisations.items()})
    assert frames["quarantined_records"].height == 0
    assert frames["unknown_elements"].height == 0
    for code, resource in organisations.items():
        found = {
            str(value)
            for name in ("organisations", "roles", "contacts")
            for row in frames[name].filter(pl.col("ods_code") == code).rows()
            for value in row
        }
        lost = [
            (path, value)
            for path, value in leaves(resource)
            if str(value) not in found
            and not any(end in path + "." or path.endswith(end) for end in NOT_TAKEN)
        ]
        assert [(p, v) for p, v in lost if not _is_said_otherwise(p, v)] == [], code


def _is_said_otherwise(path: str, value: Any) -> bool:
    """Whether a leaf is a status, a type of date, or a name that the code lists hold."""
    said = {
        ".active": (True, False),
        "<active>.valueBoolean": (True, False),
        "<dateType>.valueCoding.code": ("Legal", "Operational"),
        ".type.coding.code": ("Full", "RefOnly", "RC1", "RC2"),
    }
    return any(path.endswith(end) and value in values for end, values in said.items()) or path.endswith(
        "<roleCode>.valueCodeableConcept.coding.display"
    )


def test_every_affiliation_of_the_examples_becomes_a_relationship(shared: Path) -> None:
    affiliations = [r for r in examples(shared) if r["resourceType"] == "OrganizationAffiliation"]
    assert len(affiliations) >= 6
    for affiliation in affiliations:
        notes = Notes()
        row = relationship(affiliation, "RO261", notes)
        text = json.dumps([row, source_of(affiliation)])
        for path, value in leaves(affiliation):
            taken = str(value) in text or path.endswith(
                (".active", "<dateType>.valueCoding.code", "code.coding.display")
            )
            assert taken or any(end in path + "." or path.endswith(end) for end in NOT_TAKEN), (path, value)
        assert notes.unknown == {}
        assert row["Status"] == ("Active" if affiliation["active"] else "Inactive")


def test_q72_keeps_its_legal_end_and_stays_active(shared: Path) -> None:
    """Active is not open: Legal ended on 2020-03-31, Operational did not."""
    q72 = next(r for r in examples(shared) if r["id"] == "Q72")
    made = record(q72, [], Context(PRIMARY | {r["id"] for r in _role_ids(q72)}), Notes())
    assert made["Status"] == "Active"
    assert {d["Type"]: d.get("End") for d in made["Date"]} == {"Operational": None, "Legal": "2020-03-31"}


def _role_ids(resource: Resource) -> list[Resource]:
    roles = [e for e in resource["extension"] if e["url"] == ORGANISATION_ROLE]
    return [
        {"id": p["valueCodeableConcept"]["coding"][0]["code"]}
        for r in roles
        for p in r["extension"]
        if p["url"] == "roleCode"
    ]


def test_the_left_overs_of_stu3_are_named_and_rejected(shared: Path) -> None:
    for name, rule in (
        ("OrganizationAffiliation.get.4XX.json", "a OperationOutcome came"),
        ("metadata.get.200.json", "a CapabilityStatement came"),
    ):
        payload = translated(json.loads((shared / "odt-fhir" / name).read_bytes()), [], Context())
        with pytest.raises(BadRecord, match=rule) as rejected:
            json_to_xml(payload, {})
        assert rejected.value.rule == "odt_other_resource"


# --- bad input ----------------------------------------------------------------------------------------------


def period(kind: str = "Operational", start: str | None = "2010-04-01", end: str | None = None) -> Resource:
    limits = {**({"start": start} if start else {}), **({"end": end} if end else {})}
    return {
        "url": TYPED_PERIOD,
        "extension": [
            {"url": "dateType", "valueCoding": {"code": kind}},
            {"url": "period", "valuePeriod": limits},
        ],
    }


def role(number: int = 1, code: str = "RO197", *periods: Resource) -> Resource:
    system = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem/ODSOrganisationRole"
    return {
        "url": ORGANISATION_ROLE,
        "extension": [
            {"url": "instanceID", "valueInteger": number},
            {"url": "roleCode", "valueCodeableConcept": {"coding": [{"system": system, "code": code}]}},
            *(periods or (period(), period("Legal"))),
            {"url": "active", "valueBoolean": True},
        ],
    }


def organization(code: str = "RX1", **changes: Any) -> Resource:
    england = "https://fhir.nhs.uk/England"
    stamp = {
        "url": f"{england}/StructureDefinition/Extension-England-TypedDateTime",
        "extension": [
            {
                "url": "type",
                "valueCoding": {
                    "system": f"{england}/CodeSystem/England-ODSDateTime",
                    "code": "LastChangeDate",
                },
            },
            {"url": "dateTime", "valueDateTime": "2026-09-03"},
        ],
    }
    classes = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem/ODSRecordClass"
    resource: Resource = {
        "resourceType": "Organization",
        "id": code,
        "extension": [role(), stamp],
        "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": code}],
        "active": True,
        "type": [
            {"coding": [{"system": f"{england}/CodeSystem/England-ODSRecordUseType", "code": "Full"}]},
            {"coding": [{"system": classes, "code": "RC1"}]},
        ],
        "name": f"BODY {code}",
        "address": [{"line": ["1 HIGH STREET"], "city": "LEEDS"}],
    }
    return {k: v for k, v in {**resource, **changes}.items() if v is not None}


def affiliation(number: str = "7", **changes: Any) -> Resource:
    identifier = {"system": "https://fhir.nhs.uk/Id/ods-organization-code"}
    system = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem/ODSRelationship"
    resource: Resource = {
        "resourceType": "OrganizationAffiliation",
        "id": number,
        "extension": [period(), period("Legal")],
        "active": True,
        "organization": {"identifier": {**identifier, "value": "RX1"}},
        "participatingOrganization": {"identifier": {**identifier, "value": "QX2"}},
        "code": [{"coding": [{"system": system, "code": "RE5"}]}],
    }
    return {k: v for k, v in {**resource, **changes}.items() if v is not None}


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
