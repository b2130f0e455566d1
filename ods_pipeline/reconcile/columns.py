"""Where the columns of a report are in its file: by a header row, or by place.

Lives here: the header row under titles, and rejecting other files. Does not live here: the names that columns
have (``headers.py``), which columns a report has (``reports.py``), and its rows (``reading.py``).
"""

import re
from pathlib import Path

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.reconcile.headers import titled_columns
from ods_pipeline.reconcile.reports import NEEDED, PLACES, WIDTHS, Report

# How far down a header row may be: titles and notes that a person puts above it take a few lines.
_ROWS_OF_TITLES = 20
_PUT_FIRST = "Put the header row first"
CODE = re.compile(r"[A-Z0-9]{1,12}")


def places_of(report: Report, path: Path, frame: pl.DataFrame) -> tuple[dict[str, int], int | None]:
    """Return the number of each column that is compared, and which row is the header.

    Null if there is none.
    """
    wanted = {"code", *(column for field in report.fields for column in NEEDED[field])}
    needed = {"code", "parent"} if report.layout != "organisations" else {"code", "name"}
    cells = frame.drop("line")
    for n, row in enumerate(cells.head(_ROWS_OF_TITLES).iter_rows()):
        titled = titled_columns(report, row)
        if needed <= titled.keys():
            _require_titles_above(path, frame.head(n), {c: f"column_{titled[c]}" for c in needed})
            return {c: place for c, place in titled.items() if c in wanted}, n
        if len(titled) > 2:
            missing = ", ".join(sorted(needed - titled.keys()))
            raise OdsError(
                f"the header row has no column for {missing}",
                where=path,
                do=f"Is this the report {report.name}?",
            )
    widths = WIDTHS[report.layout]
    beyond = [pl.col(column).is_not_null() for column in cells.columns[widths[0] :]]
    too_long = frame.filter(pl.any_horizontal(beyond)) if beyond else frame.clear()
    # A spreadsheet saves no column after the last filled one. In a report more than half of them are filled.
    if 2 * cells.width <= min(widths) or too_long.height:
        where = f"line {too_long['line'][0]}" if too_long.height else "each line"
        columns = "1 column" if cells.width == 1 else f"{cells.width} columns"
        raise OdsError(
            f"{where} has {columns}; {report.name} has {' or '.join(map(str, widths))}",
            where=path,
            do="Give the report as ODS publishes it, or add a header row",
        )
    places = {c: n for c, n in PLACES[report.layout].items() if c in wanted and n <= cells.width}
    first = frame[f"column_{places['code']}"][0]
    if first is None or not CODE.fullmatch(first.upper()):
        raise OdsError(
            f"line {frame['line'][0]}: {first or ''!r} is not an ODS code, and there is no known header row",
            where=path,
            do=f"Is this the report {report.name}? Delete what is above its rows, or use the headers of ODS",
        )
    return places, None


def lines_repeated(
    report: Report, path: Path, frame: pl.DataFrame, places: dict[str, int], header: int | None
) -> list[int]:
    """Return the lines that repeat the header row or a title above it, as in pages that were put together.

    Raises:
        OdsError: A header row further down has the columns in another order, or no header row is above it.
    """
    rows = frame.slice(0 if header is None else header + 1)
    # A code with a digit is no name of a column, so one cell is enough to know most rows by.
    code = pl.col(f"column_{places['code']}").str.to_uppercase()
    others = rows.filter(
        ~(code.str.contains("[0-9]") & code.str.contains(f"^{CODE.pattern}$")).fill_null(False)
    )
    titles = {tuple(row) for row in frame.head(header or 0).drop("line").iter_rows()}
    repeated = []
    for line, *cells in others.iter_rows():
        titled = titled_columns(report, tuple(cells))
        if tuple(cells) in titles:
            repeated.append(line)
        elif len(titled) > 2 or titled.keys() >= places.keys():
            _require_same_columns(path, line, titled, places, header)
            repeated.append(line)
    return repeated


def _require_same_columns(
    path: Path, line: int, titled: dict[str, int], places: dict[str, int], header: int | None
) -> None:
    if header is None:
        raise OdsError(
            f"line {line} is a header row, and rows of the report are above it", where=path, do=_PUT_FIRST
        )
    if {column: titled.get(column) for column in places} != places:
        raise OdsError(
            f"line {line} is another header row, with the columns in another order",
            where=path,
            do="Give the part from that line on as a file of its own, with --part",
        )


def _require_titles_above(path: Path, above: pl.DataFrame, columns: dict[str, str]) -> None:
    """Raise OdsError if a row above the header row has a code and whatever else each row must have."""
    has_code = pl.col(columns["code"]).str.to_uppercase().str.contains(f"^{CODE.pattern}$")
    rows = above.filter(has_code & pl.all_horizontal(pl.col(columns.values()).is_not_null()))
    if rows.height:
        raise OdsError(
            f"line {rows['line'][0]} looks like a row of the report, and the header row comes after it",
            where=path,
            do=_PUT_FIRST,
        )


def notes_on_header(
    report: Report, frame: pl.DataFrame, places: dict[str, int], header: int | None
) -> list[str]:
    """Return what of a file is not compared: lines, columns, and what has no column."""
    if header is None:
        width, wanted = frame.width - 1, min(WIDTHS[report.layout])
        return [f"columns {width + 1} to {wanted} are not in the file"] if width < wanted else []
    notes = []
    if header:
        notes.append(f"the header row is line {frame['line'][header]}; what is above it is taken for a title")
    names = frame.drop("line").row(header)
    known = {*places.values()}
    unknown = [cell for n, cell in enumerate(names, 1) if n not in known and cell and cell.lower() != "null"]
    if unknown:
        notes.append(f"columns of the file that are not compared: {', '.join(unknown)}")
    missing = [field for field in report.fields if not places.keys() >= {*NEEDED[field]}]
    if missing:
        notes.append(f"not compared, because the file does not have all columns for it: {', '.join(missing)}")
    return notes
