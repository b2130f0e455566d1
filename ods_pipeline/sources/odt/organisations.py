"""One Organization resource as the sections of an ORD record: identity, address, contacts, roles, dates.

Lives here: a small function for each section, with its rule. Does not live here: relationships and
successions (``relationships.py``, ``successions.py``), the whole record (``translate.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ods_pipeline.schema.codes import ODS_CODE_ROOT
from ods_pipeline.sources.odt.fhir import (
    Json,
    Notes,
    Rejected,
    by_url,
    coding,
    day_of,
    items,
    part,
    text,
)
from ods_pipeline.sources.odt.names import (
    ADDRESS_KEY,
    ADDRESS_KEY_TYPE,
    DATE_TIME_TYPE,
    ODS_CODE,
    ORGANISATION_ROLE,
    ORGANIZATION,
    RECORD_CLASS,
    RECORD_USE,
    ROLE,
    TYPED_DATE_TIME,
    TYPED_PERIOD,
)
from ods_pipeline.sources.odt.periods import Periods, as_dates, dates_of

_KNOWN = ("resourceType", "meta", "text", "extension", "identifier", "active", "type", "name", "telecom")
_KNOWN_IN_ADDRESS = ("extension", "line", "city", "district", "postalCode", "country")
_LINES = ("AddrLn1", "AddrLn2", "AddrLn3")
# The county is in ``district`` (catalogue page "Address"); new addresses have had none since 2018.
_PLACES = {"city": "Town", "district": "County", "postalCode": "PostCode", "country": "Country"}
# The official mapping knows these two only. A fax number or an e-mail address is counted as unknown.
_CONTACTS = {"phone": "tel", "url": "http"}


@dataclass(frozen=True)
class Term:
    """What the code system of organisations has about one organisation.

    ``stamp`` is its LastChangeDate: the code system and the resources are two stores, and can be of two days.
    ``successors`` and ``predecessors`` are None if the code system was not asked for them.
    """

    stamp: str | None = None
    primary_role: str | None = None
    periods: Periods = field(default_factory=dict)
    successors: frozenset[str] | None = None
    predecessors: frozenset[str] | None = None


def code_of(resource: Json) -> str:
    """Return the ODS code of an Organization: its id and its identifier, which must agree.

    Raises Rejected without an identifier, with two, and if the two disagree: one of them is another's.
    """
    if resource.get("resourceType") != ORGANIZATION:
        raise Rejected("odt_other_resource", f"a {str(resource.get('resourceType'))[:40]} came")
    codes = {text(i, "value") for i in items(resource, "identifier") if i.get("system") == ODS_CODE}
    codes.discard(None)
    if len(codes) != 1:
        raise Rejected("odt_no_identifier", f"it has {len(codes)} ODS codes as identifiers")
    (code,) = codes
    if resource.get("id") != code:
        raise Rejected(
            "odt_ids_differ", f"its id is {str(resource.get('id'))[:40]!r}, its identifier {code!r}"
        )
    return str(code)


def identity(resource: Json, notes: Notes) -> dict[str, Any]:
    """``OrgId``: the code and who assigned it."""
    identifiers = items(resource, "identifier")
    for other in (i for i in identifiers if i.get("system") != ODS_CODE):
        notes.note_unknown(f"identifier of {other.get('system')}")
    own = next(i for i in identifiers if i.get("system") == ODS_CODE)
    notes.note_keys("identifier", own, ("use", "system", "value", "assigner"))
    assigner = text(own.get("assigner"), "display")
    return {
        "root": ODS_CODE_ROOT,
        **({"assigningAuthorityName": assigner} if assigner else {}),
        "extension": text(own, "value"),
    }


def record_class(resource: Json) -> str | None:
    """RC1 or RC2."""
    return next((text(c, "code") for t in items(resource, "type") if (c := coding(t, RECORD_CLASS))), None)


def is_stub(resource: Json) -> bool:
    """Return whether the record is a stub.

    ``RefOnly`` and ``refOnly`` are both published: case does not count.
    """
    uses = [text(c, "code") or "" for t in items(resource, "type") if (c := coding(t, RECORD_USE))]
    return any(use.casefold() == "refonly" for use in uses)


def stamp_of(resource: Json) -> str | None:
    """LastChangeDate (ISO). ``meta.lastUpdated`` is the time of loading, not a stamp."""
    for extension in by_url(resource, TYPED_DATE_TIME):
        kind = part(extension, "type")
        if (
            isinstance(kind, Mapping)
            and kind.get("system") == DATE_TIME_TYPE
            and kind.get("code") == "LastChangeDate"
        ):
            return day_of(part(extension, "dateTime"))
    return None


def status(node: Any) -> dict[str, str]:
    """``Status`` of an organisation, role or affiliation: ``active`` means the same as ORD's Active.

    ODS sets it from both pairs of dates. Missing, it stays missing: the reader then infers an organisation's
    status from its primary role, and marks it.
    """
    active = part(node, "active") if "active" not in node else node["active"]
    return {"Status": "Active" if active else "Inactive"} if isinstance(active, bool) else {}


def location(resource: Json, notes: Notes) -> dict[str, Any]:
    """``Location`` of the first address; empty without one. Lines have no positions: they close up."""
    addresses = items(resource, "address")
    for _ in addresses[1:]:
        notes.note_unknown("second address")
    if not addresses:
        return {}
    address = addresses[0]
    notes.note_keys("address", address, _KNOWN_IN_ADDRESS)
    content = address.get("line")
    texts = content if isinstance(content, list) else [content]
    lines = [line for line in texts if isinstance(line, str) and line.strip()]
    for _ in lines[len(_LINES) :]:
        notes.note_unknown("address line beyond the third")
    places = {name: text(address, key) for key, name in _PLACES.items()}
    uprn = {"UPRN": number} if (number := _uprn(address, notes)) else {}
    return {**dict(zip(_LINES, lines, strict=False)), **{k: v for k, v in places.items() if v}, **uprn}


def _uprn(address: Json, notes: Notes) -> str | int | None:
    """Return the UPRN among the keys of an address. ODT has it as text, ORD as a number."""
    uprn = None
    for extension in items(address, "extension"):
        kind = (
            coding(part(extension, "type"), ADDRESS_KEY_TYPE) if extension.get("url") == ADDRESS_KEY else None
        )
        if kind is None or kind.get("code") != "UPRN":
            notes.note_unknown(f"address extension {extension.get('url')}")
            continue
        uprn = part(extension, "value")
    if isinstance(uprn, str):
        return int(uprn) if uprn.isascii() and uprn.isdigit() and len(uprn) < 19 else uprn
    return None if isinstance(uprn, (bool, Mapping, list)) else uprn


def contacts(resource: Json, notes: Notes) -> list[dict[str, str]]:
    """Telephone numbers and addresses of websites."""
    rows = []
    for telecom in items(resource, "telecom"):
        notes.note_keys("telecom", telecom, ("system", "value", "use", "rank"))
        kind, value = _CONTACTS.get(str(telecom.get("system"))), text(telecom, "value")
        if kind is None:
            notes.note_unknown(f"telecom {telecom.get('system')}")
        elif value is not None:
            rows.append({"type": kind, "value": value})
    return rows


def roles(resource: Json, notes: Notes) -> list[dict[str, Any]]:
    """``Role`` elements, without ``primaryRole``."""
    rows = []
    for extension in by_url(resource, ORGANISATION_ROLE):
        for inner in items(extension, "extension"):
            if inner.get("url") not in ("instanceID", "roleCode", "active", TYPED_PERIOD):
                notes.note_unknown(f"role extension {inner.get('url')}")
        code = coding(part(extension, "roleCode"), ROLE)
        if code is None:
            raise Rejected("odt_role_without_code", f"a role has no code of {ROLE}")
        row = {
            "id": code.get("code"),
            "uniqueRoleId": part(extension, "instanceID"),
            "Date": dates_of(extension, f"role {code.get('code')}", notes),
            **status(extension),
        }
        if "Status" not in row:
            notes.note_unknown("role without active")
        rows.append(row)
    return rows


def mark_primary(
    rows: list[dict[str, Any]],
    scope: frozenset[str],
    term: Term | None,
    instances: frozenset[str],
    notes: Notes,
) -> dict[str, Any]:
    """Mark the one primary role among ``rows`` and return it.

    The one role whose code can be primary is primary. Otherwise the register's own instances decide, then
    the organisation's entry in the code system; a guess is never made.

    Args:
        rows: The roles.
        scope: The ids of roles that can be primary.
        term: The organisation's entry in the code system.
        instances: The unique ids of roles that are known to be primary.
        notes: Counts the use of the two other ways.

    Raises:
        Rejected: None of the three leaves exactly one.
    """
    candidates = [row for row in rows if row["id"] in scope]
    if len(candidates) != 1:
        known = [row for row in rows if str(row["uniqueRoleId"]) in instances]
        termed = [row for row in rows if term is not None and row["id"] == term.primary_role]
        if len(known) != 1 and len(termed) != 1:
            raise Rejected(
                "odt_primary_role", f"{len(candidates)} of its {len(rows)} roles can be the primary one"
            )
        candidates = known if len(known) == 1 else termed
        notes.note_rule("primary_role_by_instance" if len(known) == 1 else "primary_role_by_code_system")
    candidates[0]["primaryRole"] = True
    return candidates[0]


def dates(
    resource: Json, primary: dict[str, Any], stamp: str | None, term: Term | None, notes: Notes
) -> list[dict[str, Any]]:
    """Return the organisation's own dates: stated by the resource, else those of its primary role.

    No resource seen so far states any. The code system states them, so it checks what the role implies. It
    wins if it has the same LastChangeDate: a primary role can begin later than its organisation.
    """
    own = dates_of(resource, "organisation", notes)
    implied = own or primary["Date"]
    if own or term is None or not term.periods or term.stamp != stamp:
        return implied
    stated = as_dates(term.periods, Notes())
    if stated != implied:
        notes.note_rule("organisation_dates_differ_from_primary_role")
    return stated


def note_rest(resource: Json, notes: Notes) -> None:
    """Count the parts of a resource that no function of this module takes."""
    notes.note_keys("Organization", resource, (*_KNOWN, "address", "language", "implicitRules"))
    for extension in items(resource, "extension"):
        if extension.get("url") not in (ORGANISATION_ROLE, TYPED_PERIOD, TYPED_DATE_TIME):
            notes.note_unknown(f"extension {extension.get('url')}")
    for kind in items(resource, "type"):
        for code in items(kind, "coding"):
            if code.get("system") not in (RECORD_CLASS, RECORD_USE):
                notes.note_unknown(f"type of {code.get('system')}")
    if "active" not in resource:
        notes.note_unknown("organisation without active")
