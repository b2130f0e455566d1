"""Records that spoil a document for the parser: an element repeats, or a component is in the wrong place.

Lives here: finding such records, one by one, and what is reported about them. Only documents whose bytes
hold more than their rows come here, so a loop over records is fast enough. Does not live here: rules about
values (``rules.py``).
"""

import re
from collections import Counter
from dataclasses import dataclass
from xml.etree import ElementTree

import polars as pl

from ods_pipeline.flatten.rules import PROBLEM_SCHEMA
from ods_pipeline.flatten.xml.scan import known_names

# Problems of records that were taken out, and of all records, with the record itself.
TAKEN_OUT_SCHEMA = {**PROBLEM_SCHEMA, "ods_code": pl.String, "name": pl.String}
DOCUMENT_PROBLEM_SCHEMA = {**TAKEN_OUT_SCHEMA, "payload": pl.String}

_COMPONENT_PATHS = ("Roles/Role", "Rels/Rel", "Succs/Succ", "Contacts/Contact")
_MAY_REPEAT = {"Role", "Rel", "Succ", "Contact", "Date"}
_NOT_IN_XML = re.compile(rb"&#[^;]*;|[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class TakenOut:
    """A record that has to be taken out before the others can be read, and the rule that it breaks."""

    rule: str
    detail: str
    ods_code: str | None
    name: str | None


def odd_records(texts: list[bytes]) -> dict[int, TakenOut]:
    """Return the records to take out, by their position in ``texts``.

    Raises:
        xml.etree.ElementTree.ParseError: a record is not well-formed.
    """
    taken_out: dict[int, TakenOut] = {}
    for number, text in enumerate(texts):
        # xml2arrow passes over characters that XML forbids; to ElementTree they are spaces.
        record = ElementTree.fromstring(_NOT_IN_XML.sub(b" ", text))
        rule, details = "repeated_element", _repeated(record)
        if not details:
            rule, details = "lost_component", _lost(record)
        if details:
            taken_out[number] = TakenOut(rule, "; ".join(details), *_code_and_name(record))
    return taken_out


def as_problems(taken_out: dict[int, TakenOut]) -> pl.DataFrame:
    """Return one row a record: ``record, rule, detail, ods_code, name``."""
    rows = [(number, *vars(record).values()) for number, record in taken_out.items()]
    return pl.DataFrame(rows, schema=TAKEN_OUT_SCHEMA, orient="row")


def _repeated(record: ElementTree.Element) -> list[str]:
    return [
        f"{tag} stands {times} times in {parent.tag}"
        for parent in record.iter()
        if len(parent) > 1
        for tag, times in Counter(child.tag for child in parent).items()
        if times > 1 and tag not in _MAY_REPEAT and tag in known_names()[0]
    ]


def _lost(record: ElementTree.Element) -> list[str]:
    """Describe components that occur more often than they can be read at their path."""
    readable = {path.rpartition("/")[2]: len(record.findall(path)) for path in _COMPONENT_PATHS}
    total = {tag: sum(1 for _ in record.iter(tag)) for tag in readable}
    return [
        f"{total[tag]} {tag} elements, of which {count} could be read"
        for tag, count in readable.items()
        if count != total[tag]
    ]


def _code_and_name(record: ElementTree.Element) -> tuple[str | None, str | None]:
    identity = record.find("OrgId")
    code = identity.get("extension", "") if identity is not None else ""
    return code.strip() or None, (record.findtext("Name") or "").strip() or None
