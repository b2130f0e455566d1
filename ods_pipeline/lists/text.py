"""Text files as cells: their encoding, their delimiter, their quotes.

Nothing is guessed silently: every choice that is not the obvious one is a note.
"""

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.html import table_in_html
from ods_pipeline.lists.pasted import pasted_list
from ods_pipeline.lists.records import records
from ods_pipeline.lists.sentences import codes_in_sentences

# The last is between the columns of a table that DuckDB prints.
DELIMITERS = (",", "\t", ";", "|", "\u2502")
MAX_COLUMNS = 2_000
_SNIFFED_LINES = 200
# Own rules, not charset-normalizer: of 24 small lists it read 22 as written (a pound sign became Japanese, a
# dash Cyrillic) and took 70 times as long; these rules read all 24 (2026-11-29, version 3.5).
# UTF-32 before UTF-16: its byte-order mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_STATED = re.compile(r"""(?i)"?sep=([^\w\s"']|\t)"?[ \t]*(?:\r\n|\r|\n)""")
# A line that a database prints above, within or below a table.
_RULER = re.compile(r"[-+=|\s\u2500-\u257f]+")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def read_text(path: Path, content: bytes) -> Cells:
    """Return the cells of a file separated by commas, tabs, semicolons or pipes, or of plain lines.

    Raises:
        OdsError: The content is not text, or has more than ``MAX_COLUMNS`` columns.
    """
    text, notes = decode(path, content)
    readers = (table_in_html, pasted_list, records, codes_in_sentences)
    if (cells := next(filter(None, (read(text) for read in readers)), None)) is not None:
        return replace(cells, notes=[*notes, *cells.notes])
    # Excel takes the delimiter from a first line such as sep=; and shows the lines after it.
    stated = _STATED.match(text)
    begins, text = (2, text[stated.end() :]) if stated else (1, text)
    delimiter = stated[1] if stated else sniff(text)
    try:
        lines, rows = _rows(text, delimiter, True, begins=begins)
    except csv.Error:
        # An unclosed quote would swallow the rest of the file, so the file is read again without quoting.
        try:
            lines, rows = _rows(text, delimiter, False, begins=begins)
        except csv.Error as error:
            raise OdsError(
                f"the file is not a list of lines ({error})",
                where=path,
                do="Save it as CSV, one code on each line",
            ) from error
        notes.append("quotes are not in pairs, so they are read as ordinary characters")
    widest = max((len(row) for row in rows), default=0)
    if widest > MAX_COLUMNS:
        line = next(n for n, row in zip(lines, rows, strict=True) if len(row) == widest)
        raise OdsError(
            f"line {line:,} has {widest:,} cells; a list may have at most {MAX_COLUMNS:,}",
            where=path,
            do="Put one code on each line",
        )
    return Cells(lines, [list(column) for column in zip_longest(*rows)], notes=notes)


def decode(path: Path, content: bytes) -> tuple[str, list[str]]:
    """Return the text of a file, and notes about its encoding.

    The byte-order mark decides; without one, many zeros mean UTF-16, valid UTF-8 is UTF-8, and anything else
    is Windows-1252.

    Raises:
        OdsError: The content is not text.
    """
    notes: list[str] = []
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None) or _utf16(content)
    if encoding is None:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            text = content.decode("cp1252", errors="replace")
            line = content.count(b"\n", 0, error.start) + 1
            notes.append(f"the file is not UTF-8 (line {line:,}), so it is read as Windows-1252")
    else:
        text = content.decode(encoding, errors="replace").removeprefix("\ufeff")
        if "\ufffd" in text:
            notes.append(f"some characters are not {encoding.upper()} and are lost")
    strange = sum(1 for _ in zip(_NOT_TEXT.finditer(text), range(len(text) // 500 + 3), strict=False))
    if strange > len(text) // 500 + 2:
        raise OdsError("this is not a text file", where=path, do="Save the list as CSV, Excel or Parquet")
    return text, notes


def _utf16(content: bytes) -> str | None:
    """UTF-16 without a byte-order mark, or None: in plain letters every second byte is zero."""
    head = content[:4096]
    low, high = head[1::2].count(0), head[0::2].count(0)
    if len(head) < 4 or max(low, high) < len(head) * 0.3:
        return None
    return "utf-16-le" if low > high else "utf-16-be"


def sniff(text: str) -> str:
    """Return the delimiter that splits most of the first lines into the same number of cells, at least two.

    If none does, it is a comma.
    """
    filled = [line for line in text[:200_000].splitlines() if line.strip() and not _RULER.fullmatch(line)]
    head = "\n".join(filled[:_SNIFFED_LINES])
    best, delimiter = (0.0, 0), ","
    for candidate in DELIMITERS:
        try:
            _, rows = _rows(head, candidate, True, strict=False)
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows)
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        if width >= 2 and (count / len(rows), width) > best:
            best, delimiter = (count / len(rows), width), candidate
    return delimiter


def _rows(
    text: str, delimiter: str, quoted: bool, *, strict: bool = True, begins: int = 1
) -> tuple[list[int], list[list[str]]]:
    """Rows, and the line on which each begins. Empty lines give no row but count."""
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=strict)
    lines, rows, before = [], [], begins
    for row in reader:
        if row:
            lines.append(before)
            rows.append(row)
        before = reader.line_num + begins
    return lines, rows
