"""Every official example of ODT becomes rows, leaf by leaf."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline.flatten.json.record import BadRecord, json_to_xml
from ods_pipeline.sources.odt.fhir import Notes
from ods_pipeline.sources.odt.names import ORGANISATION_ROLE
from ods_pipeline.sources.odt.relationships import relationship, source_of
from ods_pipeline.sources.odt.translate import Context, record, translated
from ods_pipeline_tests.support.fhir import from_xml, leaves, resources
from ods_pipeline_tests.support.fhir_resources import PRIMARY, Resource, flat_of

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
