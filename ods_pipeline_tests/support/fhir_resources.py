"""Organizations and affiliations of ODT as FHIR, one resource at a time, and the rows they become.

Lives here: resources in which any part can be changed, so that a test can break one. Does not live here:
whole registers, which are made from ORD records (``odt_records.py``).
"""

from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.sources.odt.names import ORGANISATION_ROLE, TYPED_PERIOD
from ods_pipeline_tests.support.builders import put, write_delta

Resource = dict[str, Any]
# Primary by the code list; RO76 (GP PRACTICE) and RO321 are not.
PRIMARY = frozenset({"RO172", "RO197", "RO177", "RO171", "RO182", "RO181", "RO210"})


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


def flat_of(folder: Path, payloads: dict[str, bytes]) -> dict[str, pl.DataFrame]:
    """The flat frames of these payloads, as a fetch would keep them."""
    fetch = write_delta(folder, [])
    for code, payload in payloads.items():
        put(fetch, f"organisations/{code}.json", payload, asked=code)
    return flatten_fetch(fetch).frames
