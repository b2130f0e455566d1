"""Which column of a file holds the codes, and whether its first line is a header.

What lives here: the choice, and the notes about it. What does not: whether a code is held (``judging.py``).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.reading import read_cells, read_sheets

# White space and invisible characters, which no code has. The macro code_key does the same in SQL.
_INVISIBLE = r"[\s\p{Z}\p{C}]"
# What spreadsheets put around text to keep it text: ="RRP" and 'RRP.
_WRAPPED = r"""^='?"?([^"]*)"?$|^'(.*)$"""
_CODE = r"^[A-Z0-9]{3,12}$"
# What people put between several codes in one cell. A blank alone may be within a code: only the register
# knows, so judging.sql splits there.
_BETWEEN = r"(?i)[\s\p{Z}]*(?:[,;/|&+\n]|[\s\p{Z}]{2}|\band\b|\bor\b)[\s\p{Z}]*"
# What people put around a code; the last four are curved quotes.
_AROUND = " \t\r\n\u00a0()[]{}<>'\"\u2018\u2019\u201c\u201d"
# Parts that are all of this form make a date, years or a number, not several codes: Apr/2026, 2026/2027.
_DATE_OR_NUMBER = r"^([0-9]+|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)$"
_THOUSANDS = r"^\s*[0-9]{1,3}(,[0-9]{3})+(\.0+)?\s*$"
_ORGANISATION = r"(org(anis|aniz)?(ation)?|gp practice|practice|provider|trust|site|gp|pcn|nacs|pharmacy)"
# Names of a column of codes, the most specific first.
_EXACT = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(the )?ods( ?codes?)?$",
        rf"^{_ORGANISATION} (ods )?codes?$",
        r"^codes?$",
    )
)
_CODE_ALONE = _EXACT[-1]
# The word Practice is above names as often as above codes.
_KIND_ALONE = re.compile(rf"^{_ORGANISATION}s?$")
# Names that a column of codes may have, if codes are below: titles and other columns have them, too.
_LOOSE = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bods\b.*\bcodes?\b|\bcodes?\b.*\bods\b",
        _KIND_ALONE.pattern,
        # Other codes that stand next to an organisation in a list.
        r"^(?!.*\b(post|zip|cost|area|country|account|budget|ledger|product|item|drug|bnf|snomed|special\w*|"
        r"treatment|procedure|diagnosis|currency|vat|tax|gss|ons|lsoa|msoa)).*\bcodes?\b",
    )
)
_NAMES = (*_EXACT, *_LOOSE)
# Names that are rather those of a whole list: ODS code list, Practice codes of July.
_TITLE = re.compile(r"\bcodes? \w|\bcodes$")
# The day of a list in its title: July 2026.
_MONTH = re.compile(r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]+\d")
# So many cells tell what a column holds.
_SAMPLED = 1000
# The header is among this many filled rows. Titles and notes may be above it.
_HEADER_WITHIN = 25
# Longer text is a sentence with the word code in it, not the name of a column.
_LONGEST_NAME = 40
# A column holds codes if at least this share of its filled cells has the form of one.
_ENOUGH = 0.5
# A sheet has codes if its best column has this share; notes have fewer.
_FEW = 0.25


@dataclass(frozen=True)
class CodeList:
    """The codes of a file.

    Attributes:
        rows: ``line`` (as an editor or spreadsheet counts, the header included), ``given`` (the text of the
            cell), ``part`` (from 1; a cell may have several codes) and ``code`` (upper case, no spaces, no
            wrapping; null if blank).
        column: Which column was read, as a phrase.
        notes: What the user must know about how it was read.
    """

    rows: pl.DataFrame
    column: str
    notes: list[str]


def read_code_list(path: Path, column: str | None = None, sheet: str | None = None) -> CodeList:
    """Return the codes of a CSV, TSV, Excel or Parquet file.

    Args:
        path: The file.
        column: The name of a column (case and spaces do not matter) or its number from 1. Without it the
            column is found by its name, else by the form of its cells.
        sheet: The sheet of a workbook. Default: the first with codes, else the first that is not empty.

    Raises:
        OdsError: The file cannot be read, there is no such column, or no single column holds codes.
    """
    return _codes_in(path, read_cells(path, sheet, _largest_share), column)


def read_all_sheets(path: Path, column: str | None = None) -> tuple[dict[str, CodeList], list[str]]:
    """Return the codes of each sheet of a workbook that has some, by its name, and the names of the others.

    Raises:
        OdsError: The file is not a workbook or cannot be read, no sheet has codes, or it is not clear which
            column of one that has some holds them.
    """
    sheets, others = read_sheets(path)
    lists = {}
    for name, cells in sheets.items():
        if _largest_share(cells) < _FEW:
            others.append(name)
            continue
        try:
            lists[name] = _codes_in(path, cells, column)
        except OdsError as error:
            raise OdsError(f"sheet {name!r}: {error.what}", where=path, do=error.do) from error
    if not lists:
        raise OdsError("no sheet has codes", where=path, do="Give --sheet and --column")
    return lists, others


def _codes_in(path: Path, cells: Cells, column: str | None) -> CodeList:
    index, header = _choose(path, cells, column)
    whole = pl.DataFrame(cells.columns, schema=[(str(i), pl.String) for i in range(len(cells.columns))])
    is_empty = pl.all_horizontal(pl.all().fill_null("").str.strip_chars() == "")
    rows = (
        whole.select(
            pl.Series("line", cells.lines, pl.Int64),
            pl.col(str(index)).alias("given"),
            _cleaned(str(index)).alias("code"),
            is_empty.alias("is_empty"),  # an empty line is not an entry
        )
        .filter(~pl.col("is_empty"))
        .drop("is_empty")
    )
    if header is not None and cells.names is None:
        rows = rows.filter(pl.col("line") > cells.lines[header])
    rows = _one_code_per_row(rows)
    if rows.is_empty():
        raise OdsError(
            "there is a header and nothing below it", where=path, do="Give a file with codes below it"
        )
    named = cells.names[index] if cells.names else _row(cells, header)[index] if header is not None else None
    phrase = f"column {index + 1}" + (f" ({named!r})" if named else "")
    return CodeList(rows, phrase, [*cells.notes, *_notes(cells, index, header, column, named)])


def _cleaned(column: str) -> pl.Expr:
    """A cell as a code: compatibility forms (full-width) made plain, no wrapping, no spaces, upper case."""
    plain = _plain_text(column)
    plain = pl.when(plain.str.contains(_THOUSANDS)).then(plain.str.replace_all(",", "")).otherwise(plain)
    code = plain.str.replace_all(_INVISIBLE, "").str.to_uppercase()
    return pl.when(code != "").then(code)


def _plain_text(column: str) -> pl.Expr:
    return pl.col(column).str.normalize("NFKC").str.replace(_WRAPPED, "$1$2")


def _one_code_per_row(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with ``part``: a cell with several codes has a row for each, other cells stay as they are."""
    separated = _plain_text("given").str.replace_all(_BETWEEN, "\x1f").str.to_uppercase()
    parts = separated.str.split("\x1f").list.eval(pl.element().str.strip_chars(_AROUND))
    parts = parts.list.eval(pl.element().filter(pl.element() != ""))
    is_code = pl.element().str.contains(_CODE) & (
        pl.element().str.contains("[0-9]") | (pl.element().str.len_chars() == 3)
    )
    is_only_code = ~pl.element().str.contains(_DATE_OR_NUMBER)
    has_several = parts.list.eval(is_code).list.all() & parts.list.eval(is_only_code).list.any()
    several = pl.when((has_several & (parts.list.len() > 1)).fill_null(False)).then(parts)
    return (
        rows.with_columns(several.alias("several"))
        .with_columns(
            pl.when(pl.col("several").is_null())
            .then(pl.concat_list("code"))
            .otherwise("several")
            .alias("code")
        )
        .with_columns(pl.int_ranges(1, pl.col("code").list.len() + 1).alias("part"))
        .explode("code", "part")
        .select("line", "part", "given", "code")
    )


