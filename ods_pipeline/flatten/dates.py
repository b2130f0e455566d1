"""Dates of records and their parts: rows of a Date's children to legal_start … operational_end.

Lives here: which Date belongs to which record or part, and dates that cannot be told apart. All by position,
on whole columns. Does not live here: what else a record says (``rows.py``).
"""

import numpy as np
import polars as pl

from ods_pipeline.flatten.rules import PROBLEM_SCHEMA

DAYS = ("legal_start", "legal_end", "operational_start", "operational_end")
ORGANISATION = "<organisation>"
_TYPES = {"Legal": "legal", "Operational": "operational"}
# Year 0 has no day that Python, DuckDB and Polars all know; ODS would mean "unknown" by it.
TEXT_DATE = r"^(?:[1-9]\d{3}|0[1-9]\d{2}|00[1-9]\d|000[1-9])-\d{2}-\d{2}$"
_DATE_LENGTH = 10


def to_days(text: pl.Series) -> pl.Series:
    """ISO days to dates; null where the text is none (year 0 included)."""
    days = text.str.to_date("%Y-%m-%d", strict=False, exact=True)
    # Rare forms (blanks around it, a sign, one digit for a month) are looked at only if any is there.
    odd = (
        (text.str.len_bytes() != _DATE_LENGTH)
        | (days.is_null() & text.is_not_null())
        | (days.dt.year() < 1000)
    )
    if not odd.any():
        return days
    trimmed = text.str.strip_chars()
    shaped = trimmed.set(~trimmed.str.contains(TEXT_DATE).fill_null(False), None)
    return shaped.str.to_date("%Y-%m-%d", strict=False)


def with_days(
    parents: pl.DataFrame, dates: pl.DataFrame, table: str, part: str | None = None
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Adds the four days to ``parents``, one row an element in document order, from the rows of its Dates.

    ``dates``: one row a child of a Date: index columns, ``date_type``, ``start``, ``end``. ``part`` is the
    index column that numbers the elements of a record; without it the record itself is the parent. Returns
    the frame and the problems: ``record, rule, detail``.
    """
    owner = _owners(parents, dates, part)
    number = np.cumsum((dates["<date>"] == 0).to_numpy()) - 1
    record = dates[ORGANISATION].to_numpy()
    values = {"start": to_days(dates["start"]), "end": to_days(dates["end"])}
    problems = [_bad_days(dates, values, number, table)]
    place = {}
    for column in ("date_type", "start", "end"):
        there = np.flatnonzero(dates[column].is_not_null().to_numpy())
        problems.append(_repeated(number[there], record[there], f"{column} of a Date", table))
        place[column] = np.full(len(number) and number[-1] + 1, len(dates))
        place[column][number[there]] = there
    problems.append(_untyped(dates, number, place["date_type"], table))
    columns = []
    for written, name in _TYPES.items():
        rows = np.flatnonzero((dates["date_type"] == written).fill_null(False).to_numpy())
        problems.append(_repeated(owner[rows], record[rows], f"{name}_start", table))
        for which, days in values.items():
            found = np.full(parents.height, len(dates))
            found[owner[rows]] = place[which][number[rows]]
            columns.append(_gathered(days, found).alias(f"{name}_{which}"))
    return parents.with_columns(columns), problems


def _owners(parents: pl.DataFrame, dates: pl.DataFrame, part: str | None) -> np.ndarray:
    """The place in ``parents`` of what each row of ``dates`` belongs to."""
    record = dates[ORGANISATION].to_numpy().astype(np.int64)
    if part is None:
        return record
    if parents.is_empty():
        return record[:0]
    of_parent = parents[ORGANISATION].to_numpy()
    first = np.searchsorted(of_parent, np.arange(of_parent[-1] + 1))
    return first[record] + dates[part].to_numpy()


def _gathered(days: pl.Series, places: np.ndarray) -> pl.Series:
    """The days at these places; one past the last gives null."""
    return days.extend_constant(None, 1).gather(places)


def _repeated(keys: np.ndarray, record: np.ndarray, what: str, table: str) -> pl.DataFrame:
    """Names records in which a key stands twice; equal keys are neighbours."""
    again = np.flatnonzero(keys[1:] == keys[:-1]) + 1
    if not len(again):
        return pl.DataFrame(schema=PROBLEM_SCHEMA)
    return (
        pl.DataFrame({"record": record[again], "key": keys[again]})
        .group_by("record", "key")
        .len("more")
        .select(
            pl.col("record").cast(pl.UInt32),
            pl.lit("repeated_element").alias("rule"),
            pl.format(
                "{} stands {} times in one of {}", pl.lit(what), pl.col("more") + 1, pl.lit(table)
            ).alias("detail"),
        )
    )


def _bad_days(
    dates: pl.DataFrame, values: dict[str, pl.Series], number: np.ndarray, table: str
) -> pl.DataFrame:
    """Names records with a day that is none."""
    bad = {which: dates[which].is_not_null() & days.is_null() for which, days in values.items()}
    # An empty value says nothing, like one that is not there.
    bad = {
        which: wrong & (dates[which].str.strip_chars() != "") for which, wrong in bad.items() if wrong.any()
    }
    if not bad:
        return pl.DataFrame(schema=PROBLEM_SCHEMA)
    typed = dates.with_columns(pl.Series("number", number)).with_columns(
        pl.col("date_type").max().over("number").str.to_lowercase().fill_null("untyped").alias("kind")
    )
    return pl.concat(
        typed.filter(wrong).select(
            pl.col(ORGANISATION).alias("record"),
            pl.lit("bad_date").alias("rule"),
            pl.format("{}.{}_{} is '{}'", pl.lit(table), "kind", pl.lit(which), which).alias("detail"),
        )
        for which, wrong in bad.items()
    )


def _untyped(dates: pl.DataFrame, number: np.ndarray, place: np.ndarray, table: str) -> pl.DataFrame:
    """Names records with a Date whose type is missing or unknown."""
    known = dates["date_type"].is_in(list(_TYPES)) | dates["date_type"].is_null()
    if known.all() and (place < len(dates)).all():
        return pl.DataFrame(schema=PROBLEM_SCHEMA)
    return (
        dates.with_columns(pl.Series("number", number))
        .group_by("number")
        .agg(pl.col(ORGANISATION).first(), pl.col("date_type").max())
        # In order, and so in one chunk: pl.format panics now and then on the chunks that group_by leaves.
        .sort("number")
        .filter(~pl.col("date_type").is_in(list(_TYPES)).fill_null(False))
        .select(
            pl.col(ORGANISATION).alias("record"),
            pl.lit("unknown_date_type").alias("rule"),
            pl.format(
                "{} has a date of type '{}'", pl.lit(table), pl.col("date_type").fill_null("none")
            ).alias("detail"),
        )
    )
