"""Lists of several parts, each with its columns in another order: which column is read from which row on.

Lives here: the header rows within a list. Does not live here: the column of the first part (``columns.py``).
"""

from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import ENOUGH, share_of_codes
from ods_pipeline.lists.columns import NEARLY_ALL, is_exact_name, is_header

# This many rows of a part show which column holds its codes.
_SAMPLED = 1000
# Every exact name of a column of codes has one of these words.
_IN_NAMES = "(?i)code|ods"


@dataclass(frozen=True)
class Part:
    """Rows from ``start`` on, whose codes are in the column ``index``; ``header`` is their row of names."""

    start: int
    index: int
    header: int | None


def parts_of(cells: Cells, index: int, header: int | None, wanted: str | None) -> list[Part]:
    """Return the parts of a list, in order; a list is one part if its columns stay where they are.

    Args:
        cells: The list.
        index: The column that was chosen for the first header row.
        header: That row; None if there is none, or if codes are above it.
        wanted: The column that was requested by name or number, or None. One requested by number stays.
    """
    first = Part(0 if header is None else header + 1, index, header)
    if cells.names is not None or len(cells.columns) < 2 or (wanted or "").strip().isdecimal():
        return [first]
    parts = [*_part_above(cells, index, header, wanted), first]
    name = "" if header is None else _letters(pl.Series([cells.row(header)[index]])).item()
    rows = [row for row in _rows_with_names(cells, name) if row >= first.start]
    for row, end in pairwise([*rows, len(cells.lines)]):
        before = parts[-1].index
        index = _index_in(cells, row, end, name, before, is_wanted=wanted is not None)
        if index != before:
            parts.append(Part(row + 1, index, row))
    return parts


def _part_above(cells: Cells, index: int, header: int | None, wanted: str | None) -> list[Part]:
    """Return the part above the first header row: two rows or more, with codes in another column only."""
    rows = [] if wanted else [n for n in range(header or 0) if sum(map(bool, cells.row(n))) > 1]
    shares = [share_of_codes([column[n] for n in rows]) for column in cells.columns]
    best = max(shares)
    if len(rows) < 2 or best < NEARLY_ALL or shares.count(best) > 1 or shares[index] >= ENOUGH:
        return []
    return [Part(rows[0], shares.index(best), None)]


def _rows_with_names(cells: Cells, name: str) -> list[int]:
    """Return the rows that have this name, or another one of a column of codes."""
    rows: set[int] = set()
    for column in cells.columns:
        texts = pl.Series(column, dtype=pl.String)
        words = texts.drop_nulls().unique()
        exact = [word for word in words.filter(words.str.contains(_IN_NAMES)) if is_exact_name(word)]
        is_name = texts.is_in(exact) | ((_letters(texts) == name) & (name != ""))
        rows.update(is_name.fill_null(False).arg_true())
    return sorted(rows)


def _letters(names: pl.Series) -> pl.Series:
    return names.str.to_lowercase().str.replace_all("[^a-z0-9]", "")


def _index_in(cells: Cells, row: int, end: int, name: str, before: int, *, is_wanted: bool) -> int:
    """Return the column of codes below a row of names: that of the first part's name, else of an exact one.

    It is the one read ``before`` if the row is none of names, or no such column has codes.
    """
    names = cells.row(row)
    filled = [cell for cell in names if cell]
    if not is_header(names[before]) or 2 * sum(map(is_header, filled)) <= len(filled):
        return before
    letters = _letters(pl.Series(names, dtype=pl.String)).to_list()
    same = [n for n, cell in enumerate(letters) if cell == name != ""]
    exact = [] if is_wanted else [n for n, cell in enumerate(names) if is_exact_name(cell)]
    if before in (same or exact):
        return before
    ends = min(end, row + 1 + _SAMPLED)
    return next(
        (n for n in same or exact if share_of_codes(cells.columns[n][row + 1 : ends]) >= ENOUGH), before
    )
