"""Parsed XML rows to typed frames: one row an organisation, role, relationship, succession, contact.

Lives here: the folding of child rows into their record, the types, and the one normalisation of a fact
(address lines move up to close holes). Records that break a rule are named in ``problems``.
Does not live here: which record wins (``merge.py``), the reading of files (``release.py``, ``record.py``).

Every frame has ``record``, the position of the record in its segment from 0. Values of elements that
should stand once are folded with ``max``, which does not depend on the order of the elements; a
record in which they stand twice is reported, not guessed at.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import polars as pl
import pyarrow as pa
from xml2arrow import XmlToArrowParser

from ods_pipeline.flatten.rules import PROBLEM_SCHEMA, broken_rules
from ods_pipeline.schema import TABLES

DATES = ("legal_start", "legal_end", "operational_start", "operational_end")
_INDEX = {
    "organisations": ["<organisation>"],
    "roles": ["<organisation>", "<part>", "<role>"],
    "relationships": ["<organisation>", "<part>", "<rel>"],
    "successions": ["<organisation>", "<part>", "<succ>"],
    "contacts": ["<organisation>", "<part>", "<contact>"],
}
_ADDRESS = ("address_line_1", "address_line_2", "address_line_3")
# Year 0 has no day that Python, DuckDB and Polars all know; ODS would mean "unknown" by it.
TEXT_DATE = r"^(?:[1-9]\d{3}|0[1-9]\d{2}|00[1-9]\d|000[1-9])-\d{2}-\d{2}$"


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


def to_rows(parsed: dict[str, pa.RecordBatch]) -> Rows:
    """Folds what ``record_parser`` read into typed frames (columns: those stored in flat/, and record)."""
    problems: list[pl.DataFrame] = []
    frames = {}
    for name, index in _INDEX.items():
        raw = pl.from_arrow(parsed[name])
        assert isinstance(raw, pl.DataFrame)
        once = _once(raw, index)
        problems.append(_repeated(raw, once, index, name))
        texts = once.with_columns(pl.col(pl.String).str.strip_chars().replace("", None))
        frames[name], bad = _typed(texts, name)
        problems.extend(bad)
    frames["roles"] = frames["roles"].with_columns(pl.col("is_primary").fill_null(False))
    organisations = frames["organisations"]
    frames["organisations"] = _organisations(organisations, frames["roles"])
    frames["contacts"] = _numbered(frames["contacts"])
    problems.extend(broken_rules(frames))
    found = pl.concat([p for p in problems if p.height] or [pl.DataFrame(schema=PROBLEM_SCHEMA)])
    frames["organisations"] = frames["organisations"].drop("code_root")
    for name in ("relationships", "successions"):
        frames[name] = frames[name].drop("target_code_root", "target_assigning_authority")
    return Rows(frames, found.unique().sort("record", "rule", "detail"))


def _once(raw: pl.DataFrame, index: list[str]) -> pl.DataFrame:
    """Folds the child rows of one element into one row."""
    raw = _split_dates(raw)
    values = [c for c in raw.columns if not c.startswith("<")]
    folded = raw.lazy().group_by(index).agg(pl.col(values).max()).sort(index).collect()
    return folded.with_columns(folded["<organisation>"].alias("record")).drop(
        [c for c in raw.columns if c.startswith("<") and c in folded.columns]
    )


def _split_dates(raw: pl.DataFrame) -> pl.DataFrame:
    """Type, Start, End of a Date row to legal_start … operational_end."""
    if "date_type" not in raw.columns:
        return raw
    legal, operational = pl.col("date_type") == "Legal", pl.col("date_type") == "Operational"
    known = (legal | operational).fill_null(False)
    said = pl.any_horizontal(pl.col("date_type", "start", "end").is_not_null())
    return raw.with_columns(
        pl.when(legal).then("start").alias("legal_start"),
        pl.when(legal).then("end").alias("legal_end"),
        pl.when(operational).then("start").alias("operational_start"),
        pl.when(operational).then("end").alias("operational_end"),
        pl.when(said & ~known).then(pl.coalesce("date_type", pl.lit("none"))).alias("other_date_type"),
    ).drop("date_type", "start", "end")


def _repeated(raw: pl.DataFrame, once: pl.DataFrame, index: list[str], table: str) -> pl.DataFrame:
    """Names records in which an element that should stand once stands twice. The count of values
    before and after folding tells whether a closer look is needed at all."""
    split = _split_dates(raw)
    values = [c for c in split.columns if not c.startswith("<")]
    suspects = [
        c for c in values if split[c].null_count() - once[c].null_count() != split.height - once.height
    ]
    if not suspects:
        return pl.DataFrame(schema=PROBLEM_SCHEMA)
    return (
        split.group_by(index)
        .agg(pl.col(suspects).count())
        .unpivot(on=suspects, index="<organisation>")
        .filter(pl.col("value") > 1)
        .select(
            pl.col("<organisation>").alias("record"),
            pl.lit("repeated_element").alias("rule"),
            pl.format("{} stands {} times in one of {}", "variable", "value", pl.lit(table)).alias("detail"),
        )
    )


def _typed(frame: pl.DataFrame, table: str) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Text to the types of the schema; values that do not fit become null and are reported."""
    dtypes = TABLES[table].dtypes
    casts: list[pl.Expr] = []
    bad: list[pl.DataFrame] = []
    for name in frame.columns:
        dtype = dtypes.get(name)
        if dtype == pl.Date:
            shaped = pl.when(pl.col(name).str.contains(TEXT_DATE)).then(pl.col(name))
            cast, rule = shaped.str.to_date("%Y-%m-%d", strict=False), "bad_date"
        elif dtype == pl.Int64 and frame.schema[name] == pl.String:
            shaped = pl.when(pl.col(name).str.contains(r"^\d{1,18}$")).then(pl.col(name))
            cast, rule = shaped.cast(pl.Int64, strict=False), "bad_number"
        elif dtype == pl.Boolean:
            cast, rule = (
                pl.col(name).str.to_lowercase().replace_strict({"true": True, "false": False}, default=None),
                "bad_flag",
            )
        else:
            continue
        casts.append(cast.alias(name))
        wrong = frame.select("record", pl.col(name).alias("text"), cast.alias("cast")).filter(
            pl.col("text").is_not_null() & pl.col("cast").is_null()
        )
        bad.append(
            wrong.select(
                "record",
                pl.lit(rule).alias("rule"),
                pl.format("{}.{} is '{}'", pl.lit(table), pl.lit(name), "text").alias("detail"),
            )
        )
    if "other_date_type" in frame.columns:
        bad.append(
            frame.filter(pl.col("other_date_type").is_not_null()).select(
                "record",
                pl.lit("unknown_date_type").alias("rule"),
                pl.format("{} has a date of type '{}'", pl.lit(table), "other_date_type").alias("detail"),
            )
        )
    return frame.with_columns(casts).drop("other_date_type", strict=False), bad


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
