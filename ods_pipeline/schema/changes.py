"""The tables that judge time (DuckDB schema ``marts``): what changed, and where releases and deltas disagree.

The versions they are read from are facts and stand in ``history.*``.
"""

from ods_pipeline.schema.base import Schema, day, flag, number, one_of, text, texts

CHANGE_KINDS = (
    "created",
    "opened",
    "closing_announced",
    "closed",
    "legally_closed",
    "reopened",
    "renamed",
    "address_changed",
    "contact_changed",
    "primary_role_changed",
    "role_added",
    "role_ended",
    "relationship_added",
    "relationship_ended",
    "relationship_changed",
    "parent_changed",
    "successor_recorded",
    "predecessor_recorded",
    "succession_removed",
    "dates_corrected",
    "record_changed",
    "archived",
    "deleted",
    "code_reused",
)
PARENT_KINDS = ("pcn", "commissioner", "operator", "icb")
DRIFT_KINDS = ("missed", "different")


class CodeChanges(Schema):
    """One row an event in the life of a code, seen between two observations of it. One change in the world
    is one event: what ends, begins or moves with its body is not told again. Nothing is told of the first
    release held. Roles, relationships and successions have their own kinds; record_changed and
    succession_removed are for what fits no other."""

    change_id = text("Day of detection, code and a hash of the event: the same whenever rebuilt.", key=True)
    ods_code = text("The code.", required=True)
    change_kind = one_of(CHANGE_KINDS, "What happened.")
    field = text(
        "What changed: a column, a contact type, the kind of parent "
        f"({', '.join(PARENT_KINDS)}), or removed for a row that is gone."
    )
    old_value = text("What it was; of a parent its code, of an address one line.")
    new_value = text("What it is now.")
    related_code = text("The other code: new parent, target, successor or predecessor.")
    rel_id = text("Relationship id, e.g. RE8.")
    unique_rel_id = number("ODS's id of the relationship.")
    role_id = text("Role id, e.g. RO76.")
    unique_role_id = number("ODS's id of the role.")
    effective_on = day(
        "First day on which the new state holds, by the dates in the record; else the LastChangeDate stamp. "
        "May lie ahead.",
        required=True,
    )
    detected_on = day(
        "As-of date of the first capture that shows it; of a day that passed, of the first capture at or "
        "after it.",
        required=True,
    )
    capture_id = text("That capture.", required=True)
    is_unstamped = flag("The content changed while its LastChangeDate did not move.")
    corrects_drift = flag("A release shows it first, though deltas held should have (see drift).")


class Drift(Schema):
    """One row a code in a release that contradicts what was held before it. missed: the release's stamp is
    newer than any held, and a fetch had asked for that stamp. different: the same stamp, other content.
    Only releases with deltas before them can drift. A stamp that no fetch ever asked for is a hole (see the
    check no_stamp_missing), and a code of which something newer was held is ahead: neither is drift."""

    release_as_of = day("PublicationDate of the release.", key=True)
    ods_code = text("The code.", key=True)
    drift_kind = one_of(DRIFT_KINDS, "How they disagree.")
    fields = texts("Columns and components that differ; record if the code was not held at all.")
    release_stamp = day("LastChangeDate in the release.", required=True)
    held_stamp = day("LastChangeDate of what was held.")
    held_as_of = day("As-of date of what was held.")
    held_capture_id = text("The capture it was held from.")
    capture_id = text("The file of the release that has the record.", required=True)
