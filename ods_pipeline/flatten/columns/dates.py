"""The days of records and their components: the rows of Date elements to legal_start … operational_end.

Rows of the parser are in document order, so a Date finds its record or component by position, without a join.

Lives here: which Date belongs to which record or component, and the Dates that cannot be used. Does not live
here: the other columns of a record (``rows.py``), which text is a day (``values.py``).
"""

import numpy as np
import polars as pl
import pyarrow as pa

from ods_pipeline.flatten.rules import problems_of
from ods_pipeline.flatten.values import as_series, to_days

DAYS = ("legal_start", "legal_end", "operational_start", "operational_end")
ORGANISATION = "<organisation>"
_NO_DAY = np.iinfo(np.int32).min
_NO_TYPE = -1
_TYPES = ("Legal", "Operational")


def with_days(
    parents: pa.RecordBatch, dates: pa.RecordBatch, table: str, component: str | None = None
) -> tuple[list[pl.Series], list[pl.DataFrame]]:
    """Return the four days of each of ``parents``, and the problems found on the way.

    Args:
        parents: One row per record or component, in document order.
        dates: One row per child of a Date: index columns, ``date_type``, ``start``, ``end``.
        table: The name of the parents' table, for problems.
        component: The index column that numbers the components of a record; None if the parents are records.

    Returns:
        The columns named in ``DAYS`` (dates inclusive), and frames of problems: ``record, rule, detail``.
    """
    parent, record = _parents_of(parents, dates, component), dates[ORGANISATION].to_numpy()
    is_first = dates["<date>"].to_numpy() == 0
    date_number = np.cumsum(is_first) - 1  # of the Date that each row belongs to
    firsts = np.flatnonzero(is_first)
    problems: list[pl.DataFrame] = []

    def children(name: str) -> tuple[np.ndarray, pl.Series]:
        """Return the rows with the child ``name``, and its texts; report Dates that have it twice."""
        texts = as_series(dates[name])
        rows = np.flatnonzero(texts.is_not_null().to_numpy())
        problems.extend(_repeated(date_number[rows], record[rows], f"{name} of a Date", table))
        return rows, texts.drop_nulls()

    days = {}
    for edge in ("start", "end"):
        rows, texts = children(edge)
        numbers = _day_numbers(texts)
        if (numbers == _NO_DAY).any():
            problems += _bad_days(_numbered(dates, date_number)[rows], edge, numbers, table)
        days[edge] = np.full(len(firsts), _NO_DAY, np.int32)
        days[edge][date_number[rows]] = numbers
    rows, types = children("date_type")
    kinds = np.full(len(firsts), _NO_TYPE, np.int8)
    for kind, date_type in enumerate(_TYPES):
        kinds[date_number[rows[(types == date_type).to_numpy()]]] = kind
    if (kinds == _NO_TYPE).any():
        problems += _untyped(_numbered(dates, date_number), table)
    columns = []
    for kind, date_type in enumerate(_TYPES):
        of_kind = np.flatnonzero(kinds == kind)
        owner, name = parent[firsts[of_kind]], date_type.lower()
        problems += _repeated(owner, record[firsts[of_kind]], f"{name}_start", table)
        for edge, of_dates in days.items():
            of_parents = np.full(parents.num_rows, _NO_DAY, np.int32)
            of_parents[owner] = of_dates[of_kind]
            series = pl.Series(f"{name}_{edge}", of_parents)
            columns.append(series.set(series == _NO_DAY, None).cast(pl.Date))
    return columns, problems


def _parents_of(parents: pa.RecordBatch, dates: pa.RecordBatch, component: str | None) -> np.ndarray:
    """Return the position in ``parents`` of what each row of ``dates`` belongs to."""
    record = dates[ORGANISATION].to_numpy().astype(np.int64)
    if component is None or parents.num_rows == 0:
        return record
    record_of_parent = parents[ORGANISATION].to_numpy()
    first = np.searchsorted(record_of_parent, np.arange(record_of_parent[-1] + 1))
    return first[record] + dates[component].to_numpy()


def _day_numbers(text: pl.Series) -> np.ndarray:
    """Convert ISO days to days since 1970-01-01 (int32); ``_NO_DAY`` for any other text."""
    days = to_days(text)
    if days.null_count():
        days = to_days(text.str.strip_chars())
    return days.to_physical().fill_null(_NO_DAY).to_numpy()


def _numbered(dates: pa.RecordBatch, date_number: np.ndarray) -> pl.DataFrame:
    frame = pl.DataFrame(dates).rename({ORGANISATION: "record"})
    return frame.with_columns(pl.Series("date_number", date_number)).with_columns(
        pl.col("date_type").max().over("date_number").alias("own_type")
    )


def _repeated(keys: np.ndarray, record: np.ndarray, what: str, table: str) -> list[pl.DataFrame]:
    """Report records in which a key repeats; equal keys are neighbours."""
    repeats = np.flatnonzero(keys[1:] == keys[:-1]) + 1
    if len(repeats) == 0:
        return []
    counted = pl.DataFrame({"record": record[repeats], "key": keys[repeats]})
    # Sorted, and so in one chunk: pl.format panics now and then on the chunks that group_by leaves.
    counted = counted.group_by("record", "key").len("more").sort("record", "key")
    detail = pl.format("{} occurs {} times in one of {}", pl.lit(what), pl.col("more") + 1, pl.lit(table))
    return [problems_of(counted, "repeated_element", detail)]


def _bad_days(rows: pl.DataFrame, edge: str, numbers: np.ndarray, table: str) -> list[pl.DataFrame]:
    """Report records with a text that is not a day. An empty value is the same as a missing one."""
    bad = rows.filter((pl.col(edge).str.strip_chars() != "") & pl.Series(numbers == _NO_DAY))
    kind = pl.col("own_type").str.to_lowercase().fill_null("untyped")
    return [
        problems_of(bad, "bad_date", pl.format("{}.{}_{} is '{}'", pl.lit(table), kind, pl.lit(edge), edge))
    ]


def _untyped(rows: pl.DataFrame, table: str) -> list[pl.DataFrame]:
    """Report records with a Date whose type is missing or unknown. A Date without values does not count."""
    has_text = pl.any_horizontal(pl.col("date_type", "start", "end").str.strip_chars() != "")
    of_date = rows.filter(has_text.any().over("date_number"), pl.col("<date>") == 0)
    untyped = of_date.filter(~pl.col("own_type").is_in(_TYPES).fill_null(False))
    detail = pl.format("{} has a date of type '{}'", pl.lit(table), pl.col("own_type").fill_null("none"))
    return [problems_of(untyped, "unknown_date_type", detail)]
