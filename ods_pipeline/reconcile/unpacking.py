"""The cells of a report: of a CSV file as it is, of one out of a gzip or zip file, or of a workbook.

Lives here: which file of a zip or sheet of a workbook is the report, and limits. Does not live here:
encodings, delimiters and quotes (``lists/text.py``), and workbooks (``lists/reading.py``).
"""

import gzip
import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.columns import largest_share
from ods_pipeline.lists.reading import is_workbook, read_cells
from ods_pipeline.lists.text import read_text
from ods_pipeline.reconcile.reports import Report, name_in

# The largest report, ecarehomesite, has some 15 MB.
MAX_BYTES = 200_000_000
_BEGINNING = 100


def cells_of(report: Report, path: Path) -> tuple[Cells, str]:
    """Return the cells of a report, and the name of its file in a zip (empty if it is none)."""
    if not path.is_file():
        raise OdsError("there is no such file", where=path, do="Give the path of a report")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise OdsError(
            f"the file cannot be read ({error.strerror})", where=path, do="Give another file"
        ) from error
    if is_workbook(content):
        cells = read_cells(path, share_of_codes=largest_share, prefers=lambda s: name_in(s) == report.name)
        return cells, ""
    content, member = _unpacked(report, path, content)
    _reject_answers(path, content)
    return read_text(path, content), member


def _reject_answers(path: Path, content: bytes) -> None:
    """Raise OdsError for what a website answers instead of a report: a page without a table, or JSON."""
    begins = content[:_BEGINNING].removeprefix(b"\xef\xbb\xbf").lstrip()
    is_page = begins.startswith(b"<") and b"<td" not in content.lower()
    if is_page or begins.startswith(b"{"):
        what = "a web page or XML" if is_page else "JSON"
        raise OdsError(f"this is {what}, not a report", where=path, do="Download the report again")


def _unpacked(report: Report, path: Path, content: bytes) -> tuple[bytes, str]:
    """Return the text of a report, unpacked, and the name of the file in a zip (empty if it is none)."""
    member = ""
    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as stream:
                content = stream.read(MAX_BYTES + 1)
        elif content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                names = _csv_files(report, archive.namelist())
                if len(names) != 1:
                    raise OdsError(
                        f"the zip holds {len(names)} CSV files",
                        where=path,
                        do="Unpack it and give the CSV file of the report",
                    )
                member = PurePosixPath(names[0]).name
                with archive.open(names[0]) as stream:
                    content = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        raise OdsError("the file is damaged or cut short", where=path, do="Download it again") from error
    if len(content) > MAX_BYTES:
        raise OdsError(f"a report may have at most {MAX_BYTES:,} bytes", where=path, do="Give one report")
    return content, member


def _csv_files(report: Report, names: list[str]) -> list[str]:
    """Return the CSV files, else the text files, among the names in a zip.

    Of several it is the one named as the report, if any.
    """
    files = [n for n in names if n.lower().endswith((".csv", ".txt"))]
    files = [n for n in files if n.lower().endswith(".csv")] or files
    # A zip made on macOS also has a hidden file for each file.
    files = [n for n in files if not n.startswith("__MACOSX/") and not PurePosixPath(n).name.startswith(".")]
    own = [n for n in files if name_in(PurePosixPath(n).name) == report.name]
    return own if len(own) == 1 else files
