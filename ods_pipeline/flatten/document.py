"""One XML document of whole records to rows, with proof that no element was lost on the way.

Used for segments of a release and for the records of a fetch alike.
"""

import re
from dataclasses import dataclass

import polars as pl
import xml2arrow

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.comments import plain
from ods_pipeline.flatten.rows import Rows, record_parser, to_rows
from ods_pipeline.flatten.rules import control_characters
from ods_pipeline.flatten.scan import count_elements, unknown_names
from ods_pipeline.flatten.segments import FETCH_AGAIN, RECORDS_CLOSE, RECORDS_OPEN, check_text

_RECORD = re.compile(rb"<Organisation(?:\s[^>]*?)?(?:/>|>.*?</Organisation\s*>)", re.DOTALL)
_REPEATED_PARTS = {"Role": "roles", "Rel": "relationships", "Succ": "successions", "Contact": "contacts"}
_PLACEHOLDER = b"<Organisation><Name/></Organisation>"
# Bytes that make a look for control characters needless: all but the lower 32, tab and line ends excepted.
_HARMLESS = bytes(b for b in range(256) if b >= 32 or b in b"\t\n\r")


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
    elements = count_elements(document)
    records = elements.get("Organisation", 0)
    rows = _parse(document, name)
    codes = rows.frames["organisations"].select("record", "ods_code", "name")
    lost = _lost_parts(document, rows, elements, name)
    if lost.height:
        # xml2arrow keeps the attributes of an element without children and puts them before those of the
        # next one, which may be another record's. So such records are taken out and the rest is read anew.
        broken = set(lost["record"])
        texts = _texts(document, records, name)
        rows = _parse(_joined([_PLACEHOLDER if n in broken else text for n, text in enumerate(texts)]), name)
        rows.problems = pl.concat([rows.problems.join(lost, on="record", how="anti"), lost])
    problems = rows.problems
    if document.translate(None, _HARMLESS) or b"&#" in document:
        problems = pl.concat([problems, control_characters(rows.frames)])
    first = problems.sort("record", "rule", "detail").group_by("record", maintain_order=True).first()
    first = first.join(codes, on="record", how="left").sort("record")
    frames = rows.frames
    payloads: list[str] = []
    if first.height:
        texts = _texts(document, records, name)
        payloads = [texts[n].decode() for n in first["record"]]
        frames = {k: f.join(first.select("record"), on="record", how="anti") for k, f in frames.items()}
    first = first.with_columns(pl.Series("payload", payloads, dtype=pl.String))
    return Document(records, frames, first, unknown_names(document, elements))


def _parse(document: bytes, name: str) -> Rows:
    try:
        return to_rows(record_parser().parse(document))
    except (xml2arrow.exceptions.Xml2ArrowError, TypeError) as error:
        raise BadRelease(f"the XML is damaged: {error}", where=name, do=FETCH_AGAIN) from error


def _lost_parts(document: bytes, rows: Rows, elements: dict[str, int], name: str) -> pl.DataFrame:
    """Names records of which the parser made fewer rows than there are elements.

    An element without children makes no row in xml2arrow; ODS always writes children. The counts of
    the whole document tell whether any record needs a closer look.
    """
    records = elements.get("Organisation", 0)
    counted = {"Organisation": rows.frames["organisations"].height}
    counted |= {tag: rows.frames[table].height for tag, table in _REPEATED_PARTS.items()}
    found: list[tuple[int, str, str]] = []
    if any(elements.get(tag, 0) != rows_made for tag, rows_made in counted.items()):
        made = {
            tag: dict(rows.frames[table].group_by("record").len().iter_rows())
            for tag, table in _REPEATED_PARTS.items()
        }
        known = set(rows.frames["organisations"]["record"].to_list())
        for number, text in enumerate(_texts(document, records, name)):
            if number not in known:
                found.append((number, "empty_record", "the Organisation element has no content"))
                continue
            for tag in _REPEATED_PARTS:
                there, have = (
                    len(re.findall(rb"<" + tag.encode() + rb"[\s/>]", text)),
                    made[tag].get(number, 0),
                )
                if there != have:
                    found.append(
                        (number, "empty_component", f"{there} {tag} elements, of which {have} have content")
                    )
        if not found:
            raise _miscounted(records, counted["Organisation"], name)
    return pl.DataFrame(
        found, schema={"record": pl.UInt32, "rule": pl.String, "detail": pl.String}, orient="row"
    )


def _texts(document: bytes, records: int, name: str) -> list[bytes]:
    """Each record as text, in order. Raises BadRelease if they cannot be told apart."""
    texts = _RECORD.findall(document)
    if len(texts) != records:
        raise _miscounted(records, len(texts), name)
    return texts


def _joined(texts: list[bytes]) -> bytes:
    return b"".join([RECORDS_OPEN, *texts, RECORDS_CLOSE])


def _miscounted(records: int, read: int, name: str) -> BadRelease:
    return BadRelease(
        f"{records} Organisation elements were counted and {read} could be read", where=name, do=FETCH_AGAIN
    )