def _choose(path: Path, cells: Cells, wanted: str | None) -> tuple[int, int | None]:
    """The index of the column, and of the row that is its header (None if there is none).

    Titles may be above the header, so the first rows are all tried.
    """
    if cells.names is not None:
        index = _wanted(wanted, cells.names) if wanted is not None else None
        named = _by_name(cells, {-1: cells.names}) if wanted is None else None
        index = named.index if named else index
        return _by_number(path, cells, wanted) if index is None else index, None
    filled = _first_filled(cells)
    rows = {row: _row(cells, row) for row in filled}
    if wanted is None and (named := _by_name(cells, rows)):
        return named.index, _below_title(cells, named, filled)
    if wanted is not None:
        for row, names in rows.items():
            if (index := None if _is_title(names) else _wanted(wanted, names)) is not None:
                return index, row
    index = _by_number(path, cells, wanted)
    return index, _header_by_form(cells.columns[index], filled)


def _first_filled(cells: Cells) -> list[int]:
    return list(islice((n for n in range(len(cells.lines)) if any(_row(cells, n))), _HEADER_WITHIN))


def _is_title(names: list[str]) -> bool:
    """Whether one cell alone of several columns is filled."""
    return len(names) > 1 and sum(map(bool, names)) == 1


def _by_number(path: Path, cells: Cells, wanted: str | None) -> int:
    """The column with the requested number; without one, the column whose cells have the form of codes."""
    if wanted is None:
        return _by_form(path, cells)
    if wanted.strip().isdecimal() and 1 <= int(wanted) <= len(cells.columns):
        return int(wanted) - 1
    raise OdsError(f"there is no column {wanted!r}", where=path, do=_columns(cells))


