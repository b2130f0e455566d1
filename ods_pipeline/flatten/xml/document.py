"""One XML document of whole records to rows, with proof that no element was lost on the way.

Segments of a release and the records of a fetch are read alike.

Lives here: the order of the ways to read a document, from the quick one to the one that looks at each record.
Does not live here: what the rows prove (``proof.py``), which single records cannot be read
(``scan.py``), the types of columns (``rows.py``).
"""

import re
from dataclasses import dataclass

import polars as pl
import xml2arrow

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.columns.counting import has_control_bytes
from ods_pipeline.flatten.rows import Parsed, record_parser, to_rows
from ods_pipeline.flatten.rules import PROBLEM_SCHEMA, control_characters
from ods_pipeline.flatten.xml.comments import plain, with_xml_line_ends
from ods_pipeline.flatten.xml.proof import has_numbered_characters, is_proven_quickly
from ods_pipeline.flatten.xml.scan import ROOT_PREFIX, DamagedXml, OddRecord, scan
from ods_pipeline.flatten.xml.segments import FETCH_AGAIN, RECORDS_CLOSE, RECORDS_OPEN, check_text

_RECORD = re.compile(rb"<Organisation(?:\s[^>]*?)?(?:/>|>.*?</Organisation\s*>)", re.DOTALL)
_PLACEHOLDER = b"<Organisation/>"
# Problems of records that were taken out, and of all records, with the record itself.
_TAKEN_OUT_SCHEMA = {**PROBLEM_SCHEMA, "ods_code": pl.String, "name": pl.String}
_DOCUMENT_PROBLEM_SCHEMA = {**_TAKEN_OUT_SCHEMA, "payload": pl.String}
# How xml2arrow's error begins where an element repeats that may occur once.
_REPEATED = "Duplicate value"


@dataclass
class Document:
    """The rows of one document.

    Attributes:
        records: The number of Organisation elements in it.
        frames: ``organisations`` and the components, without the rows of broken records.
        problems: One row per broken record: ``record, rule, detail, ods_code, name, payload``.
        unknown: Names that the path maps do not know, with their counts.
    """

    records: int
    frames: dict[str, pl.DataFrame]
    problems: pl.DataFrame
    unknown: dict[str, int]


def read_document(document: bytes, name: str) -> Document:
    """Read ``<OrgRefData><Organisations>…`` with whole records in it.

    Args:
        document: The bytes, as one well-formed document.
        name: The file, for errors.

    Raises:
        BadRelease: The text is not UTF-8, not well-formed or not read to the last element.
    """
    check_text(document, name)
    document = plain(document)  # what looks like an element inside a comment must not be counted
    has_numbered = has_numbered_characters(document)
    parsed, taken_out, unknown = _parse_with_proof(document, name, has_numbered)
    has_odd_bytes = has_control_bytes(parsed)
    if has_odd_bytes and (by_rule := with_xml_line_ends(document)) != document:
        parsed, taken_out, unknown = _parse_with_proof(by_rule, name, has_numbered)
    rows, records = to_rows(parsed), parsed["organisations"].num_rows
    unknown |= rows.left_out
    problems = rows.problems
    if has_numbered or has_odd_bytes:  # the two ways in which a forbidden character can arrive
        problems = pl.concat([problems, control_characters(rows.frames)])
    if problems.is_empty() and not taken_out:
        return Document(records, rows.frames, pl.DataFrame(schema=_DOCUMENT_PROBLEM_SCHEMA), unknown)
    first = problems.filter(~pl.col("record").is_in(list(taken_out))).sort("record", "rule", "detail")
    first = first.group_by("record", maintain_order=True).first()
    own = rows.frames["organisations"].select("record", "ods_code", "name")
    broken = pl.concat([first.join(own, on="record", how="left"), _as_problems(taken_out)]).sort("record")
    texts = _record_texts(_without_root_prefix(document), records, name)
    payloads = pl.Series("payload", [texts[n].decode() for n in broken["record"]], dtype=pl.String)
    frames = {
        table: frame.join(broken.select("record"), on="record", how="anti", maintain_order="left")
        for table, frame in rows.frames.items()
    }
    return Document(records, frames, broken.with_columns(payloads), unknown)


def _parse_with_proof(
    document: bytes, name: str, has_numbered: bool
) -> tuple[Parsed, dict[int, OddRecord], dict[str, int]]:
    """Return the parsed rows, the records taken out first, and the counts of unknown names.

    The quick parser and quick counts come first. If they leave something unaccounted for, every tag is looked
    at (``scan.py``), and the rest is read strictly.
    """
    parsed = _parse(document, name)
    if parsed is not None and is_proven_quickly(parsed, document, has_numbered):
        return parsed, {}, {}
    document = _without_root_prefix(document)
    try:
        scanned = scan(document)
    except DamagedXml as error:
        raise _damaged(error, name) from error
    if scanned.odd:
        texts = _record_texts(document, scanned.records, name)
        kept = [_PLACEHOLDER if number in scanned.odd else text for number, text in enumerate(texts)]
        document = b"".join([RECORDS_OPEN, *kept, RECORDS_CLOSE])
    parsed = _parse(document, name, strict=True)
    read = 0 if parsed is None else parsed["organisations"].num_rows
    if parsed is None or read != scanned.records:
        raise _miscounted(scanned.records, read, name)
    return parsed, scanned.odd, dict(scanned.unknown)


def _without_root_prefix(document: bytes) -> bytes:
    prefix = ROOT_PREFIX.encode()
    if prefix not in document:
        return document
    return document.replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</")


def _parse(document: bytes, name: str, *, strict: bool = False) -> Parsed | None:
    """Return the rows of the document; None if the parser rejects it because an element repeats."""
    try:
        return record_parser(strict).parse(document)
    except (xml2arrow.exceptions.Xml2ArrowError, TypeError) as error:
        if str(error).startswith(_REPEATED):
            return None
        raise _damaged(error, name) from error


def _as_problems(taken_out: dict[int, OddRecord]) -> pl.DataFrame:
    rows = [(number, r.rule, r.detail, r.ods_code, r.name) for number, r in sorted(taken_out.items())]
    return pl.DataFrame(rows, schema=_TAKEN_OUT_SCHEMA, orient="row")


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
