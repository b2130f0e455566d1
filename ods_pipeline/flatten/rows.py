"""Parsed XML rows to typed frames: one row an organisation, role, relationship, succession, contact.

Lives here: the types, and the one normalisation of a fact (address lines move up to close holes). Records
that break a rule are named in ``problems``. Does not live here: dates (``dates.py``), which record wins
(``merge.py``), the reading of files (``release.py``, ``record.py``).

Every frame has ``record``, the position of the record in its segment from 0.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import polars as pl
import pyarrow as pa
from xml2arrow import XmlToArrowParser

from ods_pipeline.flatten.dates import ORGANISATION, to_days, with_days
from ods_pipeline.flatten.rules import PROBLEM_SCHEMA, broken_rules
from ods_pipeline.schema import TABLES

# The table of dates of each table, and the index column that numbers its rows within a record.
_DATES = {
    "organisations": ("organisation_dates", None),
    "roles": ("role_dates", "<role>"),
    "relationships": ("relationship_dates", "<rel>"),
    "successions": ("succession_dates", "<succ>"),
}
_ADDRESS = ("address_line_1", "address_line_2", "address_line_3")
_MOST_DIGITS = 18
_FLAGS = {"true": True, "false": False}


@dataclass
class Rows:
    """The typed frames of one document, and what is wrong in it.

    ``frames``: ``organisations`` and the components, each with ``record``.
    ``problems``: ``record, rule, detail``, every broken rule of every record.
    """

    frames: dict[str, pl.DataFrame]
    problems: pl.DataFrame


@cache
def record_parser() -> XmlToArrowParser:
    """The parser of records, compiled once; threads may share it."""
    with resources.as_file(resources.files("ods_pipeline.flatten") / "record_map.yaml") as path:
        return XmlToArrowParser(path)


def raw_frames(parsed: dict[str, pa.RecordBatch]) -> dict[str, pl.DataFrame]:
    """What ``record_parser`` read, as frames; no copy."""
    return {name: pl.DataFrame(batch) for name, batch in parsed.items()}


def to_rows(raw: dict[str, pl.DataFrame]) -> Rows:
    """Parsed frames to typed ones (columns: those stored in flat/, and record)."""
    problems: list[pl.DataFrame] = []
    frames = {}
    for name in ("organisations", "roles", "relationships", "successions", "contacts"):
        frame = raw[name]
        if name in _DATES:
            dates, part = _DATES[name]
            frame, bad = with_days(frame, raw[dates], name, part)
            problems.extend(bad)
        frame = frame.rename({ORGANISATION: "record"})
        frame = frame.drop(c for c in frame.columns if c.startswith("<"))
        trimmed = pl.col(pl.String).str.strip_chars()
        frame = frame.with_columns(trimmed).with_columns(
            pl.when(pl.col(pl.String) != "").then(pl.col(pl.String))
        )
        frames[name], bad = _typed(frame, name)
        problems.extend(bad)
    frames["roles"] = frames["roles"].with_columns(pl.col("is_primary").fill_null(False))
    frames["organisations"] = _organisations(frames["organisations"], frames["roles"])
    frames["contacts"] = _numbered(frames["contacts"])
    problems.extend(broken_rules(frames))
    found = pl.concat([p for p in problems if p.height] or [pl.DataFrame(schema=PROBLEM_SCHEMA)])
    frames["organisations"] = frames["organisations"].drop("code_root")
    for name in ("relationships", "successions"):
        frames[name] = frames[name].drop("target_code_root", "target_assigning_authority")
    return Rows(frames, found.unique().sort("record", "rule", "detail"))


def _typed(frame: pl.DataFrame, table: str) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Text to the types of the schema; values that do not fit become null and are reported."""
    dtypes = TABLES[table].dtypes
    bad: list[pl.DataFrame] = []
    typed = []
    for text in frame.get_columns():
        wanted = dtypes.get(text.name)
        if text.dtype != pl.String or wanted is None or wanted == pl.String:
            continue
        if wanted == pl.Date:
            values, rule = to_days(text), "bad_date"
        elif wanted == pl.Int64:
            values, rule = _to_numbers(text), "bad_number"
        else:
            values, rule = text.str.to_lowercase().replace_strict(_FLAGS, default=None), "bad_flag"
        typed.append(values)
        if values.null_count() != text.null_count():
            wrong = text.is_not_null() & values.is_null()
            detail = pl.format("{}.{} is '{}'", pl.lit(table), pl.lit(text.name), text.name)
            bad.append(
                frame.filter(wrong).select("record", pl.lit(rule).alias("rule"), detail.alias("detail"))
            )
    return frame.with_columns(typed), bad


def _to_numbers(text: pl.Series) -> pl.Series:
    """Digits to numbers; null where there are other signs, or more than 18 digits."""
    numbers = text.cast(pl.Int64, strict=False)
    odd = (numbers < 0) | (text.str.len_bytes() > _MOST_DIGITS) | text.str.starts_with("+")
    return numbers.set(odd.fill_null(False), None)


def _organisations(organisations: pl.DataFrame, roles: pl.DataFrame) -> pl.DataFrame:
    """Adds the primary role, closes holes between address lines, and lets the primary role's status
    stand in for a missing one."""
    primary = (
        roles.filter(pl.col("is_primary"))
        .group_by("record")
        .agg(pl.col("role_id").min().alias("primary_role_id"), pl.col("status").min().alias("role_status"))
    )
    one, two, three = (pl.col(c) for c in _ADDRESS)
    return (
        organisations.join(primary, on="record", how="left")
        .with_columns(
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
        )
        .drop("role_status")
        .sort("record")
    )


def _numbered(contacts: pl.DataFrame) -> pl.DataFrame:
    """Numbers the contacts of a type in order of their value, so that the order of elements is nothing."""
    ordered = contacts.sort("record", "contact_type", "contact_value")
    return ordered.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record", "contact_type").alias("ordinal")
    )
