"""The tables of what the register showed and when (DuckDB schema ``history``): facts, no judgement.

Lives here: the shapes. ``known_from`` to ``known_to`` is half-open: the first day on which the register
showed a version, and the first day on which it no longer did; null means that it still does. Does not live
here: what the columns of a record mean. They are described once, in ``facts.py``, and taken from there.
Display names are never stored in history.
"""

from dataclasses import replace

from ods_pipeline.schema import facts
from ods_pipeline.schema.base import Column, Schema, day, flag, hash_of, number, one_of, table_of, text, texts

# Why a version ended without a next version that starts on the same day.
ENDINGS = ("absent", "notice")
_NOT_CONTENT = ("ods_code", "last_change_date", "published_in", "known_from", "capture_id")


def _content(model: type[Schema], key: tuple[str, ...] = ()) -> dict[str, Column]:
    """Return the columns of a table of facts that are part of a record's content; ``key`` joins the key."""
    return {
        name: replace(column, is_key=name in key)
        for name, column in model.columns().items()
        if name not in _NOT_CONTENT and not column.at_publication
    }


def _version() -> dict[str, Column]:
    return {
        "ods_code": text("The ODS code.", key=True),
        "known_from": day("First as-of date on which the register showed this version.", key=True),
        "known_to": day(
            "First as-of date on which the register no longer showed this version: known_from of the next "
            "one, or the day by which the code was gone (day of the notice, or as-of date of the first "
            "release without it). Null: the version is still open."
        ),
    }


Organisations = table_of(
    "Organisations",
    """One row per version of an organisation's record: an unbroken run of equal content. LastChangeDate is
    not part of the content. A stub counts only if no complete record came before it. A code that was gone and
    came back begins a new version, whether or not the content is the same. known_from = known_to means that
    the code was seen on that day and gone by the end of it.""",
    {
        **_version(),
        **_content(facts.Organisations),
        "content_hash": hash_of("Hash of the content without fax numbers and LastChangeDate."),
        "is_unstamped": flag(
            "True if the content differs from the version just before it and LastChangeDate does not. Always "
            "false if either version is a stub."
        ),
        "stamped_on": day("LastChangeDate when the version was first seen."),
        "last_change_date": day(
            "LastChangeDate at the newest observation of the version. It dates changes more finely than "
            "known_from does."
        ),
        "published_in": one_of(
            ("full", "archive", "delta"),
            "The kind of capture of the newest observation. A move to the archive file is not a new version.",
        ),
        "capture_id": text("The first capture that showed the version (see captures).", required=True),
        "last_capture_id": text("The newest capture that showed the version.", required=True),
        "gone_by": one_of(
            ENDINGS,
            "How the code went at the end of this version. Null while the version is open, and if another "
            "version follows at once.",
            required=False,
        ),
    },
)
Roles = table_of(
    "Roles",
    "One row per role in a version of an organisation's record, with the interval of that version.",
    {**_version(), **_content(facts.Roles, ("unique_role_id",))},
)
Relationships = table_of(
    "Relationships",
    "One row per relationship in a version of the source's record, with the interval of that version.",
    {**_version(), **_content(facts.Relationships, ("unique_rel_id",))},
)
Successions = table_of(
    "Successions",
    "One row per succession in a version of an organisation's record, with the interval of that version.",
    {**_version(), **_content(facts.Successions, ("succession_type", "target_ods_code", "legal_start"))},
)
Contacts = table_of(
    "Contacts",
    """One row per contact in a version of an organisation's record, with the interval of that version. If the
    API's record has no fax number, the last one known is kept.""",
    {**_version(), **_content(facts.Contacts, ("contact_type", "ordinal"))},
)


class Observations(Schema):
    """One row per run of equal observations of a code.

    For releases a row is an unbroken run over consecutive releases held, in the order of their as-of dates.
    For fetches each observation has its own row. History can be rebuilt from this table and the contents of
    the versions alone.
    """

    ods_code = text("The ODS code.", key=True)
    as_of = day("As-of date of the first capture of the run.", key=True)
    is_delta = flag("True if a fetch saw it. On the same day a fetch counts after a release.", key=True)
    capture_id = text("The first capture of the run.", key=True)
    as_of_last = day("As-of date of the last capture of the run, inclusive.", required=True)
    last_capture_id = text("The last capture of the run.", required=True)
    published_in = one_of(("full", "archive", "delta"), "The kind of capture the record was read from.")
    ref_only = flag("True if the record is a stub.")
    is_xml = flag("True if the record was read as XML. Only XML can show that there is no fax number.")
    last_change_date = day("LastChangeDate.")
    content_hash = hash_of("Hash of the content without fax numbers and LastChangeDate.")
    core_hash = hash_of("Hash of the part of the content that every source can give.")
    is_partial = flag(
        "True if the source leaves out fields other than fax numbers. History keeps what another source gave "
        "of them."
    )
    fax_hash = hash_of("Hash of the fax numbers. Null if there are none.", required=False)
    fax_numbers = texts("Fax numbers, sorted. Null if there are none.", required=False)
    name = text(
        "Name. With primary_role_id and operational_start it shows whether another organisation has taken "
        "over the code.",
        required=True,
    )
    primary_role_id = text("Id of the primary role.", required=True)
    operational_start = day("Operational start date.")


class Notices(Schema):
    """One row per notice of deletion, and per code that the API answered with 404 or 410.

    A notice has the first capture that brought it. A 404 or 410 has the last capture of the day that met it.
    """

    ods_code = text("The ODS code.", key=True)
    deleted_on = day("Day of the notice, or of the 404 or 410.", key=True)
    source = one_of(
        ("ord_notifications", "odt_deletion_list", "gone_from_api"), "The kind of notice or answer.", key=True
    )
    primary_role_id = text("Primary role in the notice.")
    reason_code = number("ODS's reason code.")
    reason = text("ODS's reason, or the HTTP status.")
    capture_id = text("The fetch that brought the notice or answer (see captures).", required=True)