def _row(cells: Cells, row: int) -> list[str]:
    return [(column[row] or "").strip() for column in cells.columns]


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", name.casefold()).split())


def _wanted(wanted: str, names: list[str]) -> int | None:
    """The index of the column with this name."""
    return next(
        (i for i, name in enumerate(names) if _plain(name) == _plain(wanted) and _plain(wanted)), None
    )


def _columns(cells: Cells) -> str:
    names = cells.names or _row(cells, 0)
    shown = ", ".join(f"{i} {name[:30]!r}" for i, name in enumerate(names[:20], 1))
    return f"Give --column with a name or number; the first line has: {shown}"


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
    """The columns with names of codes, titles left out."""
    for row, names in rows.items():
        if _is_title(names):
            continue
        for index, name in enumerate(names):
            rank = _rank(name)
            if rank is None:
                continue
            is_empty = not any((cell or "").strip() for cell in cells.columns[index][row + 1 :])
            named = _Named(row, rank, index, _share_below(cells, index, row), is_empty)
            if _NAMES[rank].pattern != _KIND_ALONE.pattern or named.share >= _ENOUGH:
                yield named


def _rank(name: str) -> int | None:
    """How specific a name of a column of codes is, from 0; None if it is not one."""
    text = _plain(name) if len(name) <= _LONGEST_NAME else ""
    return next((rank for rank, pattern in enumerate(_NAMES) if pattern.search(text)), None)


def _share_below(cells: Cells, index: int, row: int, end: int | None = None) -> float:
    return _share_of_codes(cells.columns[index][row + 1 : end][:_SAMPLED])


