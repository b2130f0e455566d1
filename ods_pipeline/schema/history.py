"""The tables of what the register said and when (DuckDB schema ``history``): facts, no judgement.

Lives here: the shapes. ``known_from`` and ``known_to`` are half-open: the first day on which the register
said so, and the first on which it no longer did; null means still. What a record says is described once, in
``facts.py``: its columns are taken from there. Display names are never stored here.
"""

from dataclasses import replace

from ods_pipeline.schema import facts
from ods_pipeline.schema.base import Column, Schema, day, flag, hash_of, number, one_of, text, texts

# Why a version ended without another that follows it at once.
ENDINGS = ("absent", "notice")
_NOT_CONTENT = ("ods_code", "last_change_date", "published_in", "known_from", "capture_id")


def _content(model: type[Schema], key: tuple[str, ...] = ()) -> dict[str, Column]:
    """The columns of a table of facts that are part of a record's content; ``key`` become part of the key."""
    return {
        name: replace(column, is_key=name in key)
        for name, column in model.columns().items()
        if name not in _NOT_CONTENT and not column.at_publication
    }


def _version() -> dict[str, Column]:
    return {
        "ods_code": text("The ODS code.", key=True),
        "known_from": day("First as-of date on which the register said so.", key=True),
        "known_to": day(
            "First as-of date on which it no longer did: that of the next version, or the day by which the "
            "code was gone (of the notice, or of the first release without it). Null: still."
        ),
    }


def _table(name: str, description: str, columns: dict[str, Column]) -> type[Schema]:
    return type(name, (Schema,), {"__doc__": description, "__module__": __name__, **columns})


Organisations = _table(
    "Organisations",
    """One row a version of an organisation's record: a maximal run of equal content, without LastChangeDate
    and without a gap. A stub counts only where no complete record came before it. A code that was gone and
    came back, with the same content or not, begins a new version. known_from = known_to: seen on that day,
    and gone by the end of it.""",
    {
        **_version(),
        **_content(facts.Organisations),
        "content_hash": hash_of("Fingerprint of the content, fax numbers and LastChangeDate left out."),
        "is_unstamped": flag(
            "The content differs from the version right before it, and LastChangeDate did not move; false "
            "where either is a stub."
        ),
        "stamped_on": day("LastChangeDate when the version was first seen."),
        "last_change_date": day("LastChangeDate at its newest observation: the finer clock."),
        "published_in": one_of(
            ("full", "archive", "delta"),
            "Where its newest observation was read: a move to the archive is no change.",
        ),
        "capture_id": text("The capture that first showed it (see captures).", required=True),
        "last_capture_id": text("The newest capture that showed it.", required=True),
        "gone_by": one_of(
            ENDINGS,
            "What ended the last version before a gap; null where another version follows at once, and while "
            "it stands.",
            required=False,
        ),
    },
)
Roles = _table(
    "Roles",
    "One row a role of a version of an organisation's record, with the interval of that version.",
    {**_version(), **_content(facts.Roles, ("unique_role_id",))},
)
Relationships = _table(
    "Relationships",
    """One row a relationship of a version of its source's record, with the interval of that version.""",
    {**_version(), **_content(facts.Relationships, ("unique_rel_id",))},
)
Successions = _table(
    "Successions",
    "One row a succession of a version of an organisation's record, with the interval of that version.",
    {**_version(), **_content(facts.Successions, ("succession_type", "target_ods_code", "legal_start"))},
)
Contacts = _table(
    "Contacts",
    """One row a contact of a version of an organisation's record, with the interval of that version. A record
    of the API without a fax number keeps the last one known.""",
    {**_version(), **_content(facts.Contacts, ("contact_type", "ordinal"))},
)


class Observations(Schema):
    """One row what releases one after another, or one fetch, saw of a code: a maximal run of equal rows over
    consecutive releases held, in the order that counts; one row an observation for fetches. From these alone,
    and the contents of the versions, history can be told again."""

    ods_code = text("The ODS code.", key=True)
    as_of = day("As-of date of the first capture of the run.", key=True)
    is_delta = flag("Seen by a fetch; on one day it counts after a release.", key=True)
    capture_id = text("The first capture of the run.", key=True)
    as_of_last = day("As-of date of the last capture of the run.", required=True)
    last_capture_id = text("The last capture of the run.", required=True)
    published_in = one_of(("full", "archive", "delta"), "Where the record was read.")
    ref_only = flag("A stub.")
    is_xml = flag("Read as XML, which can say that there is no fax number.")
    last_change_date = day("LastChangeDate.")
    content_hash = hash_of("Fingerprint of the content, fax numbers and LastChangeDate left out.")
    fax_hash = hash_of("Fingerprint of the fax numbers; null without one.", required=False)
    fax_numbers = texts("Fax numbers in order; null without one.", required=False)
    name = text(
        "Name: with the next two it tells one body from another that took over its code.", required=True
    )
    primary_role_id = text("Primary role.", required=True)
    operational_start = day("First day in operation.")


class Notices(Schema):
    """One row a notice of deletion, or a code that was asked for and gone (404, 410), and the capture that
    brought it: the first that brought the notice, the last of the day that met with the 404."""

    ods_code = text("The code.", key=True)
    deleted_on = day("Day of the notice, or of the 404.", key=True)
    source = one_of(("ord_notifications", "gone_from_api"), "Which of the two.", key=True)
    primary_role_id = text("Primary role in the notice.")
    reason_code = number("ODS's reason code.")
    reason = text("ODS's reason, or the HTTP status.")
    capture_id = text("The fetch.", required=True)
