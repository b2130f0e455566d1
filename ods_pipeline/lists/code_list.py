"""The codes of a file, with their lines and what must be known about how they were read.

Lives here: one column or sheet as a list of codes. Does not live here: which column that is (``columns.py``),
the form of a code (``codes.py``), and whether a code is held (``judging.py``).
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import ENOUGH, codes_of, is_entry, one_code_per_row, share_of_codes
from ods_pipeline.lists.columns import (
    choose_column,
    codes_in_every_cell,
    has_codes,
    is_name_of_codes,
    largest_share,
)
from ods_pipeline.lists.parts import Part, parts_of
from ods_pipeline.lists.reading import read_cells, read_sheets

# This many cells show whether a column has codes.
_SAMPLED = 1000


@dataclass(frozen=True)
class CodeList:
    """The codes of a file.

    Attributes:
        rows: ``line`` (as an editor or spreadsheet counts, the header included), ``given`` (the text of the
            cell), ``part`` (from 1; a line may have several codes), ``code`` (upper case, no spaces, no
            wrapping; null if blank) and ``is_entry`` (false for totals, notes, rulers and headers).
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
    return _codes_in(path, read_cells(path, sheet, largest_share), column)


def read_all_sheets(path: Path, column: str | None = None) -> tuple[dict[str, CodeList], list[str]]:
    """Return the codes of each sheet of a workbook that has some, by its name, and the names of the others.

    Raises:
        OdsError: The file is not a workbook or cannot be read, no sheet has codes, or it is not clear which
            column of one that has some holds them.
    """
    sheets, others = read_sheets(path)
    lists = {}
    for name, cells in sheets.items():
        if not has_codes(cells):
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
    if column is None and (below := codes_in_every_cell(cells)) is not None:
        return _codes_of_every_cell(cells, below)
    index, header = choose_column(path, cells, column)
    whole = pl.DataFrame(cells.columns, schema=[(str(i), pl.String) for i in range(len(cells.columns))])
    filled = pl.all().str.strip_chars().replace("", None)
    label = whole.select(pl.coalesce(filled)).to_series()
    parts = parts_of(cells, index, header, column)
    given = _given(whole, parts)
    read = codes_of(given)
    rows = pl.DataFrame(
        {
            "line": pl.Series(cells.lines, dtype=pl.Int64),
            "given": given,
            "code": read["code"],
            "has_more": read["has_more"],
            "is_entry": is_entry(given, label) & ~_is_doubtful(cells),
        }
    ).filter(label.is_not_null())  # an empty line is not an entry
    if header is not None and cells.names is None:
        if parts[0].start:
            rows = rows.filter(pl.col("line") > cells.lines[parts[0].start - 1])
        # A list of several pages has its header again.
        is_header = pl.col("given").str.strip_chars().str.to_lowercase() == cells.row(header)[index].lower()
        rows = rows.with_columns(is_entry=pl.col("is_entry") & ~is_header.fill_null(False))
    # A list of several parts has a header, or the kind, above each.
    texts = rows["given"].drop_nulls().unique()
    names = [text for text in texts.filter(~texts.str.contains(r"[0-9]")) if is_name_of_codes(text)]
    rows = rows.with_columns(is_entry=pl.col("is_entry") & ~pl.col("given").is_in(names).fill_null(False))
    inside = [cells.lines[part.header] for part in parts if part.header is not None]
    rows = rows.with_columns(is_entry=pl.col("is_entry") & ~pl.col("line").is_in(inside))
    notes = [*_notes(cells, index, header, column), *_notes_on_parts(cells, parts), *_note_on_words(rows)]
    rows = one_code_per_row(rows)
    if rows.is_empty():
        raise OdsError(
            "there is a header and nothing below it", where=path, do="Give a file with codes below it"
        )
    named = _name_of(cells, index, header)
    phrase = f"column {index + 1}" + (f" ({named!r})" if named else "")
    return CodeList(rows, phrase, [*cells.notes, *notes])


def _is_doubtful(cells: Cells) -> pl.Series:
    return pl.int_range(len(cells.lines), eager=True).is_in(list(cells.doubtful))


def _given(whole: pl.DataFrame, parts: list[Part]) -> pl.Series:
    """Return the cells of the column of codes, which may be another one in each part."""
    given = whole[str(parts[0].index)]
    for part in parts[1:]:
        # The row of names belongs to its part.
        begins = part.start if part.header is None else part.header
        given = pl.concat([given[:begins], whole[str(part.index)][begins:]])
    return given


def _notes_on_parts(cells: Cells, parts: list[Part]) -> list[str]:
    if len(parts) == 1:
        return []
    begins = [part.start if part.header is None else part.header for part in parts]
    return [
        f"from line {cells.lines[row]} on column {part.index + 1} is read"
        for row, part in zip(begins, parts, strict=True)
    ]


def _codes_of_every_cell(cells: Cells, below: range) -> CodeList:
    """Return the codes of a list without columns, line by line."""
    rows = (
        pl.DataFrame({"line": cells.lines[below.start :], "given": [cells.row(n) for n in below]})
        .explode("given")
        .filter(pl.col("given") != "")
    )
    rows = rows.with_columns(codes_of(rows["given"])["code"], pl.lit(True).alias("is_entry"))
    notes = ["every cell is taken for a code: there are no columns"]
    if below.start:
        notes.append(f"line {cells.lines[below.start - 1]} is taken as the header")
    return CodeList(one_code_per_row(rows), "every cell", [*cells.notes, *notes])


def _note_on_words(rows: pl.DataFrame) -> list[str]:
    count = rows["has_more"].sum()
    return [f"cells with more than a code: {count:,}; the code in them is judged"] if count else []


def _name_of(cells: Cells, index: int, header: int | None) -> str | None:
    if cells.names:
        return cells.names[index]
    return cells.row(header)[index] if header is not None else None


def _notes(cells: Cells, index: int, header: int | None, wanted: str | None) -> list[str]:
    notes, named = [], _name_of(cells, index, header)
    if wanted is None and len(cells.columns) > 1:
        notes.append(
            f"column {index + 1} of {len(cells.columns)} is taken" + (f" ({named!r})" if named else "")
        )
        notes += [
            f"column {number} ({name!r}) has codes too and is not read; --column {number} takes it"
            for number, name in _other_columns(cells, index, header)
        ]
    if header is not None and cells.names is None:
        notes.append(f"line {cells.lines[header]} is taken as the header")
    return notes


def _other_columns(cells: Cells, taken: int, header: int | None) -> list[tuple[int, str]]:
    """Return number and name of the other columns that are named as one of codes and have codes."""
    names = cells.names or ([] if header is None else cells.row(header))
    named = [n for n, name in enumerate(names) if n != taken and is_name_of_codes(name)]
    begins = 0 if cells.names else (header or 0) + 1
    shares = {n: share_of_codes(cells.columns[n][begins : begins + _SAMPLED]) for n in named}
    return [(n + 1, names[n]) for n in named if shares[n] >= ENOUGH]
