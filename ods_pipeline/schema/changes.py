"""The tables that judge time (DuckDB schema ``marts``): changes, and where releases and fetches disagree.

Does not live here: the versions that both are read from, which are facts (``history.py``).
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
# Which rule explains that ORD and ODT differ.
SOURCE_RULES = ("not_said_by_odt", "ended_role_left_out")


class CodeChanges(Schema):
    """One row per event in the life of a code, found between two observations of it.

    One change in the world is one event: roles and relationships that begin, end or move together with their
    organisation have no event of their own. The first release held gives no events. Roles, relationships and
    successions have their own kinds; record_changed and succession_removed are for what fits no other kind.
    """

    change_id = text(
        "Day of detection, code and a hash of the event. It stays the same when the table is rebuilt.",
        key=True,
    )
    ods_code = text("The ODS code.", required=True)
    change_kind = one_of(CHANGE_KINDS, "What happened.")
    field = text(
        "What changed: a column, a contact type, the kind of parent "
        f"({', '.join(PARENT_KINDS)}), or removed for a row that is gone."
    )
    old_value = text("The old value. For a parent it is the code; an address is joined into one line.")
    new_value = text("The new value, in the same form.")
    related_code = text("The other code: new parent, target, successor or predecessor.")
    rel_id = text("Relationship id, e.g. RE8.")
    unique_rel_id = number("ODS's id of the relationship.")
    role_id = text("Role id, e.g. RO76.")
    unique_role_id = number("ODS's id of the role.")
    effective_on = day(
        "First day on which the new state holds, by the dates in the record; if there are none, "
        "LastChangeDate. It may be in the future.",
        required=True,
    )
    detected_on = day(
        "As-of date of the first capture that shows the change. If the change is that a date has passed, "
        "the first capture on or after that date.",
        required=True,
    )
    capture_id = text("The capture of detected_on (see captures).", required=True)
    is_unstamped = flag("True if the content changed while LastChangeDate did not.")
    corrects_drift = flag(
        "True if a release is the first to show the change, although fetches held should have (see drift)."
    )


class SourceDifferences(Schema):
    """One row per value that ORD and ODT give differently for one record on one day.

    It has rows only for days on which both sources were asked (--deltas-from both). Only records with the
    same LastChangeDate are compared, because the two sources may be a day apart. A difference without an
    explanation is worth a look.
    """

    as_of = day("The day on which both sources were asked.", key=True)
    ods_code = text("The ODS code.", key=True)
    table_name = text("The table: organisations, roles, relationships, successions or contacts.", key=True)
    row_id = text(
        "Which row of the record: ODS's id of the role or relationship, type and target of the succession, "
        "type and value of the contact. Empty for the organisation itself.",
        key=True,
    )
    field = text("The column.", key=True)
    ord_value = text("The value that ORD gives, as text. Null if it gives none.")
    odt_value = text("The value that ODT gives, as text. Null if it gives none.")
    explanation = one_of(
        SOURCE_RULES,
        "The rule that explains the difference: a field that ODT does not have, or an ended role that it "
        "leaves out. Null if none does.",
        required=False,
    )


class Drift(Schema):
    """One row per code in a release that contradicts what the fetches before it had shown.

    missed: LastChangeDate in the release is newer than any held, and a fetch had asked for that date.
    different: LastChangeDate is the same and the content is not. Only a release with fetches before it can
    drift. Two cases are not drift: a LastChangeDate that no fetch ever asked for (see the check
    no_stamp_missing), and a code of which something newer than the release was held.
    """

    release_as_of = day("PublicationDate of the release.", key=True)
    ods_code = text("The ODS code.", key=True)
    drift_kind = one_of(DRIFT_KINDS, "How the release and the fetches disagree.")
    fields = texts("Columns and components that differ; record if the code was not held at all.")
    release_stamp = day("LastChangeDate in the release.", required=True)
    held_stamp = day("LastChangeDate of the record held before the release.")
    held_as_of = day("As-of date of the record held before the release.")
    held_capture_id = text("The capture that the held record was read from (see captures).")
    capture_id = text("The file of the release that has the code.", required=True)


class IcbChanges(Schema):
    """One row per GP practice, trust or sub-ICB location whose ICB changes on a reconfiguration day.

    The day may be past or scheduled. A reconfiguration day is one on which an ICB begins or no longer exists:
    other moves are ordinary changes of parent. What is closed by that day, or begins on it, has no row.
    """

    effective_on = day("First day under the new ICB.", key=True)
    ods_code = text("The organisation.", key=True)
    name = text("Name of the organisation.")
    kind = one_of(("gp_practice", "trust", "sub_icb"), "Kind of the organisation.")
    old_icb_code = text("The ICB until the day before effective_on.", required=True)
    old_icb_name = text("Name of the old ICB.")
    new_icb_code = text("The ICB from effective_on onwards.", required=True)
    new_icb_name = text("Name of the new ICB.")
    is_scheduled = flag("Whether the day is in the future.")
