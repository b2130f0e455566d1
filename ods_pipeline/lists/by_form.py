"""The column of a table that holds the codes, by the form of its cells alone.

Lives here: which of several columns with the form of codes are rivals. Does not live here: the choice by the
names of columns (``columns.py``), and the form of one code (``codes.py``).
"""

import re

import polars as pl

from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import ENOUGH, codes_of, share_of_codes

# A column with fewer codes than this share of those in another one is no rival of it.
_STRAY = 0.1
# Words of three letters that repeat this often are those of a kind or an area: GMS, PMS, NEL.
_REPEATED = 2
_CODE = re.compile(r"[A-Z]{3}|(?=.*[0-9])[A-Z0-9]{3,12}")


def column_by_form(cells: Cells) -> int | None:
    """Return the index of the column whose cells have the form of codes, or None if it is not clear.

    A single column is taken as it is. Of columns with the same codes the first is taken.
    """
    if len(cells.columns) == 1:
        return 0
    shares = [share_of_codes(column) for column in cells.columns]
    counts = [share * _filled(column) for share, column in zip(shares, cells.columns, strict=True)]
    shares = [share if n >= _STRAY * max(counts) else 0.0 for share, n in zip(shares, counts, strict=True)]
    likely = [n for n, share in enumerate(shares) if share >= ENOUGH]
    if len(likely) > 1:
        likely = [n for n in likely if not _are_repeated_words(cells.columns[n])] or likely
    best = [n for n in likely if shares[n] == max(shares[each] for each in likely)]
    codes = [_codes(cells.columns[n]) for n in best]
    return best[0] if best and all(each == codes[0] for each in codes) else None


def _filled(column: list[str | None]) -> int:
    return sum(1 for cell in column if cell and cell.strip())


def _codes(column: list[str | None]) -> list[str | None]:
    """Return the code of each cell, null where it has not the form of one, as in a header."""
    codes = codes_of(pl.Series(column, dtype=pl.String))["code"]
    return [code if _CODE.fullmatch(code or "") else None for code in codes]


def _are_repeated_words(column: list[str | None]) -> bool:
    """Return whether the codes of a column are words of three letters alone, each there twice on average."""
    codes = [code for code in _codes(column) if code]
    return all(map(str.isalpha, codes)) and len(codes) >= _REPEATED * len({*codes})
