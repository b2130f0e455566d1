"""The four lists of deletions, and the notices that they make.

Lives here: the lists as the one list that ``flatten/json/lists.py`` reads. Does not live here: what a notice
does to a code (``history/deletions.py``).

Only the list of organisations makes notices. A deleted relationship, role or succession is missing from its
record, which is fetched anyway; the shape of those three lists is not documented, so that they are kept, and
what is in them is counted, and nothing is ever deleted because of them.
"""

from typing import Any

from ods_pipeline.sources.odt.fhir import Json, day_of, items, text
from ods_pipeline.sources.odt.names import ODS_CODE

ORGANISATIONS = "Organization-deletion"
LISTS = {
    "deleted-organisations.json": ORGANISATIONS,
    "deleted-relationships.json": "OrganizationAffiliation-deletion",
    "deleted-roles.json": "Organization-role-deletion",
    "deleted-successions.json": "Organization-succession-deletion",
}


def notices(listed: Json) -> list[dict[str, Any]]:
    """Return the deleted organisations of a list, in the shape of ORD's notifications, sorted.

    Reasons and roles are not stated. An entry of another shape, or without a day, makes no notice: absence
    from the next release will confirm what it meant.
    """
    rows = set()
    for entry in items(listed, "entry"):
        item = entry.get("item")
        identifier = item.get("identifier") if isinstance(item, dict) else None
        day = day_of(entry.get("date"))
        if isinstance(identifier, dict) and identifier.get("system") == ODS_CODE and day:
            code = text(identifier, "value")
            if code is not None:
                rows.add((code, day))
    return [{"OrgID": code, "time": day} for code, day in sorted(rows)]


def unreadable(listed: Json) -> int:
    """Return how many entries of the list of organisations make no notice."""
    known = {(n["OrgID"], n["time"]) for n in notices(listed)}
    return max(0, len(items(listed, "entry")) - len(known))
