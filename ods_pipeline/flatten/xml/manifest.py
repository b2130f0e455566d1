"""The head of a register file: the facts about the file, and its code lists.

Lives here: reading and checking the Manifest. Does not live here: finding the head in the file
(``segments.py``).
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import polars as pl
import xml2arrow
from xml2arrow import XmlToArrowParser

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.xml.comments import plain
from ods_pipeline.flatten.xml.segments import FETCH_AGAIN, check_text
from ods_pipeline.schema import TABLES
from ods_pipeline.sources.receipt import FIRST_DAY, LAST_DAY


@dataclass(frozen=True)
class Manifest:
    """The Manifest of a file; ``code_systems`` has the stored columns of the table of that name."""

    version: str | None
    publication_type: str | None
    publication_source: str | None
    publication_date: date
    publication_seq_num: int | None
    file_creation: str | None
    record_count: int
    content_description: str | None
    code_systems: pl.DataFrame


@cache
def _parser() -> XmlToArrowParser:
    with resources.as_file(resources.files("ods_pipeline.flatten.xml") / "manifest_map.yaml") as path:
        return XmlToArrowParser(path)


def read_manifest(head: bytes, name: str) -> Manifest:
    """Read the head of a register file.

    Args:
        head: A complete document without records.
        name: The file, for errors.

    Raises:
        BadRelease: The head is damaged, or RecordCount or PublicationDate is missing. Without the count
            nothing proves that all records arrived; without the date nobody knows which day they describe.
    """
    check_text(head, name)
    head = plain(head)
    try:
        parsed = _parser().parse(head)
    except (xml2arrow.exceptions.Xml2ArrowError, TypeError) as error:
        raise BadRelease(
            f"the XML is damaged before the first record: {error}", where=name, do=FETCH_AGAIN
        ) from error
    rows = _frame(parsed, "manifest")
    if rows.is_empty():
        raise BadRelease("the file has no Manifest", where=name, do=FETCH_AGAIN)
    values = rows.select(pl.col(pl.String).str.strip_chars().drop_nulls().max()).to_dicts()[0]
    return Manifest(
        version=values["version"],
        publication_type=values["publication_type"],
        publication_source=values["publication_source"],
        publication_date=_day(values["publication_date"], name),
        publication_seq_num=_count(values["publication_seq_num"]),
        file_creation=values["file_creation"],
        record_count=_record_count(values["record_count"], name),
        content_description=values["content_description"],
        code_systems=_code_systems(parsed),
    )


def _frame(parsed: dict, table: str) -> pl.DataFrame:
    frame = pl.from_arrow(parsed[table])
    assert isinstance(frame, pl.DataFrame)
    return frame


def _code_systems(parsed: dict) -> pl.DataFrame:
    """Return the concepts; the parser gives name and OID on the first row of each code system only."""
    scope = _frame(parsed, "primary_role_scope")["id"].drop_nulls().unique()
    return (
        _frame(parsed, "code_systems")
        .with_columns(pl.col("code_system", "oid").max().over("<code_system>"))
        .filter(pl.col("id").is_not_null() & pl.col("code_system").is_not_null())
        .with_columns(pl.col("id").is_in(scope.implode()).alias("in_primary_role_scope"))
        .select(TABLES["code_systems"].stored)
        .unique(subset=["code_system", "id"], keep="first", maintain_order=True)
        .sort("code_system", "id")
    )


def _day(text: str | None, name: str) -> date:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        raise BadRelease(
            f"the Manifest's PublicationDate is {text!r}, which is not a date", where=name, do=FETCH_AGAIN
        ) from None
    if not FIRST_DAY <= day.isoformat() <= LAST_DAY:
        raise BadRelease(
            f"the Manifest's PublicationDate is {day}, and no release was published then",
            where=name,
            do=FETCH_AGAIN,
        )
    return day


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _record_count(text: str | None, name: str) -> int:
    count = _count(text)
    if count is None:
        raise BadRelease(
            f"the Manifest's RecordCount is {text!r}, which is not a number", where=name, do=FETCH_AGAIN
        )
    return count
