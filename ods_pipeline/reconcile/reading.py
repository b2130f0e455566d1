"""A report's file as a table of named columns of text.

Lives here: which report a file is, the day it speaks for, its layout with or without a header row, and
rejecting what is not such a report. Does not live here: encodings, delimiters and quotes
(``lists/text.py``), and comparing (``comparing.py``).
"""

import csv
import gzip
import io
import re
import zipfile
import zlib
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.text import read_text

# The largest report, ecarehomesite, has some 15 MB.
MAX_BYTES = 200_000_000
_LEGACY_WIDTH = 27
# The place of a column in a file without a header row, from 1 (layouts of Data Search and Export).
_PLACES = {
    "organisations": {
        **{"code": 1, "name": 2, "region": 3, "icb": 4},
        **{f"address_{n}": 4 + n for n in range(1, 6)},
        **{"postcode": 10, "opened": 11, "closed": 12, "status": 13, "parent": 15, "joined": 16, "left": 17},
        **{"provider": 24, "setting": 26},
    },
    "pcn_partners": {
        **{"code": 1, "name": 2, "sub_icb": 3, "sub_icb_name": 4, "parent": 5, "parent_name": 6},
        **{"parent_sub_icb": 7, "parent_sub_icb_name": 8, "joined": 9, "left": 10, "same_sub_icb": 11},
    },
    "memberships": {"code": 1, "parent": 2, "joined": 4, "left": 5},
}
# The columns of codes. Their letters are capitals in the register, whatever a spreadsheet made of them.
_CODES = ("code", "region", "icb", "status", "parent", "provider", "sub_icb", "parent_sub_icb")
_DAYS = ("opened", "closed", "joined", "left")
# A status spelled out, as in Data Search and Export, and its letter.
_STATUSES = {"ACTIVE": "A", "INACTIVE": "C", "CLOSED": "C", "DORMANT": "D", "PROPOSED": "P"}
# Columns 24 and 26 mean something else in the other reports (24 was the government office region).
_WITH_PROVIDER = ("epraccur", "egpcur")
_WIDTHS = {"organisations": (_LEGACY_WIDTH,), "pcn_partners": (11, 10), "memberships": (6,)}
# What spreadsheets put around text to keep it text: ="00L".
_WRAPPED = r"""^="([^"]*)"$"""
# Names of columns in files with a header row, without case, spaces and punctuation.
_HEADERS = {
    "code": "organisationcode code orgcode odscode partnerorganisationcode practicecode",
    "name": "name organisationname orgname partnername practicename",
    "region": "nationalgrouping nhsenglandregion nhsenglandregioncode region regioncode",
    "icb": "highlevelhealthgeography highlevelgeography hlhg icb icbcode integratedcareboard",
    "address_1": "addressline1 address1",
    "address_2": "addressline2 address2",
    "address_3": "addressline3 address3",
    "address_4": "addressline4 address4 town",
    "address_5": "addressline5 address5 county",
    "postcode": "postcode",
    "opened": "opendate openeddate dateopened opened",
    "closed": "closedate closeddate dateclosed closed",
    "status": "status statuscode",
    "parent": "parentorganisationcode parent parentcode commissioner commissionercode pcncode",
    "parent_name": "parentname pcnname",
    "joined": "joinparentdate joinproviderpurchaserdate joindate practicetopcnrelationshipstartdate",
    "left": "leftparentdate leftproviderpurchaserdate leftdate practicetopcnrelationshipenddate",
    "provider": "providerpurchaser provider providercode",
    "setting": "prescribingsetting",
    "sub_icb": "practiceparentsubicbloccode practiceparentsubicblocationcode practiceparentccgcode",
    "sub_icb_name": "practiceparentsubicblocname practiceparentsubicblocationname practiceparentccgname",
    "parent_sub_icb": "pcnparentsubicbloccode pcnparentsubicblocationcode pcnparentccgcode",
    "parent_sub_icb_name": "pcnparentsubicblocname pcnparentsubicblocationname pcnparentccgname",
    "same_sub_icb": "practicesubicbandpcnsubicbmatch practiceccgandpcnccgmatch",
}
_BY_HEADER = {header: column for column, headers in _HEADERS.items() for header in headers.split()}
COLUMNS = tuple(_HEADERS)
# What is compared, and the columns that it takes. Without one of them there is nothing to compare.
_FIELDS = {
    "name": ("name",),
    "address": tuple(f"address_{n}" for n in range(1, 6)),
    **{field: (field,) for field in ("postcode", "opened", "closed", "status", "region", "icb", "parent")},
    **{field: ("parent", field) for field in ("parent_name", "joined", "left")},
    **{field: (field,) for field in ("provider", "setting", "sub_icb", "parent_sub_icb", "same_sub_icb")},
    "sub_icb_name": ("sub_icb", "sub_icb_name"),
    "parent_sub_icb_name": ("parent_sub_icb", "parent_sub_icb_name"),
}
# How far down a header row may be: titles and notes that a person puts above it take a few lines.
_ROWS_OF_TITLES = 20
_DAY_IN_NAME = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)")
# The same as people in Britain write it: 29-11-2026.
_DAY_FIRST = re.compile(r"(?<!\d)(0[1-9]|[12]\d|3[01])[-_.]?(0[1-9]|1[0-2])[-_.]?(20\d\d)(?!\d)")
# And with the name of the month: 29 Nov 2026, November-2026, Nov26.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july"),
            *("aug august", "sep sept september", "oct october", "nov november", "dec december"),
        ),
        1,
    )
    for name in names.split()
}
_MONTH_IN_WORDS = re.compile(
    r"(?i)(?:(?<!\d)([0-3]?\d)(?:st|nd|rd|th)?[-_. ]?)?(?<![a-z])"
    rf"({'|'.join(_MONTHS)})[-_. ]?((?:20)?\d\d)(?!\d)"
)
_CODE = re.compile(r"[A-Z0-9]{1,12}")


