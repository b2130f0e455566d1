"""One XML document of whole records to rows, with proof that no element was lost on the way.

Segments of a release and the records of a fetch are read alike.

Lives here: the order of the ways to read a document, from the quick one to the one that looks at each record.
Does not live here: what the rows prove (``proof.py``), which single records cannot be read
(``odd_records.py``), the types of columns (``rows.py``).
"""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

import polars as pl
import xml2arrow

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.columns.counting import has_control_bytes
from ods_pipeline.flatten.rows import Parsed, record_parser, to_rows
from ods_pipeline.flatten.rules import control_characters
from ods_pipeline.flatten.xml.comments import plain
from ods_pipeline.flatten.xml.odd_records import DOCUMENT_PROBLEM_SCHEMA, TakenOut, as_problems, odd_records
from ods_pipeline.flatten.xml.proof import (
    evidence,
    has_numbered_characters,
    is_proven_quickly,
    tags_and_attributes,
)
from ods_pipeline.flatten.xml.scan import count_elements, unknown_names
from ods_pipeline.flatten.xml.segments import FETCH_AGAIN, RECORDS_CLOSE, RECORDS_OPEN, check_text

_RECORD = re.compile(rb"<Organisation(?:\s[^>]*?)?(?:/>|>.*?</Organisation\s*>)", re.DOTALL)
_PLACEHOLDER = b"<Organisation/>"
# How xml2arrow's error begins where an element repeats that may occur once.
_REPEATED = "Duplicate value"


@dataclass
class Document:
    """The rows of one document.

    Attributes:
        records: the number of Organisation elements in it.
        frames: ``organisations`` and the components, without the rows of broken records.
        problems: one row a broken record: ``record, rule, detail, ods_code, name, payload``.
        unknown: names that the path maps do not know, with their counts.
    """

    records: int
    frames: dict[str, pl.DataFrame]
    problems: pl.DataFrame
    unknown: dict[str, int]


def read_document(document: bytes, name: str) -> Document:
    """Read ``<OrgRefData><Organisations>…`` with whole records in it.

    Args:
        document: the bytes, as one well-formed document.
        name: the file, for errors.

    Raises:
        BadRelease: the text is not UTF-8, not well-formed or not read to the last element.
    """
    check_text(document, name)
    document = plain(document)  # what looks like an element inside a comment must not be counted
    has_numbered = has_numbered_characters(document)
    parsed, taken_out, unknown = _parse_with_proof(document, name, has_numbered)
    rows, records = to_rows(parsed), parsed["organisations"].num_rows
    problems = rows.problems
    if has_numbered or has_control_bytes(parsed):  # the two ways in which a forbidden character can arrive
        problems = pl.concat([problems, control_characters(rows.frames)])
    if problems.is_empty() and not taken_out:
        return Document(records, rows.frames, pl.DataFrame(schema=DOCUMENT_PROBLEM_SCHEMA), unknown)
    first = problems.filter(~pl.col("record").is_in(list(taken_out))).sort("record", "rule", "detail")
    first = first.group_by("record", maintain_order=True).first()
    own = rows.frames["organisations"].select("record", "ods_code", "name")
    broken = pl.concat([first.join(own, on="record", how="left"), as_problems(taken_out)]).sort("record")
    texts = _record_texts(document, records, name)
    payloads = pl.Series("payload", [texts[n].decode() for n in broken["record"]], dtype=pl.String)
    frames = {
        table: frame.join(broken.select("record"), on="record", how="anti", maintain_order="left")
        for table, frame in rows.frames.items()
    }
    return Document(records, frames, broken.with_columns(payloads), unknown)


def _parse_with_proof(
    document: bytes, name: str, has_numbered: bool
) -> tuple[Parsed, dict[int, TakenOut], dict[str, int]]:
    """Return the parsed rows, the records taken out first, and the counts of unknown names.

    Each way is tried only if the one before leaves something unaccounted for: the quick parser and quick
    counts; the strict parser and the counts of tags and attributes; the unknown names; each record by itself.
    """
    parsed = _parse(document, name)
    if parsed is not None and is_proven_quickly(parsed, document, has_numbered):
        return parsed, {}, {}
    counts = tags_and_attributes(document)
    parsed = _parse(document, name, strict=True)
    if parsed is not None and evidence(parsed) == counts:
        return parsed, {}, {}
    elements = count_elements(document)
    unknown = unknown_names(document, elements)
    taken_out: dict[int, TakenOut] = {}
    records = elements.get("Organisation", 0)
    if parsed is None or not _is_explained(parsed, counts, unknown):
        texts = _record_texts(document, records, name)
        try:
            taken_out = odd_records(texts)
        except ElementTree.ParseError as error:
            raise _damaged(error, name) from error
        if taken_out:
            kept = [_PLACEHOLDER if number in taken_out else text for number, text in enumerate(texts)]
            parsed = _parse(b"".join([RECORDS_OPEN, *kept, RECORDS_CLOSE]), name, strict=True)
    read = 0 if parsed is None else parsed["organisations"].num_rows
    if parsed is None or read != records:
        raise _miscounted(records, read, name)
    return parsed, taken_out, unknown


def _parse(document: bytes, name: str, *, strict: bool = False) -> Parsed | None:
    """Return the rows of the document; None if the parser rejects it because an element repeats."""
    try:
        return record_parser(strict).parse(document)
    except (xml2arrow.exceptions.Xml2ArrowError, TypeError) as error:
        if str(error).startswith(_REPEATED):
            return None
        raise _damaged(error, name) from error


def _is_explained(parsed: Parsed, counts: tuple[int, int], unknown: dict[str, int]) -> bool:
    """Whether rows and unknown names together account for all tags and attributes."""
    unknown_attributes = sum(count for key, count in unknown.items() if key.startswith("@"))
    unknown_tags = sum(unknown.values()) - unknown_attributes
    elements, attributes = evidence(parsed)
    return (elements + unknown_tags, attributes + unknown_attributes) == counts


def _record_texts(document: bytes, records: int, name: str) -> list[bytes]:
    """Return each record as text, in order. Raises BadRelease if there are not ``records`` of them."""
    texts = _RECORD.findall(document)
    if len(texts) != records:
        raise _miscounted(records, len(texts), name)
    return texts


def _damaged(error: Exception, name: str) -> BadRelease:
    return BadRelease(f"the XML is damaged: {error}", where=name, do=FETCH_AGAIN)


def _miscounted(records: int, read: int, name: str) -> BadRelease:
    return BadRelease(
        f"it holds {records} Organisation elements, but only {read} could be read", where=name, do=FETCH_AGAIN
    )
