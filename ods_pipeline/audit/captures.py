"""What one capture contains, read from its raw files: records by code, rejected records, code lists.

Lives here: the shape that releases and fetches share. Does not live here: what follows for the register
(``lives.py``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ods_pipeline.audit.records import Record, Text

# One row of a table, by column.
Values = Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class UsedRecord:
    """A record that entered the register.

    Attributes:
        record: The record.
        kind: ``full``, ``archive`` or ``delta``.
        number: Position in the file or fetch, counted from 1.
        is_xml: Whether it was read as XML. JSON cannot show that there is no fax number.
        is_partial: Whether its source leaves out more than fax numbers (the receipt's ``silent``).
    """

    record: Record
    kind: str
    number: int
    is_xml: bool
    is_partial: bool = False


@dataclass(frozen=True)
class RecordSetAside:
    """A record that broke a rule. ``why`` is the audit's own wording."""

    capture_id: str
    number: int
    code: Text
    name: Text
    file_name: str
    why: str


@dataclass(frozen=True)
class RecordSuperseded:
    """A record that lost to another record of its release."""

    used: UsedRecord
    reason: str
    won_by: UsedRecord


@dataclass
class CaptureContent:
    """What a release or a fetch contains.

    Attributes:
        label: The name of the release or fetch in ``flat/``.
        used: The records that entered, by code.
        superseded: The records that lost to another of their release.
        set_aside: The records that broke a rule.
        concepts: The code lists: code system, OID, id, code, name, whether in the scope of primary roles.
        concepts_from: The id of the capture that has the code lists.
        unknown: Unknown names and how often they occur, by capture id.
        rows: The rows for ``ord.captures``: two for a release, one for a fetch.
    """

    label: str
    used: dict[str, UsedRecord] = field(default_factory=dict)
    superseded: list[RecordSuperseded] = field(default_factory=list)
    set_aside: list[RecordSetAside] = field(default_factory=list)
    concepts: list[tuple[Text, ...]] = field(default_factory=list)
    concepts_from: str = ""
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    rows: list[Values] = field(default_factory=list)


def first_of_each(concepts: Iterable[tuple[Text, ...]]) -> list[tuple[Text, ...]]:
    """Return the first entry for each code system and id."""
    first: dict[tuple[Text, Text], tuple[Text, ...]] = {}
    for concept in concepts:
        first.setdefault((concept[0], concept[2]), concept)
    return list(first.values())