@dataclass(frozen=True)
class Report:
    """A report that ODS publishes: one row of ``reports.csv``."""

    name: str
    title: str
    layout: str
    role_ids: tuple[str, ...]
    parent_rel_id: str | None
    parent_role_ids: tuple[str, ...]
    has_geography: bool

    @property
    def fields(self) -> tuple[str, ...]:
        """What is compared in this report, if its file has the columns."""
        left_out: set[str] = set()
        if not self.has_geography:
            left_out |= {"region", "icb"}
        if self.parent_rel_id is None:
            left_out |= {"parent", "joined", "left"}
        if self.name not in _WITH_PROVIDER:
            left_out |= {"provider", "setting"}
        columns = _PLACES[self.layout].keys() - left_out
        return tuple(field for field, needed in _FIELDS.items() if columns >= {*needed})


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


@cache
def reports() -> dict[str, Report]:
    """Return every report that can be compared, by name."""
    text = resources.files("ods_pipeline.reconcile").joinpath("reports.csv").read_text(encoding="utf-8")
    return {
        row["report"]: Report(
            row["report"],
            row["title"],
            row["layout"],
            tuple(filter(None, row["primary_role_ids"].split("|"))),
            row["parent_rel_id"] or None,
            tuple(filter(None, row["parent_role_ids"].split("|"))),
            row["geography"] == "yes",
        )
        for row in csv.DictReader(io.StringIO(text))
    }


def read_report(argument: str) -> ReportFile:
    """Read a report from ``NAME=FILE``, or from a FILE whose name begins with the report's.

    A CSV file, or a zip or gzip file of one, with or without a header row.

    Raises:
        OdsError: There is no such report or file, or the file is not that report.
    """
    report, path = _which(argument)
    content, member = _content(report, path)
    cells = read_text(path, content)
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
    places, header = _places(report, path, frame)
    notes = [*cells.notes, *_notes_on_header(report, frame, places, header)]
    rows = frame.slice(0 if header is None else header + 1).select(
        "line",
        *[
            (pl.col(f"column_{places[c]}") if c in places else pl.lit(None, pl.String)).alias(c)
            for c in COLUMNS
        ],
    )
    if rows.is_empty():
        raise OdsError("the report has a header row and nothing else", where=path, do="Download it again")
    _require_codes(report, path, rows)
    fields = tuple(field for field in report.fields if places.keys() >= {*_FIELDS[field]})
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
    if (stem := _stem(path.name)) in known:
        return known[stem], path
    raise OdsError(
        "it is not clear which report this is",
        where=argument,
        do=f"Give NAME=FILE with one of: {', '.join(known)}",
    )


def _content(report: Report, path: Path) -> tuple[bytes, str]:
    """Return the text of a report, unpacked, and the name of the file in a zip (empty if it is none)."""
    member = ""
    if not path.is_file():
        raise OdsError("there is no such file", where=path, do="Give the path of a report")
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as unpacked:
                content = unpacked.read(MAX_BYTES + 1)
        elif content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                names = _csv_files(report, archive.namelist())
                if any(n.startswith("xl/") for n in archive.namelist()):
                    raise OdsError("this is a workbook", where=path, do="Save the sheet of the report as CSV")
                if len(names) != 1:
                    raise OdsError(
                        f"the zip holds {len(names)} CSV files",
                        where=path,
                        do="Unpack it and give the CSV file of the report",
                    )
                member = PurePosixPath(names[0]).name
                with archive.open(names[0]) as unpacked:
                    content = unpacked.read(MAX_BYTES + 1)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        raise OdsError("the file is damaged or cut short", where=path, do="Download it again") from error
    if len(content) > MAX_BYTES:
        raise OdsError(f"a report may have at most {MAX_BYTES:,} bytes", where=path, do="Give one report")
    return content, member


def _csv_files(report: Report, names: list[str]) -> list[str]:
    """Return the CSV files among the names in a zip; of several the one named as the report, if any."""
    files = [n for n in names if n.lower().endswith(".csv")]
    # A zip made on macOS also has a hidden file for each file.
    files = [n for n in files if not n.startswith("__MACOSX/") and not PurePosixPath(n).name.startswith(".")]
    own = [n for n in files if _stem(PurePosixPath(n).name) == report.name]
    return own if len(own) == 1 else files


