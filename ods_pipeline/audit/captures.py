"""What one capture says, read from its raw files: records by code, what lost, what was set aside, its lists.

Lives here: the shape that releases and fetches share. Does not live here: what follows for the register
(``lives.py``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ods_pipeline.audit.records import Record, Text

Values = Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Used:
    """A record that entered: ``kind`` is full, archive or delta. A fetch in JSON cannot say that there is no
    fax number (``is_xml``)."""

    record: Record
    kind: str
    number: int
    is_xml: bool


@dataclass(frozen=True)
class Aside:
    """A record that was set aside, and why in the audit's own words."""

    capture_id: str
    number: int
    code: Text
    name: Text
    file_name: str
    why: str


@dataclass(frozen=True)
class Lost:
    """A record that lost to another of its release."""

    used: Used
    reason: str
    won_by: Used


@dataclass
class Told:
    """What a capture says. ``rows``: its rows of ``captures``. ``concepts``: code system, OID, id, code,
    name, whether in the scope of primary roles."""

    label: str
    used: dict[str, Used] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    concepts: list[tuple[Text, ...]] = field(default_factory=list)
    concepts_from: str = ""
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    rows: list[Values] = field(default_factory=list)


def in_scope_once(concepts: Iterable[tuple[Text, ...]]) -> list[tuple[Text, ...]]:
    """The first of each concept."""
    kept: dict[tuple[Text, Text], tuple[Text, ...]] = {}
    for concept in concepts:
        kept.setdefault((concept[0], concept[2]), concept)
    return list(kept.values())
