"""The fields that a source can be silent about. Not given is not null: history keeps what another gave.

Lives here: the fields. Does not live here: which source is silent (``sources/fields.py``), what history does
(``history/silence.py``).

A field is named ``table.column``. A contact is named by its type, because one type can be missing where the
others are not: ``contacts.fax``.
"""

from ods_pipeline.schema import TABLES

FAX, MAILTO = "contacts.fax", "contacts.mailto"
# What ODT cannot give. Its mapping has no e-mail addresses, and no ids of the roles of targets. A succession
# is one concept for two records: which side has which id and day is not stated.
ODT_SILENT = frozenset(
    {
        FAX,
        MAILTO,
        "relationships.target_unique_role_id",
        *(
            f"successions.{column}"
            for column in TABLES["successions"].stored
            if column not in ("ods_code", "succession_type", "target_ods_code")
        ),
    }
)
