"""CSV, TSV, Excel and Parquet files as columns of text with line numbers.

Lives here: which kind of file it is (by its content, not its name) and how its cells become text. Does not
live here: which column holds the codes (``columns.py``). Anything wrong with a file is an OdsError.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import fastexcel
import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import ENOUGH
from ods_pipeline.lists.extent import MAX_CELLS, cells_in
from ods_pipeline.lists.foreign import foreign_file, foreign_zip
from ods_pipeline.lists.parquet import read_parquet
from ods_pipeline.lists.text import read_text

T = TypeVar("T")
# A list of every code in the register takes 4 MB. A larger file than this is something else.
MAX_BYTES = 500_000_000
# Cells whose formula failed, as the reader names them and as people see them.
_ERRORS = {
    "NA": "#N/A",
    "Div0": "#DIV/0!",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
}
_SAVE_AGAIN, _SAVE_THE_LIST = "Open it, save it as CSV and give that", "Save only the list, as CSV"
_OLE2 = bytes.fromhex("D0CF11E0A1B11AE1")  # .xls, and .xlsx behind a password
# RuntimeError: encrypted, or compressed by an unknown method.
_ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError)


def is_workbook(content: bytes) -> bool:
    """Return whether a file is a workbook, by its content; damaged zips and other ones are none."""
    if content[:4] != b"PK\x03\x04":
        return content[:8] == _OLE2
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _is_of_workbook(archive.namelist())
    except _ZIP_DAMAGE:
        return False


def _is_of_workbook(members: list[str]) -> bool:
    return any(name.startswith("xl/") or name == "content.xml" for name in members)


def read_cells(
    path: Path,
    sheet: str | None = None,
    share_of_codes: Callable[[Cells], float] | None = None,
    prefers: Callable[[str], bool] | None = None,
) -> Cells:
    """Return the cells of a CSV, TSV, Excel (xlsx, xls, ods) or Parquet file.

    Args:
        path: The file.
        sheet: The sheet of a workbook. Default: the first with codes, else the first that is not empty; a
            hidden one only if no other is a list.
        share_of_codes: How much of the cells of a sheet are codes, from 0 to 1.
        prefers: Whether a sheet of this name is one to choose from. Default: all are, as where none is.

    Raises:
        OdsError: The file is missing, too large, of another kind, damaged or empty.
    """
    return _cells_of_file(path, _content_of(path), sheet, share_of_codes, prefers)


def _content_of(path: Path) -> bytes:
    """Return the bytes of a file, or of a pipe, which can be read once."""
    if path.is_dir():
        raise OdsError("this is a folder", where=path, do="Give the path of a list of codes")
    if not (path.is_file() or path.is_fifo()):
        raise OdsError("there is no such file", where=path, do="Give the path of a list of codes")
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise OdsError(
            f"the file cannot be read ({error.strerror})", where=path, do="Give another file"
        ) from error
    if len(content) > MAX_BYTES:
        raise OdsError(
            f"the file has more than {MAX_BYTES:,} bytes, the most that a list may have",
            where=path,
            do="Keep only the column of codes",
        )
    return content


def _cells_of_file(
    path: Path,
    content: bytes,
    sheet: str | None,
    share_of_codes: Callable[[Cells], float] | None,
    prefers: Callable[[str], bool] | None,
) -> Cells:
    may_be_workbook = content[:8] == _OLE2 or content[:4] == b"PK\x03\x04"
    if sheet is not None and not may_be_workbook:
        raise OdsError("only a workbook has sheets", where=path, do="Leave --sheet out")
    if content[:4] == b"PAR1":
        cells = _read_or_explain(path, "Parquet file", lambda: read_parquet(content))
    elif may_be_workbook:
        _reject_other_zips(path, content)
        choice = (sheet, share_of_codes, prefers)
        cells = _read_or_explain(path, "workbook", lambda: _read_excel(path, content, *choice))
    else:
        if foreign := foreign_file(content):
            raise OdsError(f"this is {foreign[0]}, not a list", where=path, do=foreign[1])
        cells = read_text(path, content)
    if not cells.lines or not any(cell and cell.strip() for column in cells.columns for cell in column):
        raise OdsError("there is nothing in the file", where=path, do="Give a file with a column of codes")
    return cells


def read_sheets(path: Path) -> tuple[dict[str, Cells], list[str]]:
    """Return the cells of each sheet of a workbook that is not empty, by name, and the names of the others.

    Raises:
        OdsError: The file is missing, not a workbook, too large or damaged.
    """
    content = _content_of(path)
    first = _cells_of_file(path, content, None, None, None)
    if content[:8] != _OLE2 and content[:4] != b"PK\x03\x04":
        raise OdsError("only a workbook has sheets", where=path, do="Leave --all-sheets out")
    names = _read_or_explain(path, "workbook", lambda: fastexcel.read_excel(content).sheet_names)
    sheets = {name: first if len(names) == 1 else _sheet(path, content, name) for name in names}
    filled = {name: cells for name, cells in sheets.items() if cells.lines}
    return filled, [name for name in names if name not in filled]


def _sheet(path: Path, content: bytes, name: str) -> Cells:
    return _read_or_explain(path, "workbook", lambda: _cells_of(fastexcel.read_excel(content), name)[0])


def _read_or_explain(path: Path, kind: str, read: Callable[[], T]) -> T:
    """Read, and turn whatever a reader written in Rust raises into an OdsError.

    A damaged file makes it raise an exception of its own or panic. A panic is a BaseException.
    """
    try:
        return read()
    except (OdsError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise OdsError(
            f"the {kind} cannot be read: it is damaged or has a password ({reason})",
            where=path,
            do=_SAVE_AGAIN,
        ) from error


def _reject_other_zips(path: Path, content: bytes) -> None:
    """Raise OdsError for a zip that is not a workbook, or for one that unpacks to too much."""
    if content[:8] == _OLE2:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [m.filename for m in archive.infolist()]
            is_too_much = sum(m.file_size for m in archive.infolist()) > MAX_BYTES
            cells = 0 if is_too_much else cells_in(archive)
    except _ZIP_DAMAGE as error:
        raise OdsError("the workbook is damaged or cut short", where=path, do=_SAVE_AGAIN) from error
    if not _is_of_workbook(members):
        what, do = foreign_zip(members)
        raise OdsError(what, where=path, do=do)
    if is_too_much:
        raise OdsError(
            f"the workbook unpacks to more than {MAX_BYTES:,} bytes",
            where=path,
            do=_SAVE_THE_LIST,
        )
    if cells > MAX_CELLS:
        raise OdsError(
            f"a sheet of the workbook spans {cells:,} cells; it may span at most {MAX_CELLS:,}",
            where=path,
            do=_SAVE_THE_LIST,
        )


def _read_excel(
    path: Path,
    content: bytes,
    sheet: str | None,
    share_of_codes: Callable[[Cells], float] | None,
    prefers: Callable[[str], bool] | None,
) -> Cells:
    """Return the requested sheet of a workbook, else the one that has codes."""
    workbook = fastexcel.read_excel(content)
    names = workbook.sheet_names
    if sheet is not None and sheet not in names:
        raise OdsError(
            f"the workbook has no sheet {sheet!r}",
            where=path,
            do=f"Give --sheet with one of: {', '.join(names) or 'none'}",
        )
    best, best_rank = Cells([], []), (-1.0, False)
    preferred = [name for name in names if prefers and prefers(name)] or names
    for name in [sheet] if sheet is not None else preferred:
        cells, is_visible = _cells_of(workbook, name)
        if not cells.lines:
            continue
        others = [other for other in names if other != name]
        notes = [f"sheet {name!r} is read; the workbook also has {', '.join(others)}"] if others else []
        share = share_of_codes(cells) if share_of_codes else 1.0
        # A hidden sheet is often the list of last year, so those that people see are all tried before it.
        is_list = share >= ENOUGH and is_visible
        if is_list or (share, is_visible) > best_rank:
            best, best_rank = replace(cells, notes=[*notes, *cells.notes]), (share, is_visible)
        if is_list:
            break
    return best


def _cells_of(workbook: fastexcel.ExcelReader, name: str) -> tuple[Cells, bool]:
    """Return the cells of a sheet as text, and whether people see it. An empty sheet has no lines."""
    # skip_rows=0: empty rows at the top count, so that line numbers are those of the spreadsheet.
    sheet = workbook.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
    is_visible = sheet.visible == "visible"
    batch, errors = sheet.to_arrow_with_errors()
    frame = pl.DataFrame(pl.from_arrow(batch))
    if not frame.height or not frame.width:
        return Cells([], []), is_visible
    columns = [_as_shown(series).to_list() for series in frame.iter_columns()]
    for error in errors.errors if errors else []:
        row, column = error.offset_position
        columns[column][row] = _ERRORS.get(error.detail.rpartition("Error(")[2].rstrip(")'"), "#ERROR!")
    notes = [] if is_visible else [f"sheet {name!r} is hidden"]
    lines = list(range(1, frame.height + 1))
    return Cells(lines, columns, notes=notes), is_visible


def _as_shown(cells: pl.Series) -> pl.Series:
    """Return cells with numbers as a spreadsheet shows them: 8E123, a number of 124 digits, as 8E+123.

    A spreadsheet keeps fifteen digits, so a longer whole number is one that it made of something else. The
    reader gives a day a time.
    """
    cells = cells.str.replace(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]00:00:00$", "$1")
    long = cells.filter(cells.str.contains(r"^[0-9]{16,}([.]0+)?$")).unique()
    return cells.replace(long, [f"{float(text):.15G}" for text in long]) if long.len() else cells
