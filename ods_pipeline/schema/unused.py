"""The tables of what the sources have and the tables of facts do not (DuckDB schema ``ord``).

Lives here: records that lost or were set aside, and ids, codes and elements that cannot be used. Does not
live here: the facts (``facts.py``), and why a record is set aside (``flatten/rules.py``). What a column of a
record means is described once, in ``facts.py``.
"""

from ods_pipeline.schema import facts
from ods_pipeline.schema.base import Schema, flag, number, one_of, table_of, text

# Columns of organisations that the record itself does not have, or that have another meaning here.
_NOT_OF_THE_RECORD = ("ods_code", "status_is_inferred", "published_in", "capture_id")

SupersededRecords = table_of(
    "SupersededRecords",
    "One row per record that lost to another record of the same release: why, and all its columns.",
    {
        "capture_id": text("The capture the record was read from.", key=True),
        "record_number": number("Position of the record in its file, counted from 1.", key=True),
        "ods_code": text("ODS code of the record.", required=True),
        "reason": one_of(
            ("stub_beaten_by_complete", "archive_beaten_by_full", "duplicate_code", "reused_code"),
            "Why the record lost.",
        ),
        "won_by_capture_id": text("The capture of the record that won.", required=True),
        "won_by_record_number": number(
            "Position of the record that won in its file, counted from 1.", required=True
        ),
        **{
            name: column
            for name, column in facts.Organisations.columns().items()
            if name not in _NOT_OF_THE_RECORD and not column.at_publication
        },
        "components": text("Roles, relationships, successions and contacts of the record, as JSON."),
    },
)


class QuarantinedRecords(Schema):
    """One row per record that broke a rule and was set aside.

    The register keeps what it held of the code before.
    """

    capture_id = text("The capture the record was read from.", key=True)
    record_number = number("Position of the record in its file or fetch, counted from 1.", key=True)
    ods_code = text("ODS code of the record, if it has one.")
    name = text("Name in the record, if it has one.")
    file_name = text("The file that holds the record.", required=True)
    rule = text("The first rule that the record breaks.", required=True)
    detail = text("What the record has instead.", required=True)
    payload = text("The record as received.")


class RepeatedIds(Schema):
    """One row per role or relationship left out because two organisations claim the same unique id.

    ODS's ids are meant to be unique, so this is a fault at the source. The newest record keeps the id.
    """

    component = one_of(("roles", "relationships"), "The table that the row is left out of.", key=True)
    unique_id = number("The id that two records have.", key=True)
    ods_code = text("The organisation whose row is left out.", key=True)
    kept_by_ods_code = text("The organisation whose row is kept.", required=True)


class UnresolvedTargets(Schema):
    """One row per code that a relationship or succession points at and that the register does not hold.

    Such codes are listed here, and nothing is guessed about them.
    """

    target_ods_code = text("The code pointed at.", key=True)
    pointed_at_by = number("Number of relationships and successions that point at the code.", required=True)
    example_ods_code = text(
        "The first organisation that points at the code, in order of code.", required=True
    )
    was_deleted = flag("True if the code is in deletions.")


class UnknownElements(Schema):
    """One row per name in a capture that the pipeline does not know.

    It shows the day on which ODS adds something. The content of such an element is kept in raw/ only.
    """

    capture_id = text("The capture in which the name occurs (see captures).", key=True)
    name = text("Path (JSON) or name (XML) of the element or attribute.", key=True)
    occurrences = number("Number of times the name occurs in the capture.", required=True)
