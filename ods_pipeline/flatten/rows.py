"""Parsed XML rows to typed frames: one row an organisation, role, relationship, succession, contact.

Lives here: the types, and the one normalisation of a fact (address lines move up to close holes). Records
that break a rule are named in ``problems``. Does not live here: how text becomes a value (``texts.py``,
``dates.py``), which record wins (``merge.py``), the reading of files (``release.py``, ``record.py``).

Every frame has ``record``, the position of the record in its document from 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pyarrow as pa
import yaml
from xml2arrow import XmlToArrowParser

from ods_pipeline.flatten.columns.dates import ORGANISATION, with_days
from ods_pipeline.flatten.columns.texts import (
    quick_days,
    quick_flags,
    quick_numbers,
    to_days,
    to_flags,
    to_numbers,
    to_text,
)
from ods_pipeline.flatten.columns.words import as_series
from ods_pipeline.flatten.rules import PROBLEM_SCHEMA, broken_rules
from ods_pipeline.schema import TABLES

# The table of dates of each table, and the index column that numbers its rows within a record.
_DATES = {
    "organisations": ("organisation_dates", None),
    "roles": ("role_dates", "<role>"),
    "relationships": ("relationship_dates", "<rel>"),
    "successions": ("succession_dates", "<succ>"),
}
# What is read only so that all is accounted for (``proof.py``).
_PROOF_ALONE = ("target_assigning_authority",)
_ADDRESS = ("address_line_1", "address_line_2", "address_line_3")
# How text becomes a value of a type, quickly and carefully, and the rule that text of another form breaks.
_Quick = Callable[[pa.Array], pl.Series | None]
_Careful = Callable[[pl.Series], pl.Series]
_CONVERTED: dict[type[pl.DataType], tuple[_Quick, _Careful, str]] = {
    pl.Date: (quick_days, to_days, "bad_date"),
    pl.Int64: (quick_numbers, to_numbers, "bad_number"),
    pl.Boolean: (quick_flags, to_flags, "bad_flag"),
}

# What the parser makes of a document, by table.
Parsed = dict[str, pa.RecordBatch]


@dataclass
class Rows:
    """The typed frames of a document, and what is wrong in it.

    ``frames``: ``organisations`` and the components, each with ``record``.
    ``problems``: ``record, rule, detail``, every broken rule of every record.
    """

    frames: dict[str, pl.DataFrame]
    problems: pl.DataFrame


@cache
def record_parser(strict: bool = False) -> XmlToArrowParser:
    """The parser of records, compiled once; threads may share it. ``strict`` refuses an attribute that stands
    twice and reads names that have a prefix, too: for what ``proof.py`` does not prove without."""
    source = resources.files("ods_pipeline.flatten.xml") / "record_map.yaml"
    if not strict:
        with resources.as_file(source) as path:
            return XmlToArrowParser(path)
    tree = yaml.safe_load(source.read_text(encoding="utf-8"))
    tree["parser_options"] |= {"validate_attributes": True, "strip_namespaces": True}
    with TemporaryDirectory() as folder:  # it takes its map from a file and from nowhere else
        path = Path(folder) / "record_map.yaml"
        path.write_text(yaml.safe_dump(tree), encoding="utf-8")
        return XmlToArrowParser(path)


def to_rows(parsed: Parsed) -> Rows:
    """What the parser read to typed frames (columns: those stored in flat/, and record)."""
    problems: list[pl.DataFrame] = []
    frames = {}
    for name in ("organisations", "roles", "relationships", "successions", "contacts"):
        columns, bad = _typed(parsed[name], name)
        problems += bad
        if name in _DATES:
            dates, part = _DATES[name]
            days, bad = with_days(parsed[name], parsed[dates], name, part)
            columns += days
            problems += bad
        frames[name] = pl.DataFrame(columns)
    frames["roles"] = frames["roles"].with_columns(pl.col("is_primary").fill_null(False))
    frames["organisations"] = _organisations(frames["organisations"], frames["roles"])
    frames["contacts"] = _numbered(frames["contacts"])
    problems += broken_rules(frames)
    problems = [p for p in problems if p.height]
    frames["organisations"] = frames["organisations"].drop("code_root", "primaries")
    for name in ("relationships", "successions"):
        frames[name].drop_in_place("target_code_root")
    if not problems:
        return Rows(frames, pl.DataFrame(schema=PROBLEM_SCHEMA))
    return Rows(frames, pl.concat(problems).unique().sort("record", "rule", "detail"))


def _typed(batch: pa.RecordBatch, table: str) -> tuple[list[pl.Series], list[pl.DataFrame]]:
    """``record``, and text in the types of the schema; what does not fit becomes null and is reported."""
    dtypes = TABLES[table].dtypes
    record = as_series(batch[ORGANISATION]).alias("record")
    columns, bad = [record], []
    for name in batch.schema.names:
        if name.startswith("<") or name in _PROOF_ALONE:
            continue
        text, wanted = batch[name], dtypes.get(name, pl.String)
        if wanted == pl.String:
            columns.append(to_text(text).alias(name))
            continue
        quickly, carefully, rule = _CONVERTED[wanted.base_type()]
        values = quickly(text)
        if values is None:
            trimmed = to_text(text)
            values = carefully(trimmed)
            wrong = trimmed.is_not_null() & values.is_null()
            detail = pl.format("{}.{} is '{}'", pl.lit(table), pl.lit(name), "text")
            told = pl.DataFrame({"record": record, "text": trimmed}).filter(wrong)
            bad.append(told.select("record", pl.lit(rule).alias("rule"), detail.alias("detail")))
        columns.append(values.alias(name))
    return columns, bad


def _organisations(organisations: pl.DataFrame, roles: pl.DataFrame) -> pl.DataFrame:
    """Adds the primary role and how many roles are primary (``primaries``), closes holes between address
    lines, and lets the primary role's status stand in for a missing one."""
    is_primary = roles["is_primary"]
    record, role_id, status = (roles[name].filter(is_primary) for name in ("record", "role_id", "status"))
    if record.equals(organisations["record"]):  # as it should be: one a record
        one = pl.Series("primaries", np.ones(len(record), np.int64))
        organisations = organisations.hstack(
            [role_id.alias("primary_role_id"), status.alias("role_status"), one]
        )
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


def _numbered(contacts: pl.DataFrame) -> pl.DataFrame:
    """Numbers the contacts of a type in order of their value, so that the order of elements is nothing."""
    ordinal = np.ones(contacts.height, np.int64)
    record, near = contacts["record"].to_numpy(), np.zeros(contacts.height, np.bool_)
    again = record[1:] == record[:-1]  # contacts of a record are neighbours
    near[1:] |= again
    near[:-1] |= again
    several = (
        contacts.lazy()
        .with_row_index("row")
        .filter(pl.Series(near))
        .filter(pl.struct("record", "contact_type").is_duplicated())
        .sort("record", "contact_type", "contact_value")
        .with_columns(pl.int_range(1, pl.len() + 1).over("record", "contact_type").alias("ordinal"))
        .select("row", "ordinal")
        .collect()
    )
    ordinal[several["row"].to_numpy()] = several["ordinal"].to_numpy()
    return contacts.hstack([pl.Series("ordinal", ordinal)])
