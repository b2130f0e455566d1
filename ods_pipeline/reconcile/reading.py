"""A report's file as a table of named columns of text.

Lives here: which report a file is, and rejecting what is not such a report. Does not live here: unpacking and
workbooks (``unpacking.py``), where the columns are (``columns.py``), the day in the name (``days.py``), and
comparing (``comparing.py``).
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.reconcile.columns import CODE, lines_repeated, notes_on_header, places_of
from ods_pipeline.reconcile.days import days_in
from ods_pipeline.reconcile.headers import COLUMNS
from ods_pipeline.reconcile.reports import NEEDED, Report, name_in, reports
from ods_pipeline.reconcile.unpacking import cells_of

# The columns of codes. Their letters are capitals in the register, whatever a spreadsheet made of them.
_CODES = ("code", "region", "icb", "status", "parent", "provider", "sub_icb", "parent_sub_icb")
_DAYS = ("opened", "closed", "joined", "left")
# A status spelled out, as in Data Search and Export, and its letter.
_STATUSES = {"ACTIVE": "A", "INACTIVE": "C", "CLOSED": "C", "DORMANT": "D", "PROPOSED": "P"}
# What spreadsheets put around text to keep it text: ="00L".
_WRAPPED = r"""^="([^"]*)"$"""


@dataclass(frozen=True)
class ReportFile:
    """A report that was read.

    Attributes:
        report: Which report it is.
        path: The file.
        rows: ``line`` (from 1) and the columns of COLUMNS as trimmed text, codes in capitals, empty cells
            null. Rows without any cell are left out.
        fields: Which fields can be compared, because the file has columns for them.
        first_day: First day for which the report may speak; null if the file name has none.
        last_day: Last such day, inclusive: the same, or the last of the month if the name has a month only.
        notes: What the user must know about how it was read.
    """

    report: Report
    path: Path
    rows: pl.DataFrame
    fields: tuple[str, ...]
    first_day: date | None
    last_day: date | None
    notes: list[str] = field(default_factory=list)


def read_report(argument: str) -> ReportFile:
    """Read a report from ``NAME=FILE``, or from a FILE whose name begins with the report's.

    A CSV file, a zip or gzip file of one, or a workbook, with or without a header row.

    Raises:
        OdsError: There is no such report or file, or the file is not that report.
    """
    report, path = _which(argument)
    cells, member = cells_of(report, path)
    frame = pl.DataFrame(
        {"line": cells.lines, **{f"column_{n}": column for n, column in enumerate(cells.columns, 1)}},
        schema={"line": pl.Int64, **{f"column_{n}": pl.String for n in range(1, len(cells.columns) + 1)}},
    ).with_columns(
        pl.exclude("line").str.strip_chars().str.replace(_WRAPPED, "$1").replace(["", "NULL", "null"], None)
    )
    # A spreadsheet ends its file with rows of commas, and a file may be nothing but a byte-order mark.
    frame = frame.filter(pl.any_horizontal(pl.lit(False), pl.exclude("line").is_not_null()))
    if frame.is_empty():
        raise OdsError("the file is empty", where=path, do="Download the report again")
    places, header = places_of(report, path, frame)
    notes = [*cells.notes, *notes_on_header(report, frame, places, header)]
    if repeated := lines_repeated(report, path, frame, places, header):
        notes.append(f"lines that repeat the header, left out: {len(repeated):,}, first line {repeated[0]}")
    below = frame.slice(0 if header is None else header + 1).filter(~pl.col("line").is_in(repeated))
    rows = below.select(
        "line",
        *[
            (pl.col(f"column_{places[c]}") if c in places else pl.lit(None, pl.String)).alias(c)
            for c in COLUMNS
        ],
    )
    if rows.is_empty():
        raise OdsError("the report has a header row and nothing else", where=path, do="Download it again")
    _require_codes(report, path, rows)
    fields = tuple(field for field in report.fields if places.keys() >= {*NEEDED[field]})
    # An apostrophe in front keeps a cell of a spreadsheet text.
    rows = rows.with_columns(pl.col(*_CODES).str.strip_prefix("'").str.to_uppercase())
    rows = rows.with_columns(pl.col(*_DAYS).str.strip_prefix("'"))
    rows = rows.with_columns(pl.col("status").replace(_STATUSES))
    named = path.name if days_in(path.name)[0] else member
    return ReportFile(report, path, rows, fields, *days_in(named), notes)


def _which(argument: str) -> tuple[Report, Path]:
    name, separator, file = argument.partition("=")
    known = reports()
    if separator and name.lower() in known:
        return known[name.lower()], Path(file)
    path = Path(argument)
    if (stem := name_in(path.name)) in known:
        return known[stem], path
    raise OdsError(
        "it is not clear which report this is",
        where=argument,
        do=f"Give NAME=FILE with one of: {', '.join(known)}",
    )


def _require_codes(report: Report, path: Path, rows: pl.DataFrame) -> None:
    """Raise OdsError if the column of codes holds something else: another report, or other columns."""
    looks = pl.col("code").str.to_uppercase().str.contains(f"^{CODE.pattern}$").fill_null(False)
    wrong = rows.filter(~looks)
    if wrong.height * 10 > rows.height:
        line, value = wrong.select("line", "code").row(0)
        raise OdsError(
            f"line {line}: {value!r} is not an ODS code; {wrong.height:,} lines of {rows.height:,} have none",
            where=path,
            do=f"Is this the report {report.name}?",
        )
