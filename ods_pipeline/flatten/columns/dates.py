"""Dates of records and their parts: rows of a Date's children to legal_start … operational_end.

Lives here: which Date belongs to which record or part, and dates that cannot be told apart. All by position,
on whole columns. Does not live here: what else a record says (``rows.py``), what is a day (``texts.py``).
"""

import numpy as np
import polars as pl
import pyarrow as pa

from ods_pipeline.flatten.columns.texts import NO_DAY, as_days, day_numbers
from ods_pipeline.flatten.columns.words import WORD, Words, as_series, as_word, valid_of
from ods_pipeline.flatten.rules import PROBLEM_SCHEMA

DAYS = ("legal_start", "legal_end", "operational_start", "operational_end")
ORGANISATION = "<organisation>"
_TYPES = {"Legal": "legal", "Operational": "operational"}
_NO_TYPE = -1


def with_days(
    parents: pa.RecordBatch, dates: pa.RecordBatch, table: str, part: str | None = None
) -> tuple[list[pl.Series], list[pl.DataFrame]]:
    """The four days of each of ``parents``, one row an element in document order, from the rows of its Dates.

    ``dates``: one row a child of a Date: index columns, ``date_type``, ``start``, ``end``. ``part`` is the
    index column that numbers the elements of a record; without it the record itself is the parent. Returns
    the columns named in ``DAYS`` and the problems: ``record, rule, detail``.
    """
    owner = _owners(parents, dates, part)
    record = dates[ORGANISATION].to_numpy()
    begins = dates["<date>"].to_numpy() == 0
    number = np.cumsum(begins) - 1  # of the Date that each row is of
    count = int(number[-1]) + 1 if len(number) else 0
    of_date = np.flatnonzero(begins)
    problems: list[pl.DataFrame] = []
    days = {}
    for which in ("start", "end"):
        numbers, there = day_numbers(dates[which]), _there(dates[which])
        problems += _repeated(number[there], record[there], f"{which} of a Date", table)
        if (numbers[there] == NO_DAY).any():
            problems += _bad_days(dates, which, numbers, number, table)
        days[which] = np.full(count, NO_DAY, np.int32)
        days[which][number[there]] = numbers[there]
    kind = np.full(count, _NO_TYPE, np.int8)
    there = _there(dates["date_type"])
    problems += _repeated(number[there], record[there], "date_type of a Date", table)
    kind[number[there]] = _kinds(dates["date_type"])[there]
    if (kind == _NO_TYPE).any():
        problems += _untyped(dates, number, table)
    columns = []
    for place, name in enumerate(_TYPES.values()):
        found = np.flatnonzero(kind == place)
        first = of_date[found]
        problems += _repeated(owner[first], record[first], f"{name}_start", table)
        for which, of_each in days.items():
            of_parents = np.full(parents.num_rows, NO_DAY, np.int32)
            of_parents[owner[first]] = of_each[found]
            columns.append(as_days(of_parents).alias(f"{name}_{which}"))
    return columns, problems


def _there(column: pa.Array) -> np.ndarray:
    """The places of what is not null."""
    valid = valid_of(column)
    return np.arange(len(column)) if valid is None else np.flatnonzero(valid)


def _kinds(date_type: pa.Array) -> np.ndarray:
    """The place of each value among the types there are."""
    words = Words(date_type)
    kinds = np.full(len(words), _NO_TYPE, np.int8)
    for kind, written in enumerate(_TYPES):
        found = np.flatnonzero(words.lengths == len(written))
        for place in range(0, len(written), WORD):
            found = found[words.at(place // WORD, found) == as_word(written[place : place + WORD])]
        kinds[found] = kind
    return kinds


def _owners(parents: pa.RecordBatch, dates: pa.RecordBatch, part: str | None) -> np.ndarray:
    """The place in ``parents`` of what each row of ``dates`` belongs to."""
    record = dates[ORGANISATION].to_numpy().astype(np.int64)
    if part is None:
        return record
    if parents.num_rows == 0:
        return record[:0]
    of_parent = parents[ORGANISATION].to_numpy()
    first = np.searchsorted(of_parent, np.arange(of_parent[-1] + 1))
    return first[record] + dates[part].to_numpy()


def _repeated(keys: np.ndarray, record: np.ndarray, what: str, table: str) -> list[pl.DataFrame]:
    """Names records in which a key stands twice; equal keys are neighbours."""
    again = np.flatnonzero(keys[1:] == keys[:-1]) + 1
    if not len(again):
        return []
    counted = (
        pl.DataFrame({"record": record[again], "key": keys[again]}).group_by("record", "key").len("more")
    )
    detail = pl.format("{} stands {} times in one of {}", pl.lit(what), pl.col("more") + 1, pl.lit(table))
    return [
        counted.select(
            pl.col("record").cast(pl.UInt32), pl.lit("repeated_element").alias("rule"), detail.alias("detail")
        )
    ]


def _bad_days(
    dates: pa.RecordBatch, which: str, numbers: np.ndarray, number: np.ndarray, table: str
) -> list[pl.DataFrame]:
    """Names records with a day that is none. An empty value says nothing, like one that is not there."""
    text = as_series(dates[which])
    wrong = text.is_not_null() & (text.str.strip_chars() != "") & pl.Series(numbers == NO_DAY)
    if not wrong.any():
        return []
    of_date = pl.col("date_type").max().over("number").str.to_lowercase().fill_null("untyped")
    typed = _numbered(dates, number).with_columns(of_date.alias("kind"))
    detail = pl.format("{}.{}_{} is '{}'", pl.lit(table), "kind", pl.lit(which), which)
    return [_problem(typed.filter(wrong), "bad_date", detail)]


def _untyped(dates: pa.RecordBatch, number: np.ndarray, table: str) -> list[pl.DataFrame]:
    """Names records with a Date whose type is missing or unknown."""
    types = (
        _numbered(dates, number)
        .group_by("number")
        .agg(pl.col(ORGANISATION).first(), pl.col("date_type").max())
        # In order, and so in one chunk: pl.format panics now and then on the chunks that group_by leaves.
        .sort("number")
        .filter(~pl.col("date_type").is_in(list(_TYPES)).fill_null(False))
    )
    detail = pl.format("{} has a date of type '{}'", pl.lit(table), pl.col("date_type").fill_null("none"))
    return [_problem(types, "unknown_date_type", detail)]


def _numbered(dates: pa.RecordBatch, number: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(dates).with_columns(pl.Series("number", number))


def _problem(rows: pl.DataFrame, rule: str, detail: pl.Expr) -> pl.DataFrame:
    found = rows.select(
        pl.col(ORGANISATION).alias("record"), pl.lit(rule).alias("rule"), detail.alias("detail")
    )
    return found.cast(pl.Schema(PROBLEM_SCHEMA))
