"""The codes of a file, with their lines and what must be known about how they were read.

Lives here: one column or sheet as a list of codes. Does not live here: which column that is (``columns.py``),
the form of a code (``codes.py``), and whether a code is held (``judging.py``).
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import cleaned, one_code_per_row
from ods_pipeline.lists.columns import choose_column, has_codes, largest_share
from ods_pipeline.lists.reading import read_cells, read_sheets


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
    index, header = choose_column(path, cells, column)
    whole = pl.DataFrame(cells.columns, schema=[(str(i), pl.String) for i in range(len(cells.columns))])
    is_empty = pl.all_horizontal(pl.all().fill_null("").str.strip_chars() == "")
    rows = (
        whole.select(
            pl.Series("line", cells.lines, pl.Int64),
            pl.col(str(index)).alias("given"),
            cleaned(str(index)).alias("code"),
            is_empty.alias("is_empty"),  # an empty line is not an entry
        )
        .filter(~pl.col("is_empty"))
        .drop("is_empty")
    )
    if header is not None and cells.names is None:
        rows = rows.filter(pl.col("line") > cells.lines[header])
    rows = one_code_per_row(rows)
    if rows.is_empty():
        raise OdsError(
            "there is a header and nothing below it", where=path, do="Give a file with codes below it"
        )
    named = cells.names[index] if cells.names else cells.row(header)[index] if header is not None else None
    phrase = f"column {index + 1}" + (f" ({named!r})" if named else "")
    return CodeList(rows, phrase, [*cells.notes, *_notes(cells, index, header, column, named)])


def _notes(cells: Cells, index: int, header: int | None, wanted: str | None, named: str | None) -> list[str]:
    notes = []
    if wanted is None and len(cells.columns) > 1:
        notes.append(
            f"column {index + 1} of {len(cells.columns)} is taken" + (f" ({named!r})" if named else "")
        )
    if header is not None and cells.names is None:
        notes.append(f"line {cells.lines[header]} is taken as the header")
    return notes
