"""ORD records as ODT has them: Organization, OrganizationAffiliation, and concepts of its code systems.

Lives here: the official mapping, from ORD to FHIR. Does not live here: HTTP (`odt_server.py`), and the way
back, which is the package's.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

DS = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem"
ENGLAND = "https://fhir.nhs.uk/England"
CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
REL_INSTANCE, ROLE_INSTANCE = f"{DS}/organization-relationship-instance", f"{DS}/organization-role-instance"
SUCCESSION = f"{DS}/succession"
LISTS = {
    f"{DS}/ODSOrganisationRole": ("/roles", "Roles"),
    f"{DS}/ODSRelationship": ("/rels", "Relationships"),
    f"{DS}/ODSRecordClass": ("/recordclasses", "RecordClasses"),
}
_PLACES = {"Town": "city", "County": "district", "PostCode": "postalCode", "Country": "country"}
_TELECOMS = {"tel": "phone", "http": "url"}
Json = dict[str, Any]


def listed(record: Mapping[str, Any], section: str) -> list[Json]:
    """Return the items of a section; a bare object is a list of one."""
    found = (record.get(section) or {}).get(section[:-1]) or []
    return [found] if isinstance(found, Mapping) else list(found)


def periods_of(node: Mapping[str, Any], *, repeat_legal: bool = True) -> dict[str, Json]:
    """Return the periods by type. ODT repeats the Operational one as Legal where ORD has no Legal one."""
    dates = node.get("Date") or []
    dates = [dates] if isinstance(dates, Mapping) else dates
    periods = {d["Type"]: {k.lower(): d[k] for k in ("Start", "End") if d.get(k)} for d in dates}
    if repeat_legal and "Operational" in periods:
        periods.setdefault("Legal", periods["Operational"])
    return {name: periods[name] for name in ("Legal", "Operational") if name in periods}


def typed_periods(node: Mapping[str, Any], *, repeat_legal: bool = True) -> list[Json]:
    system = f"{ENGLAND}/CodeSystem/England-PeriodType"
    return [
        {
            "url": f"{ENGLAND}/StructureDefinition/Extension-England-TypedPeriod",
            "extension": [
                {"url": "dateType", "valueCoding": {"system": system, "code": name, "display": name}},
                {"url": "period", "valuePeriod": period},
            ],
        }
        for name, period in periods_of(node, repeat_legal=repeat_legal).items()
    ]


def active(node: Mapping[str, Any]) -> bool:
    return node.get("Status") == "Active"


def organization(record: Mapping[str, Any], names: Mapping[str, str], **options: Any) -> Json:
    """Return the Organization of an ORD record.

    Args:
        record: the record.
        names: display names of roles and record classes by id.
        options: ``spelling`` of RefOnly; ``ended_roles``: whether Inactive roles are in it;
            ``repeat_legal``: whether Operational dates are repeated as Legal ones.
    """
    repeat = options.get("repeat_legal", True)
    code, location = record["OrgId"]["extension"], (record.get("GeoLoc") or {}).get("Location") or {}
    lines = [location[k] for k in ("AddrLn1", "AddrLn2", "AddrLn3") if location.get(k)]
    address: Json = {"line": lines} if lines else {}
    address |= {name: location[key] for key, name in _PLACES.items() if location.get(key)}
    if location.get("UPRN"):
        address = {"extension": [_uprn(location["UPRN"])], **address}
    telecoms = [
        {"system": _TELECOMS[c["type"]], "value": c["value"]}
        for c in listed(record, "Contacts")
        if c["type"] in _TELECOMS and not record.get("refOnly")
    ]
    roles = [
        r
        for r in listed(record, "Roles")
        if options.get("ended_roles", True) or active(r) or r.get("primaryRole")
    ]
    use = options.get("spelling", "RefOnly") if record.get("refOnly") else "Full"
    assigner = record["OrgId"].get("assigningAuthorityName")
    classes = record["orgRecordClass"]
    resource = {
        "resourceType": "Organization",
        "id": code,
        "meta": {"versionId": "3", "lastUpdated": "2026-01-23T12:56:03.130+00:00"},
        "extension": [*(_role(r, names, repeat) for r in roles), _stamp(record["LastChangeDate"])],
        "identifier": [
            {
                "use": "official",
                "system": CODE,
                "value": code,
                **({"assigner": {"display": assigner}} if assigner else {}),
            }
        ],
        **({"active": active(record)} if record.get("Status") else {}),
        "type": [
            _concept(f"{ENGLAND}/CodeSystem/England-ODSRecordUseType", use, use),
            _concept(f"{DS}/ODSRecordClass", classes, names.get(classes, classes)),
        ],
        "name": record["Name"],
        "telecom": telecoms,
        "address": [address] if address else [],
    }
    return {k: v for k, v in resource.items() if v not in ([], {})}


def _concept(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _role(role: Mapping[str, Any], names: Mapping[str, str], repeat: bool) -> Json:
    name = names.get(role["id"], role["id"])
    return {
        "url": f"{ENGLAND}/StructureDefinition/Extension-England-OrganisationRole",
        "extension": [
            {"url": "instanceID", "valueInteger": int(role["uniqueRoleId"])},
            {
                "url": "roleCode",
                "valueCodeableConcept": _concept(f"{DS}/ODSOrganisationRole", role["id"], name),
            },
            *typed_periods(role, repeat_legal=repeat),
            *([{"url": "active", "valueBoolean": active(role)}] if role.get("Status") else []),
        ],
    }


def _stamp(day: str) -> Json:
    system = f"{ENGLAND}/CodeSystem/England-ODSDateTime"
    return {
        "url": f"{ENGLAND}/StructureDefinition/Extension-England-TypedDateTime",
        "extension": [
            {"url": "type", "valueCoding": {"system": system, "code": "LastChangeDate"}},
            {"url": "dateTime", "valueDateTime": day},
        ],
    }


def _uprn(number: Any) -> Json:
    kind = _concept("https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType", "UPRN", "UPRN")
    return {
        "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AddressKey",
        "extension": [
            {"url": "type", "valueCodeableConcept": kind},
            {"url": "value", "valueString": str(number)},
        ],
    }


def affiliations(record: Mapping[str, Any], *, repeat_legal: bool = True) -> list[Json]:
    """Return an OrganizationAffiliation for each relationship of a record."""
    return [
        {
            "resourceType": "OrganizationAffiliation",
            "id": str(rel["uniqueRelId"]),
            "meta": {"versionId": "3", "lastUpdated": "2026-01-23T16:51:55.472+00:00"},
            "extension": typed_periods(rel, repeat_legal=repeat_legal),
            "identifier": [{"system": REL_INSTANCE, "value": str(rel["uniqueRelId"])}],
            **({"active": active(rel)} if rel.get("Status") else {}),
            "period": periods_of(rel).get("Operational", {}),
            "organization": _reference(record["OrgId"]["extension"]),
            "participatingOrganization": _reference(rel["Target"]["OrgId"]["extension"]),
            "code": [_concept(f"{DS}/ODSRelationship", rel["id"], rel["id"])],
        }
        for rel in listed(record, "Rels")
    ]


def _reference(code: str) -> Json:
    return {"reference": f"Organization/{code}", "identifier": {"system": CODE, "value": code}}


# --- concepts: code to display and properties

Concepts = dict[str, tuple[str, list[tuple[str, Any]]]]
_KINDS = {"Predecessor": "predecessor", "Successor": "successor"}


def concepts_of(records: Iterable[Mapping[str, Any]], lists: Mapping[str, bytes]) -> dict[str, Concepts]:
    """Return the concepts of every code system, by system."""
    found: dict[str, Concepts] = {CODE: {}, REL_INSTANCE: {}, ROLE_INSTANCE: {}, SUCCESSION: {}}
    for record in records:
        code = record["OrgId"]["extension"]
        found[CODE][code] = record["Name"], _of_organisation(record)
        for rel in listed(record, "Rels"):
            found[REL_INSTANCE][str(rel["uniqueRelId"])] = rel["id"], _of_relationship(code, rel)
        for role in listed(record, "Roles"):
            flag = [("primaryRole", bool(role.get("primaryRole")))]
            found[ROLE_INSTANCE][str(role["uniqueRoleId"])] = role["id"], flag
        for succ in listed(record, "Succs"):
            key, properties = _of_succession(code, succ)
            while found[SUCCESSION].get(key, (key, properties))[1] != properties:
                key += "0"  # one id can stand for two entries that differ
            found[SUCCESSION][key] = key, properties
    for system, (path, key) in LISTS.items():
        found[system] = {
            entry["id"]: (entry.get("displayName"), [("primaryRole", entry["primaryRole"] == "true")])
            if "primaryRole" in entry
            else (entry.get("displayName"), [])
            for entry in json.loads(lists[path])[key]
        }
    return found


def _of_organisation(record: Mapping[str, Any]) -> list[tuple[str, Any]]:
    periods = periods_of(record)
    dates = [
        (f"{short}{edge.title()}Date", periods[name][edge])
        for short, name in (("op", "Operational"), ("leg", "Legal"))
        for edge in ("start", "end")
        if edge in periods.get(name, {})
    ]
    primary = [("primaryRole", {"code": r["id"]}) for r in listed(record, "Roles") if r.get("primaryRole")]
    succs = {(_KINDS[s["Type"]], s["Target"]["OrgId"]["extension"]) for s in listed(record, "Succs")}
    return [("lastChangeDate", record["LastChangeDate"]), *primary, *dates, *sorted(succs)]


def _of_relationship(code: str, rel: Mapping[str, Any]) -> list[tuple[str, Any]]:
    target = rel["Target"]
    role = target.get("PrimaryRoleId", {}).get("id")
    return [
        ("sourceOrgCode", code),
        ("targetOrgCode", target["OrgId"]["extension"]),
        *([("targetOrgRole", {"code": role})] if role else []),
        ("relationshipTypeCode", {"code": rel["id"]}),
    ]


def _of_succession(code: str, succ: Mapping[str, Any]) -> tuple[str, list[tuple[str, Any]]]:
    other, is_new = succ["Target"]["OrgId"]["extension"], succ["Type"] == "Predecessor"
    before, after = (other, code) if is_new else (code, other)
    day = periods_of(succ)["Legal"]["start"]
    key = str(succ.get("uniqueSuccId") or f"{before}-{after}-{day}")
    flag = [("forwardSuccession", True)] if succ.get("forwardSuccession") else []
    return key, [("predecessor", before), ("successor", after), ("legStartDate", day), *flag]
