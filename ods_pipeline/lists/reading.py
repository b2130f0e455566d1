"""Files that people keep codes in, as columns of text with the line each cell stands on.

Lives here: which kind of file it is (by its content, not its name) and how its cells become text. Does not
live here: which column holds the codes (``columns.py``). Whatever is wrong with a file is an OdsError.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import fastexcel
import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.extent import MAX_CELLS, cells_in
from ods_pipeline.lists.text import read_text

# A list of every code there is takes 4 MB. Beyond this something else was meant.
MAX_BYTES = 500_000_000
_OLE2 = bytes.fromhex("D0CF11E0A1B11AE1")  # .xls, and .xlsx behind a password
# RuntimeError: encrypted, or packed by an unknown method.
_ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError)
_FOREIGN = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "compressed by gzip",
    b"\x89PNG": "a picture",
    b"SQLite format 3": "an SQLite database",
}


def read_cells(path: Path, sheet: str | None = None) -> Cells:
    """The cells of a CSV, TSV, Excel (xlsx, xls, ods) or Parquet file; ``sheet`` names one of a workbook.

    Raises OdsError if the file is missing, is something else, is damaged, or has nothing in it.
    """
    if not path.is_file():
        raise OdsError("there is no such file", where=path, do="Give the path of a list of codes")
    if path.stat().st_size > MAX_BYTES:
        raise OdsError(
            f"the file has {path.stat().st_size:,} bytes; a list may have {MAX_BYTES:,}",
            where=path,
            do="Cut it to the column of codes",
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise OdsError(f"it cannot be read ({error.strerror})", where=path, do="Give another file") from error
    if content[:4] == b"PAR1":
        cells = _guarded(path, "Parquet file", lambda: _read_parquet(content))
    elif content[:8] == _OLE2 or content[:4] == b"PK\x03\x04":
        _refuse_other_zips(path, content)
        cells = _guarded(path, "workbook", lambda: _read_excel(path, content, sheet))
    else:
        foreign = next((what for magic, what in _FOREIGN.items() if content.startswith(magic)), None)
        if foreign:
            raise OdsError(
                f"this is no list but {foreign}", where=path, do="Save it as CSV, Excel or Parquet"
            )
        cells = read_text(path, content)
    if not cells.lines or not any(cell and cell.strip() for column in cells.columns for cell in column):
        raise OdsError("there is nothing in the file", where=path, do="Give a file with a column of codes")
    return cells


def _guarded(path: Path, kind: str, read: Callable[[], Cells]) -> Cells:
    """What a reader in Rust makes of a damaged file is an exception of its own or a panic; to people both are
    one thing: the file is damaged."""
    try:
        return read()
    except (OdsError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        told = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise OdsError(
            f"the {kind} cannot be read: it is damaged or has a password ({told})",
            where=path,
            do="Open it, save it as CSV and give that",
        ) from error


def _refuse_other_zips(path: Path, content: bytes) -> None:
    """A workbook is a zip, but not every zip is a workbook, and one may unpack to far more than it weighs."""
    if content[:8] == _OLE2:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [m.filename for m in archive.infolist()]
            is_too_much = sum(m.file_size for m in archive.infolist()) > MAX_BYTES
            cells = 0 if is_too_much else cells_in(archive)
    except _ZIP_DAMAGE as error:
        raise OdsError(
            "the workbook is damaged or cut short", where=path, do="Open it, save it as CSV and give that"
        ) from error
    if not any(name.startswith("xl/") or name == "content.xml" for name in members):
        raise OdsError(
            "this is a zip, and no workbook in it", where=path, do="Unpack it and give the list itself"
        )
    if is_too_much:
        raise OdsError("the workbook unpacks to too much", where=path, do="Save the list alone as CSV")
    if cells > MAX_CELLS:
        raise OdsError(
            f"a sheet of the workbook reaches over {cells:,} cells; it may over {MAX_CELLS:,}",
            where=path,
            do="Save the list alone as CSV",
        )


def _read_excel(path: Path, content: bytes, sheet: str | None) -> Cells:
    """One sheet of a workbook: the one named, else the first with anything in it. Numbers come as text."""
    workbook = fastexcel.read_excel(content)
    names = workbook.sheet_names
    if sheet is not None and sheet not in names:
        raise OdsError(
            f"the workbook has no sheet {sheet!r}", where=path, do=f"It has: {', '.join(names) or 'none'}"
        )
    for name in [sheet] if sheet is not None else names:
        # skip_rows=0: empty rows at the top count, so that line numbers are those of the spreadsheet.
        frame = workbook.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
        if frame.height and frame.width:
            others = [other for other in names if other != name]
            notes = [f"sheet {name!r} is read; the workbook has also {', '.join(others)}"] if others else []
            return Cells(
                list(range(1, frame.height + 1)), [s.to_list() for s in frame.iter_columns()], notes=notes
            )
    return Cells([], [])


def _read_parquet(content: bytes) -> Cells:
    """The columns of a Parquet file that can be codes: text, and whole numbers as text."""
    frame = pl.read_parquet(io.BytesIO(content))
    usable = [s for s in frame.iter_columns() if s.dtype in _TEXTS or s.dtype.is_integer()]
    return Cells(
        list(range(1, frame.height + 1)),
        [s.cast(pl.String).to_list() for s in usable],
        names=[s.name for s in usable],
    )


_TEXTS = (pl.String, pl.Categorical, pl.Enum)
