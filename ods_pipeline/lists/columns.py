"""Which column of a file holds the codes, and whether its first line is a header.

Lives here: the choice by the names of columns, else by the form of their cells (``codes.py``). Does not live
here: the choice by form alone (``by_form.py``), and the codes of the column (``code_list.py``).
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.by_form import column_by_form
from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import CODE_AND_WORDS, ENOUGH, share_of_codes, without_days

_ORGANISATION = (
    r"(org(n|anis|aniz)?(ation)?|gp practice|pract?(ice)?|surgery|prov(ider)?|trust|site|gp|pcn|nacs"
    r"|pharm(acy)?)"
)
# What people call a code for short: Prac Cd.
_SHORT_FOR_CODE = re.compile(r"\bcde?(s?)\b")
# Names of a column of codes, the most specific first.
_EXACT = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(the )?ods( ?codes?)?$",
        rf"^{_ORGANISATION} ?(ods )?codes?$",
        r"^codes?$",
    )
)
_CODE_ALONE = _EXACT[-1]
# The word Practice is above names as often as above codes, and so is ODS, as in ODS ID and ODS name.
_KIND_ALONE = re.compile(rf"^{_ORGANISATION}s?$|\bods\b")
# Those above an organisation stand next to it: a column of them is taken if no other is named.
_ABOVE_ALONE = re.compile(r"^((sub )?icb|ccg|commissioner)s?$")
_KIND = re.compile(rf"^({_ORGANISATION}s?|pharmacies)$")
# Names that a column of codes may have, if codes are below: titles and other columns have them, too.
_LOOSE = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bods\b.*\bcodes?\b|\bcodes?\b.*\bods\b",
        _KIND_ALONE.pattern,
        rf"^({_ORGANISATION} ?(ods )?(ids?|identifiers?|nos?|numbers?)|row labels)$",
        # Other codes that stand next to an organisation in a list.
        r"^(?!.*\b(post|zip|cost|area|country|account|budget|ledger|product|item|drug|bnf|snomed|special\w*|"
        r"treatment|procedure|diagnosis|currency|vat|tax|gss|ons|lsoa|msoa)).*\bcodes?\b",
        _ABOVE_ALONE.pattern,
    )
)
_NAMES = (*_EXACT, *_LOOSE)
# Names that are rather those of a whole list: ODS code list, Practice codes of July.
_TITLE = re.compile(r"\bcodes? \w|\bcodes$")
# The day of a list in its title: July 2026.
_MONTH = re.compile(r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]+\d")
# A code in the cell: five characters or more with letters and digits, or what follows a label and a colon.
_HAS_CODE = re.compile(
    r"\b(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{5,12}\b|(?i:\b(?:ods|code|id))\s*[:=]\s*[A-Z0-9]{3,12}$"
)
# This many cells show what a column holds.
_SAMPLED = 1000
# The header is among this many filled rows. Titles and notes may be above it.
_HEADER_WITHIN = 25
# Longer text is a sentence with the word code in it, not the name of a column.
_LONGEST_NAME = 40
# Every cell of a list is a code if at least this share is.
NEARLY_ALL = 0.9
# A sheet has codes if its best column has this share; notes have fewer.
_FEW = 0.25


def choose_column(path: Path, cells: Cells, wanted: str | None) -> tuple[int, int | None]:
    """Return the index of the column, and of the row that is its header (None if there is none).

    Titles may be above the header, so the first rows are all tried.
    """
    if cells.names is not None:
        index = _wanted(wanted, cells.names) if wanted is not None else None
        named = _by_name(cells, {-1: cells.names}) if wanted is None else None
        index = named.index if named else index
        return _by_number(path, cells, wanted) if index is None else index, None
    filled = _first_filled(cells)
    rows = {row: cells.row(row) for row in filled}
    if wanted is None and (named := _by_name(cells, rows)):
        header = _below_title(cells, named, filled)
        # Codes above it are those of an earlier part of the list, which had no header or another one.
        return named.index, None if _has_codes_above(cells, named.index, header, filled) else header
    if wanted is not None:
        for row, names in rows.items():
            if (index := None if _is_title(names) else _wanted(wanted, names)) is not None:
                return index, row
    index = _by_number(path, cells, wanted)
    return index, _header_by_form(cells.columns[index], filled)


def _has_codes_above(cells: Cells, index: int, header: int, filled: list[int]) -> bool:
    """Return whether a row above the header has nothing but a code in the column; titles do not count."""
    above = [row for row in filled if row < header and not _is_title(cells.row(row))]
    return any(share_of_codes([cells.columns[index][row]]) == 1.0 for row in above)


def _first_filled(cells: Cells) -> list[int]:
    return list(islice((n for n in range(len(cells.lines)) if any(cells.row(n))), _HEADER_WITHIN))


def _is_title(names: list[str]) -> bool:
    """Return whether one cell alone of several columns is filled."""
    return len(names) > 1 and sum(map(bool, names)) == 1


def _by_number(path: Path, cells: Cells, wanted: str | None) -> int:
    """Return the column with the requested number; without one, that whose cells have the form of codes."""
    if wanted is None:
        if (index := column_by_form(cells)) is None:
            raise OdsError("it is not clear which column holds the codes", where=path, do=_columns(cells))
        return index
    if wanted.strip().isdecimal() and 1 <= int(wanted) <= len(cells.columns):
        return int(wanted) - 1
    raise OdsError(f"there is no column {wanted!r}", where=path, do=_columns(cells))


def _plain(name: str) -> str:
    """Return a name as lower-case words: Practice_Code, PracticeCode and Practice Cd are practice code."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = " ".join(re.sub(r"[^a-z0-9]+", " ", words.casefold()).split())
    return _SHORT_FOR_CODE.sub(r"code\1", plain)