def _stem(name: str) -> str:
    """Return the letters with which the name of a file begins."""
    return re.split(r"[^a-z]", name.lower(), maxsplit=1)[0]


def _places(report: Report, path: Path, frame: pl.DataFrame) -> tuple[dict[str, int], int | None]:
    """Return the number of each column that is compared, and which row is the header.

    Null if there is none.
    """
    wanted = {"code", *(column for field in report.fields for column in _FIELDS[field])}
    needed = {"code", "parent"} if report.layout != "organisations" else {"code", "name"}
    cells = frame.drop("line")
    for n, row in enumerate(cells.head(_ROWS_OF_TITLES).iter_rows()):
        titled = {_BY_HEADER[h]: place for place, h in reversed(_headers(row)) if h in _BY_HEADER}
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
    widths = _WIDTHS[report.layout]
    beyond = [pl.col(column).is_not_null() for column in cells.columns[widths[0] :]]
    too_long = frame.filter(pl.any_horizontal(beyond)) if beyond else frame.clear()
    if cells.width < min(widths) or too_long.height:
        where = f"line {too_long['line'][0]}" if too_long.height else "each line"
        raise OdsError(
            f"{where} has {cells.width} columns; {report.name} has {' or '.join(map(str, widths))}",
            where=path,
            do="Give the report as ODS publishes it, or add a header row",
        )
    places = {c: n for c, n in _PLACES[report.layout].items() if c in wanted and n <= cells.width}
    first = frame[f"column_{places['code']}"][0]
    if first is None or not _CODE.fullmatch(first.upper()):
        raise OdsError(
            f"line {frame['line'][0]}: {first or ''!r} is not an ODS code, and there is no known header row",
            where=path,
            do=f"Is this the report {report.name}? Delete what is above its rows, or use the headers of ODS",
        )
    return places, None


def _headers(row: tuple[str | None, ...]) -> list[tuple[int, str]]:
    """Return the place of each cell, from 1, and its letters and digits."""
    return [(n, re.sub(r"[^a-z0-9]", "", (cell or "").lower())) for n, cell in enumerate(row, 1)]


def _require_titles_above(path: Path, above: pl.DataFrame, columns: dict[str, str]) -> None:
    """Raise OdsError if a row above the header row has a code and whatever else each row must have."""
    has_code = pl.col(columns["code"]).str.to_uppercase().str.contains(f"^{_CODE.pattern}$")
    rows = above.filter(has_code & pl.all_horizontal(pl.col(columns.values()).is_not_null()))
    if rows.height:
        raise OdsError(
            f"line {rows['line'][0]} looks like a row of the report, and the header row comes after it",
            where=path,
            do="Put the header row first",
        )


def _notes_on_header(
    report: Report, frame: pl.DataFrame, places: dict[str, int], header: int | None
) -> list[str]:
    """Return what of a file with a header row is not compared: lines, columns, and what has no column."""
    if header is None:
        return []
    notes = []
    if header:
        notes.append(f"the header row is line {frame['line'][header]}; what is above it is taken for a title")
    names = frame.drop("line").row(header)
    known = {*places.values()}
    unknown = [cell for n, cell in enumerate(names, 1) if n not in known and cell and cell.lower() != "null"]
    if unknown:
        notes.append(f"columns of the file that are not compared: {', '.join(unknown)}")
    missing = [field for field in report.fields if not places.keys() >= {*_FIELDS[field]}]
    if missing:
        notes.append(f"not compared, because the file does not have all columns for it: {', '.join(missing)}")
    return notes


def _require_codes(report: Report, path: Path, rows: pl.DataFrame) -> None:
    """Raise OdsError if the column of codes holds something else: another report, or other columns."""
    looks = pl.col("code").str.to_uppercase().str.contains(f"^{_CODE.pattern}$").fill_null(False)
    wrong = rows.filter(~looks)
    if wrong.height * 10 > rows.height:
        line, value = wrong.select("line", "code").row(0)
        raise OdsError(
            f"line {line}: {value!r} is not an ODS code; {wrong.height:,} lines of {rows.height:,} have none",
            where=path,
            do=f"Is this the report {report.name}?",
        )


def days_in(name: str) -> tuple[date | None, date | None]:
    """Return the first and last day that a date or month in a name can mean; None where there is none.

    A date is 2026-11-29, 20261129, 29-11-2026 or 29 Nov 2026, a month 2026-11 or November 2026.
    """
    if day_first := _DAY_FIRST.search(name):
        number, month, year = map(int, day_first.groups())
    elif words := _MONTH_IN_WORDS.search(name):
        number, year = int(words[1] or 0), 2000 + int(words[3][-2:])
        month = _MONTHS[words[2].lower()]
    elif year_first := _DAY_IN_NAME.search(name):
        year, month, number = int(year_first[1]), int(year_first[2]), int(year_first[3] or 0)
    else:
        return None, None
    if number == 0:
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    try:
        day = date(year, month, number)
    except ValueError:
        return None, None
    return day, day
