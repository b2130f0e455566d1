"""Parsed XML rows to typed frames: one row for each organisation, role, relationship, succession and contact.

Lives here: the type of each column, and the one normalisation of a fact (address lines move up to close
holes). Records that break a rule are reported in ``problems``. Does not live here: how text becomes a value
(``values.py``, ``columns/dates.py``), which record wins (``merge.py``), the reading of files (``release.py``,
``fetch.py``).

Every frame has ``record``, the position of the record in its document from 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow as pa
import yaml
from xml2arrow import XmlToArrowParser

from ods_pipeline.flatten.columns.dates import ORGANISATION, with_days
from ods_pipeline.flatten.rules import PROBLEM_SCHEMA, broken_rules, problems_of
from ods_pipeline.flatten.values import as_series, to_days, to_flags, to_numbers, to_text
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.sorting import repeats_key

# The table of dates of each table, and the index column that numbers its rows within a record.
_DATES = {
    "organisations": ("organisation_dates", None),
    "roles": ("role_dates", "<role>"),
    "relationships": ("relationship_dates", "<rel>"),
    "successions": ("succession_dates", "<succ>"),
}
# Columns that are read only as evidence (``xml/proof.py``).
_EVIDENCE_ONLY = ("target_assigning_authority",)
_ADDRESS = ("address_line_1", "address_line_2", "address_line_3")
# How trimmed text becomes a value of each type, and the rule that text of another form breaks.
_CONVERSIONS: dict[type[pl.DataType], tuple[Callable[[pl.Series], pl.Series], str]] = {
    pl.Date: (to_days, "bad_date"),
    pl.Int64: (to_numbers, "bad_number"),
    pl.Boolean: (to_flags, "bad_flag"),
}

# The rows of a document as the parser returns them, by table.
Parsed = dict[str, pa.RecordBatch]


@dataclass
class Rows:
    """The typed frames of a document, and what is wrong in it.

    Attributes:
        frames: ``organisations`` and the components, each with ``record``.
        problems: ``record, rule, detail``: every broken rule of every record.
        left_out: Contacts without a value or a type, which make no row, by what they lack.
    """

    frames: dict[str, pl.DataFrame]
    problems: pl.DataFrame
    left_out: dict[str, int]


@cache
def record_parser(strict: bool = False) -> XmlToArrowParser:
    """Return the parser of records, compiled once; threads may share it.

    Args:
        strict: Reject an attribute that an element has twice. Needed only for documents whose rows do not
            account for every byte (``xml/proof.py``).
    """
    source = resources.files("ods_pipeline.flatten.xml") / "record_map.yaml"
    if not strict:
        with resources.as_file(source) as path:
            return XmlToArrowParser(path)
    tree = yaml.safe_load(source.read_text(encoding="utf-8"))
    tree["parser_options"] |= {"validate_attributes": True}
    with TemporaryDirectory() as folder:  # xml2arrow reads its map from a file only
        path = Path(folder) / "record_map.yaml"
        path.write_text(yaml.safe_dump(tree), encoding="utf-8")
        return XmlToArrowParser(path)


def to_rows(parsed: Parsed) -> Rows:
    """Convert parsed rows to typed frames (columns: those stored in flat/, and ``record``)."""
    problems: list[pl.DataFrame] = []
    frames = {}
    for name in ("organisations", "roles", "relationships", "successions", "contacts"):
        columns, bad = _typed(parsed[name], name)
        problems += bad
        if name in _DATES:
            dates, component = _DATES[name]
            days, bad = with_days(parsed[name], parsed[dates], name, component)
            columns += days
            problems += bad
        frames[name] = pl.DataFrame(columns)
    frames["roles"] = frames["roles"].with_columns(pl.col("is_primary").fill_null(False))
    frames["organisations"] = _organisations(frames["organisations"], frames["roles"])
    contacts, left_out = _complete_contacts(frames["contacts"])
    frames["contacts"] = _numbered(contacts)
    problems += broken_rules(frames)
    problems = [p for p in problems if p.height]
    frames["organisations"] = frames["organisations"].drop("code_root", "primaries")
    for name in ("relationships", "successions"):
        frames[name].drop_in_place("target_code_root")
    if not problems:
        return Rows(frames, pl.DataFrame(schema=PROBLEM_SCHEMA), left_out)
    return Rows(frames, pl.concat(problems).unique().sort("record", "rule", "detail"), left_out)


def _typed(batch: pa.RecordBatch, table: str) -> tuple[list[pl.Series], list[pl.DataFrame]]:
    """Return ``record`` and the typed values, and problems where a text does not fit its type."""
    dtypes = TABLES[table].dtypes
    record = as_series(batch[ORGANISATION]).alias("record")
    columns, problems = [record], []
    for name in batch.schema.names:
        if name.startswith("<") or name in _EVIDENCE_ONLY:
            continue
        text, dtype = as_series(batch[name]), dtypes.get(name, pl.String)
        if dtype == pl.String:
            columns.append(to_text(text).alias(name))
            continue
        convert, rule = _CONVERSIONS[dtype.base_type()]
        values = convert(text)
        if values.null_count() > text.null_count():  # white space around a value, or not a value
            text = to_text(text)
            values = convert(text)
            bad = pl.DataFrame({"record": record, "text": text}).filter(text.is_not_null() & values.is_null())
            detail = pl.format("{}.{} is '{}'", pl.lit(table), pl.lit(name), "text")
            problems.append(problems_of(bad, rule, detail))
        columns.append(values.alias(name))
    return columns, problems


def _organisations(organisations: pl.DataFrame, roles: pl.DataFrame) -> pl.DataFrame:
    """Add the primary role and the number of primary roles (``primaries``), and fill what can be inferred.

    A missing status becomes the status of the primary role. Address lines move up to close holes.
    """
    is_primary = roles["is_primary"]
    record, role_id, status = (roles[name].filter(is_primary) for name in ("record", "role_id", "status"))
    if record.equals(organisations["record"]):  # the rule: each record has one
        organisations = organisations.hstack([role_id.alias("primary_role_id"), status.alias("role_status")])
        organisations = organisations.with_columns(pl.lit(1, pl.Int64).alias("primaries"))
    else:
        # 0 where no role is primary, null where there are no roles: such a record may be empty.
        counted = roles.group_by("record").agg(
            pl.col("role_id").filter("is_primary").min().alias("primary_role_id"),
            pl.col("status").filter("is_primary").min().alias("role_status"),
            pl.col("is_primary").sum().cast(pl.Int64).alias("primaries"),
        )
        organisations = organisations.join(counted, on="record", how="left").sort("record")
    one, two, three = (pl.col(c) for c in _ADDRESS)
    return organisations.with_columns(
        pl.col("ref_only").fill_null(False),
        pl.col("status").is_null().alias("status_is_inferred"),
        pl.coalesce("status", "role_status").alias("status"),
        pl.coalesce(one, two, three).alias(_ADDRESS[0]),
        pl.when(one.is_not_null())
        .then(pl.coalesce(two, three))
        .when(two.is_not_null())
        .then(three)
        .alias(_ADDRESS[1]),
        pl.when(one.is_not_null() & two.is_not_null()).then(three).alias(_ADDRESS[2]),
    ).drop("role_status")


def _complete_contacts(contacts: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the contacts with a type and a value, and how many lack which.

    One empty telephone number is no reason to set the whole organisation aside.
    """
    left_out = {}
    for column, attribute in (("contact_value", "value"), ("contact_type", "type")):
        missing = contacts[column].null_count()
        if missing:
            left_out[f"/Contacts/Contact without {attribute}"] = missing
            contacts = contacts.filter(pl.col(column).is_not_null())
    return contacts, left_out


def _numbered(contacts: pl.DataFrame) -> pl.DataFrame:
    """Give contacts of a type numbers from 1 by value, so that the order of elements does not matter."""
    contacts = contacts.sort("record", "contact_type", "contact_value")
    row = pl.int_range(pl.len())
    is_first = ~repeats_key(contacts, ["record", "contact_type"])
    first_row = pl.when(is_first).then(row).forward_fill()
    return contacts.with_columns((row - first_row + 1).alias("ordinal"))