def _wanted(wanted: str, names: list[str]) -> int | None:
    """Return the index of the column with this name."""
    joined, *others = [_plain(name).replace(" ", "") for name in (wanted, *names)]
    return others.index(joined) if joined and joined in others else None


def _columns(cells: Cells) -> str:
    names = cells.names or max(map(cells.row, _first_filled(cells)), key=lambda row: sum(map(bool, row)))
    shown = ", ".join(f"{i} {name[:30]!r}" for i, name in enumerate(names[:20], 1))
    return f"Give --column with a name or number; the columns are: {shown}"


class _Named(NamedTuple):
    """A column whose name in this row is one of codes; ``share`` of what is below are codes."""

    row: int
    rank: int
    index: int
    share: float
    is_empty: bool

    @property
    def is_exact(self) -> bool:
        return self.rank < len(_EXACT)

    @property
    def is_doubtful(self) -> bool:
        """ODS code is above codes though all of them are broken; Code alone may be above any numbers."""
        return self.is_empty if self.rank < _NAMES.index(_CODE_ALONE) else self.share < _FEW


def _named_columns(cells: Cells, rows: Mapping[int, list[str]]) -> Iterator[_Named]:
    """Yield the columns with names of codes, titles left out."""
    for row, names in rows.items():
        if _is_title(names):
            continue
        for index, name in enumerate(names):
            rank = _rank(name)
            if rank is None:
                continue
            is_empty = not any((cell or "").strip() for cell in cells.columns[index][row + 1 :])
            named = _Named(row, rank, index, _share_below(cells, index, row), is_empty)
            is_kind = _NAMES[rank].pattern in (_KIND_ALONE.pattern, _ABOVE_ALONE.pattern)
            if not is_kind or named.share >= ENOUGH:
                yield named


def _rank(name: str) -> int | None:
    """Return how specific a name of a column of codes is, from 0; None if it is not one."""
    # ODS code E83005 is an entry.
    text = "" if len(name) > _LONGEST_NAME or _HAS_CODE.search(name) else _plain(name)
    return next((rank for rank, pattern in enumerate(_NAMES) if pattern.search(text)), None)


def _share_below(cells: Cells, index: int, row: int, end: int | None = None) -> float:
    return share_of_codes(cells.columns[index][row + 1 : end][:_SAMPLED])


def _by_name(cells: Cells, rows: Mapping[int, list[str]]) -> _Named | None:
    """Return the column that has codes by its name, unless the cells below it show otherwise.

    An exact name counts more than one further up that only has the word in it, which may be a title.
    """
    named = sorted(_named_columns(cells, rows), key=lambda n: (n.is_doubtful, n.row, n.rank, n.index))
    exact = next((n for n in named if n.is_exact), None)
    loose = next((n for n in named if not n.is_exact), None)
    if loose is None:
        return exact
    if exact is not None and (not exact.is_doubtful or loose.share < ENOUGH):
        has_codes_above = loose.row < exact.row and _share_below(cells, loose.index, loose.row, exact.row) > 0
        if not has_codes_above:
            return exact
    shares = [_share_below(cells, index, loose.row) for index in range(len(cells.columns))]
    is_elsewhere = max(shares) >= ENOUGH and max(shares) > 2 * loose.share and shares.count(max(shares)) == 1
    return None if is_elsewhere else loose