def _by_name(cells: Cells, rows: Mapping[int, list[str]]) -> _Named | None:
    """The column that its name says to be that of codes, unless what is below says otherwise.

    An exact name counts more than one further up that only has the word in it, which may be a title.
    """
    named = sorted(_named_columns(cells, rows), key=lambda n: (n.is_doubtful, n.row, n.rank, n.index))
    exact = next((n for n in named if n.is_exact), None)
    loose = next((n for n in named if not n.is_exact), None)
    if loose is None:
        return exact
    if exact is not None and (not exact.is_doubtful or loose.share < _ENOUGH):
        has_codes_above = loose.row < exact.row and _share_below(cells, loose.index, loose.row, exact.row) > 0
        if not has_codes_above:
            return exact
    shares = [_share_below(cells, index, loose.row) for index in range(len(cells.columns))]
    is_elsewhere = max(shares) >= _ENOUGH and max(shares) > 2 * loose.share and shares.count(max(shares)) == 1
    return None if is_elsewhere else loose


def _below_title(cells: Cells, named: _Named, filled: list[int]) -> int:
    """The row of the header: a title such as ODS code list may have the name of the column under it."""
    row = named.row
    if named.is_exact or not _TITLE.search(_plain(cells.columns[named.index][row] or "")):
        return row
    below = next((n for n in filled if n > row), None)
    is_name = below is not None and _is_header(cells.columns[named.index][below])
    return below if is_name and _share_below(cells, named.index, below) >= _ENOUGH else row


def _header_by_form(column: list[str | None], filled: list[int]) -> int | None:
    """The first row of words if no code is above it; titles and their dates may be."""
    for row in filled:
        if _is_header(column[row]):
            return row
        if _share_of_codes([column[row]]) > 0 and not _MONTH.search(column[row] or ""):
            return None
    return None


def _by_form(path: Path, cells: Cells) -> int:
    """The index of the column whose cells have the form of codes. A single column is taken as it is."""
    if len(cells.columns) == 1:
        return 0
    shares = [_share_of_codes(column) for column in cells.columns]
    best = max(shares)
    if best < _ENOUGH or shares.count(best) > 1:
        raise OdsError(
            "it is not clear which column holds the codes",
            where=path,
            do=_columns(cells),
        )
    return shares.index(best)


def _share_of_codes(column: list[str | None]) -> float:
    """The share of the filled cells that have the form of a code.

    Bare numbers count a tenth, because they are more often counts or years.
    """
    codes = pl.DataFrame({"given": column}, schema={"given": pl.String}).select(code=_cleaned("given"))
    code = pl.col("code")
    is_code = code.str.contains(_CODE) & (code.str.contains("[0-9]") | (code.str.len_chars() == 3))
    weight = pl.when(~is_code).then(0.0).when(code.str.contains("^[0-9]+$")).then(0.1).otherwise(1.0)
    return codes.drop_nulls().select(weight.mean().fill_null(0.0)).item()


def _largest_share(cells: Cells) -> float:
    """The share of codes in the column that has the most of them; enough if a column of some is named so.

    Totals, blanks and numbers do not make a sheet with such a column one without codes.
    """
    share = max(map(_share_of_codes, cells.columns), default=0.0)
    rows = {row: _row(cells, row) for row in range(min(_HEADER_WITHIN, len(cells.lines)))}
    several = {row: names for row, names in rows.items() if sum(map(bool, names)) > 1}
    return max(share, _ENOUGH) if any(named.share > 0 for named in _named_columns(cells, several)) else share


def _is_header(cell: str | None) -> bool:
    """Whether the first cell of a column of codes is its name: words without a digit, and not a code."""
    text = _plain(cell or "")
    if any(pattern.search(text) for pattern in _NAMES):
        return True
    return (
        bool(re.search(r"[a-z]{4}", text))
        and not re.search(r"\d", text)
        and not re.fullmatch(r"[A-Z]{3,5}", cell or "")
    )


def _notes(cells: Cells, index: int, header: int | None, wanted: str | None, named: str | None) -> list[str]:
    notes = []
    if wanted is None and len(cells.columns) > 1:
        notes.append(
            f"column {index + 1} of {len(cells.columns)} is taken" + (f" ({named!r})" if named else "")
        )
    if header is not None and cells.names is None:
        notes.append(f"line {cells.lines[header]} is taken as the header")
    return notes
