"""One OrganizationAffiliation as a ``Rel`` of its source's record.

Lives here: relationships. Does not live here: which affiliations belong to a record (``translate.py``).
"""

from typing import Any

from ods_pipeline.schema.codes import ODS_CODE_ROOT
from ods_pipeline.sources.odt.fhir import Json, Notes, Rejected, coding, items, referenced_code, text
from ods_pipeline.sources.odt.names import AFFILIATION, REL_INSTANCE, RELATIONSHIP, TYPED_PERIOD
from ods_pipeline.sources.odt.organisations import status
from ods_pipeline.sources.odt.periods import dates_of

# ``period`` is the operational one once more: "use TypedPeriod instead" (implementation guide).
_KNOWN = ("resourceType", "meta", "text", "extension", "identifier", "active", "period", "organization")


def source_of(affiliation: Json) -> str | None:
    """Return the ODS code of the record that the relationship is on; None if it names none."""
    return referenced_code(affiliation.get("organization"))


def target_of(affiliation: Json) -> str:
    """Return the ODS code that the relationship points at.

    Raises Rejected if it points at no organisation.
    """
    code = referenced_code(affiliation.get("participatingOrganization"))
    if code is None:
        raise Rejected("odt_reference", f"affiliation {affiliation.get('id')} points at no organisation")
    return code


def unique_id(affiliation: Json) -> str:
    """ODS's id of the relationship: the identifier, which must equal the id; an example has the id only."""
    ids = {text(i, "value") for i in items(affiliation, "identifier") if i.get("system") == REL_INSTANCE}
    ids = {value for value in ids if value} or {text(affiliation, "id") or ""}
    if len(ids) != 1 or text(affiliation, "id") not in ids:
        raise Rejected(
            "odt_ids_differ", f"the ids of affiliation {affiliation.get('id')} differ: {sorted(ids)}"
        )
    return ids.pop()


def relationship(affiliation: Json, role: str | None, notes: Notes) -> dict[str, Any]:
    """Return the ``Rel`` of an affiliation.

    Args:
        affiliation: The resource.
        role: The primary role of its target; None if it is not known.
        notes: Takes what no rule takes.

    Raises:
        Rejected: It has no code, points at no organisation, or its ids differ.
    """
    code = next((c for t in items(affiliation, "code") if (c := coding(t, RELATIONSHIP))), None)
    if code is None:
        raise Rejected("odt_affiliation_without_code", f"affiliation {affiliation.get('id')} has no code")
    number = unique_id(affiliation)
    if source_of(affiliation) is None:
        raise Rejected("odt_reference", f"affiliation {number} is on no organisation's record")
    notes.note_keys(AFFILIATION, affiliation, (*_KNOWN, "participatingOrganization", "code"))
    for extension in items(affiliation, "extension"):
        if extension.get("url") != TYPED_PERIOD:
            notes.note_unknown(f"affiliation extension {extension.get('url')}")
    if role is None:
        notes.note_unknown("affiliation without the role of its target")
    row = {
        "Date": dates_of(affiliation, f"affiliation {number}", notes),
        **status(affiliation),
        "Target": {
            "OrgId": {"root": ODS_CODE_ROOT, "extension": target_of(affiliation)},
            **({"PrimaryRoleId": {"id": role}} if role else {}),
        },
        "id": code.get("code"),
        "uniqueRelId": number,
    }
    if "Status" not in row:
        notes.note_unknown("affiliation without active")
    return row
