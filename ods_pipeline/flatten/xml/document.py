"""One XML document of whole records to rows, with proof that no element was lost on the way.

Used for segments of a release and for the records of a fetch alike.
"""

import re
from collections import Counter
from dataclasses import dataclass
from xml.etree import ElementTree

import polars as pl
import xml2arrow

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.rows import Parsed, record_parser, to_rows
from ods_pipeline.flatten.rules import PROBLEM_SCHEMA, control_characters
from ods_pipeline.flatten.xml.comments import plain
from ods_pipeline.flatten.xml.proof import (
    evidence,
    has_numbered_signs,
    holds_control_characters,
    signs,
    signs_in_values,
    tags_and_attributes,
)
from ods_pipeline.flatten.xml.scan import count_elements, known_names, unknown_names
from ods_pipeline.flatten.xml.segments import FETCH_AGAIN, RECORDS_CLOSE, RECORDS_OPEN, check_text

_RECORD = re.compile(rb"<Organisation(?:\s[^>]*?)?(?:/>|>.*?</Organisation\s*>)", re.DOTALL)
_COMPONENT_PATHS = ("Roles/Role", "Rels/Rel", "Succs/Succ", "Contacts/Contact")
_MAY_REPEAT = {"Role", "Rel", "Succ", "Contact", "Date"}
_NO_XML_SIGN = re.compile(rb"&#[^;]*;|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_PLACEHOLDER = b"<Organisation/>"
_TOLD_SCHEMA = {**PROBLEM_SCHEMA, "ods_code": pl.String, "name": pl.String}
_FOUND_SCHEMA = {**_TOLD_SCHEMA, "payload": pl.String}
# How xml2arrow begins to say that an element stands twice where it can stand once.
_REPEATED = "Duplicate value"


@dataclass(frozen=True)
class TakenOut:
    """A record that had to be taken out before the others could be read, and why."""

    rule: str
    detail: str
    ods_code: str | None
    name: str | None


@dataclass
class Document:
    """The rows of one document.

    ``records`` is the number of Organisation elements in it. ``problems`` has one row a broken record:
    ``record, rule, detail, ods_code, name, payload``; the rows of broken records are in no frame.
    ``unknown`` counts names the maps lack.
    """

    records: int
    frames: dict[str, pl.DataFrame]
    problems: pl.DataFrame
    unknown: dict[str, int]


def read_document(document: bytes, name: str) -> Document:
    """Reads ``<OrgRefData><Organisations>…`` with whole records in it.

    Raises BadRelease, naming ``name``, if the text is not UTF-8, not well-formed or not fully read.
    """
    check_text(document, name)
    document = plain(document)  # what only looks like an element must not be counted
    has_numbered = has_numbered_signs(document)
    parsed, taken_out, unknown = _rows_in(document, name, has_numbered)
    rows, records = to_rows(parsed), parsed["organisations"].num_rows
    problems = rows.problems
    if has_numbered or holds_control_characters(parsed):  # either may bring a sign that no text may hold
        problems = pl.concat([problems, control_characters(rows.frames)])
    if problems.is_empty() and not taken_out:
        return Document(records, rows.frames, pl.DataFrame(schema=_FOUND_SCHEMA), unknown)
    first = problems.filter(~pl.col("record").is_in(list(taken_out))).sort("record", "rule", "detail")
    first = first.group_by("record", maintain_order=True).first()
    own = rows.frames["organisations"].select("record", "ods_code", "name")
    found = pl.concat([first.join(own, on="record", how="left"), _set_aside(taken_out)]).sort("record")
    texts = _texts(document, records, name)
    payloads = pl.Series("payload", [texts[n].decode() for n in found["record"]], dtype=pl.String)
    frames = {
        k: f.join(found.select("record"), on="record", how="anti", maintain_order="left")
        for k, f in rows.frames.items()
    }
    return Document(records, frames, found.with_columns(payloads), unknown)


def _rows_in(
    document: bytes, name: str, has_numbered: bool
) -> tuple[Parsed, dict[int, TakenOut], dict[str, int]]:
    """The parsed rows, the records that had to be taken out first, and the unknown names with their counts.

    Only if the rows do not account for every element and attribute is all read strictly, and names too; only
    if unknown names do not account for the rest, each record is looked at by itself.
    """
    parsed = _parsed(document, name)
    if parsed is not None and _proven(parsed) == signs(document, has_numbered):
        return parsed, {}, {}
    there = tags_and_attributes(document)
    parsed = _parsed(document, name, strict=True)
    if parsed is not None and evidence(parsed) == there:
        return parsed, {}, {}
    elements = count_elements(document)
    unknown = unknown_names(document, elements)
    taken_out: dict[int, TakenOut] = {}
    records = elements.get("Organisation", 0)
    if parsed is None or not _explained(parsed, there, unknown):
        texts = _texts(document, records, name)
        taken_out = _odd_records(texts, name)
        if taken_out:
            kept = [_PLACEHOLDER if n in taken_out else t for n, t in enumerate(texts)]
            parsed = _parsed(_joined(kept), name, strict=True)
    read = 0 if parsed is None else parsed["organisations"].num_rows
    if parsed is None or read != records:
        raise _miscounted(records, read, name)
    return parsed, taken_out, unknown


def _parsed(document: bytes, name: str, *, strict: bool = False) -> Parsed | None:
    """What the parser makes of the document; None if it refuses it because an element stands twice."""
    try:
        return record_parser(strict).parse(document)
    except (xml2arrow.exceptions.Xml2ArrowError, TypeError) as error:
        if str(error).startswith(_REPEATED):
            return None
        raise _damaged(error, name) from error


def _proven(parsed: Parsed) -> tuple[int, int]:
    """The slashes and equals signs that the rows and the values in them account for."""
    (elements, attributes), (slashes, equals) = evidence(parsed), signs_in_values(parsed)
    return elements + slashes, attributes + equals


def _explained(parsed: Parsed, there: tuple[int, int], unknown: dict[str, int]) -> bool:
    """Whether the unknown names are all that the rows do not account for."""
    attributes = sum(count for key, count in unknown.items() if key.startswith("@"))
    tags = sum(unknown.values()) - attributes
    proven = evidence(parsed)
    return (proven[0] + tags, proven[1] + attributes) == there


def _odd_records(texts: list[bytes], name: str) -> dict[int, TakenOut]:
    """Records in which an element stands twice or a component stands where it is not read, by number.

    One record after the other: only pieces whose bytes say more than their rows come here.
    """
    found: dict[int, TakenOut] = {}
    for number, text in enumerate(texts):
        try:
            record = _by_itself(text)
        except ElementTree.ParseError as error:
            raise _damaged(error, name) from error
        rule, details = "repeated_element", _repeated(record)
        if not details:
            rule, details = "lost_component", _lost(record)
        if details:
            found[number] = TakenOut(rule, "; ".join(details), *_own_words(record))
    return found


def _repeated(record: ElementTree.Element) -> list[str]:
    return [
        f"{tag} stands {times} times in {parent.tag}"
        for parent in record.iter()
        if len(parent) > 1
        for tag, times in Counter(child.tag for child in parent).items()
        if times > 1 and tag not in _MAY_REPEAT and tag in known_names()[0]
    ]


def _lost(record: ElementTree.Element) -> list[str]:
    counts = {path: (len(record.findall(path)), path.rpartition("/")[2]) for path in _COMPONENT_PATHS}
    there = {tag: sum(1 for _ in record.iter(tag)) for _, tag in counts.values()}
    return [
        f"{there[tag]} {tag} elements, of which {read} could be read"
        for read, tag in counts.values()
        if read != there[tag]
    ]


def _by_itself(text: bytes) -> ElementTree.Element:
    """One record as a tree; signs that XML cannot carry, which xml2arrow lets pass, become blanks."""
    return ElementTree.fromstring(_NO_XML_SIGN.sub(b" ", text))


def _own_words(record: ElementTree.Element) -> tuple[str | None, str | None]:
    """Code and name of a record that is read by itself."""
    identity = record.find("OrgId")
    code = identity.get("extension", "") if identity is not None else ""
    return code.strip() or None, (record.findtext("Name") or "").strip() or None


def _set_aside(taken_out: dict[int, TakenOut]) -> pl.DataFrame:
    rows = [(record, *vars(told).values()) for record, told in taken_out.items()]
    return pl.DataFrame(rows, schema=_TOLD_SCHEMA, orient="row")


def _texts(document: bytes, records: int, name: str) -> list[bytes]:
    """Each record as text, in order. Raises BadRelease if they cannot be told apart."""
    texts = _RECORD.findall(document)
    if len(texts) != records:
        raise _miscounted(records, len(texts), name)
    return texts


def _joined(texts: list[bytes]) -> bytes:
    return b"".join([RECORDS_OPEN, *texts, RECORDS_CLOSE])


def _damaged(error: Exception, name: str) -> BadRelease:
    return BadRelease(f"the XML is damaged: {error}", where=name, do=FETCH_AGAIN)


def _miscounted(records: int, read: int, name: str) -> BadRelease:
    return BadRelease(
        f"{records} Organisation elements were counted and {read} could be read", where=name, do=FETCH_AGAIN
    )