def _below_title(cells: Cells, named: _Named, filled: list[int]) -> int:
    """Return the row of the header: a title (ODS code list) may have the name of the column under it."""
    row = named.row
    if named.is_exact or not _TITLE.search(_plain(cells.columns[named.index][row] or "")):
        return row
    below = next((n for n in filled if n > row), None)
    is_name = below is not None and is_header(cells.columns[named.index][below])
    return below if is_name and _share_below(cells, named.index, below) >= ENOUGH else row


def _header_by_form(column: list[str | None], filled: list[int]) -> int | None:
    """Return the first row of words, else the last title with a day in it, if no code is above it.

    Where the rows below have a code and words in one cell, a row of that form is one of them, and no header.
    """
    title = None
    for row in filled:
        if is_header(column[row]):
            return None if _is_entry(column, row) else row
        if share_of_codes([column[row]]) > 0 and not _MONTH.search(column[row] or ""):
            break
        title = row if is_header(without_days(_plain(column[row] or ""))) else title
    return title


def _is_entry(column: list[str | None], row: int) -> bool:
    """Return whether a row is a code and words, like at least half of those below: RRP Barnet, TAF Camden."""
    first = column[row] or ""
    below = [cell for cell in column[row + 1 :][:_SAMPLED] if cell and cell.strip()]
    entries = [cell for cell in below if CODE_AND_WORDS.search(cell)]
    is_likely = _rank(first) is None and CODE_AND_WORDS.search(first)
    return bool(is_likely) and 2 * len(entries) >= len(below)


def codes_in_every_cell(cells: Cells) -> range | None:
    """Return the rows below the header of a list without columns; None for a table.

    Its cells are all codes, and it has one line alone or lines of different lengths: E83003, E83005 and then
    RRP. The header, if there is one, is a single cell.
    """
    if cells.names is not None or len(cells.columns) < 2:
        return None
    first = next(iter(_first_filled(cells)), 0)
    names = [name for name in cells.row(first) if name]
    has_header = len(names) == 1 and is_header(names[0])
    rows = range(first + 1 if has_header else first, len(cells.lines))
    inside = [column[rows.start :] for column in cells.columns]
    is_ragged = len(rows) == 1 or any(None in column for column in inside)
    shares = share_of_codes([cell for column in inside for cell in column[:_SAMPLED]])
    return rows if is_ragged and shares >= NEARLY_ALL else None


def largest_share(cells: Cells) -> float:
    """Return the share of codes in the column with the most of them; enough if a column of some is named so.

    Totals, blanks and numbers do not make a sheet with such a column one without codes.
    """
    share = max(map(share_of_codes, cells.columns), default=0.0)
    rows = {row: cells.row(row) for row in range(min(_HEADER_WITHIN, len(cells.lines)))}
    several = {row: names for row, names in rows.items() if sum(map(bool, names)) > 1}
    return max(share, ENOUGH) if any(named.share > 0 for named in _named_columns(cells, several)) else share


def has_codes(cells: Cells) -> bool:
    """Return whether a sheet has a column of codes."""
    return largest_share(cells) >= _FEW


def is_name_of_codes(cell: str) -> bool:
    """Return whether a cell is the name of a column of codes, or of the kind of what follows: Practices."""
    return is_exact_name(cell) or bool(_KIND.match(_plain(cell)))


def is_exact_name(cell: str) -> bool:
    """Return whether a cell is the name of a column of codes and of nothing else: ODS code."""
    return (rank := _rank(cell)) is not None and rank < len(_EXACT)


def is_header(cell: str | None) -> bool:
    """Return whether the first cell of a column of codes is its name: words, no digit, and not a code."""
    text = _plain(cell or "")
    if _rank(cell or "") is not None:
        return True
    return (
        bool(re.search(r"[a-z]{4}", text))
        and not re.search(r"\d", text)
        and not re.fullmatch(r"[A-Z]{3,5}", cell or "")
    )
