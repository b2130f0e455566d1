"""The fields that a delta source can be silent about, and how a fetch records its silence.

Lives here: the names of the fields, and the rule for each payload form. Does not live here: what history does
with a field that was left out (``history/versions.py``).

A field is named ``table.column``. A contact is named by its type, because one type can be missing where the
others are not: ``contacts.fax``.
"""

from collections.abc import Iterable
from typing import Literal

from ods_pipeline.errors import OdsError
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline.schema.silence import FAX, ODT_SILENT

Form = Literal["json", "xml"]

CONTACT_TYPES = ("tel", "fax", "http", "mailto")
# All that a record can hold about an organisation.
FIELDS = frozenset(
    f"{table}.{column}"
    for table in ("organisations", *COMPONENTS)
    if table != "contacts"
    for column in TABLES[table].stored
) | frozenset(f"contacts.{kind}" for kind in CONTACT_TYPES)
# The ORD API leaves fax numbers out of its JSON, where TRUD and the API's XML have them. A JSON record
# without a fax number is therefore no news about fax numbers.
_SILENT_BY_FORM: dict[str, frozenset[str]] = {"json": frozenset({FAX}), "xml": frozenset()}
# History keeps the last known value of these fields only. It reads silence about any other as a change.
KEPT_THROUGH_SILENCE = ODT_SILENT


def is_partial(silent: Iterable[str]) -> bool:
    """Return whether records leave out more than fax numbers: then only their core can be compared."""
    return bool(frozenset(silent) - {FAX})


def silent_by_form(form: str) -> frozenset[str]:
    """Return the fields that a payload of this form leaves out, unless its receipt records something else."""
    return _SILENT_BY_FORM[form]


def silence_to_record(fields: Iterable[str], form: Form, title: str) -> tuple[str, ...] | None:
    """Return the silent fields that a receipt has to record; None if they are those that the form implies.

    Args:
        fields: The fields that a record of the source can hold.
        form: The form of its records.
        title: The source's name in messages.

    Raises:
        OdsError: The source is silent about a field that history does not keep.
    """
    silent = FIELDS - frozenset(fields)
    lost = sorted(silent - KEPT_THROUGH_SILENCE)
    if lost:
        raise OdsError(
            f"its records cannot hold {', '.join(lost[:5])}, and history would read that as a change",
            where=title,
            do="Teach history to keep it, then add it to KEPT_THROUGH_SILENCE",
        )
    return None if silent == silent_by_form(form) else tuple(sorted(silent))
