"""How many cells a workbook unfolds to, counted before the reader opens it.

The reader allocates a sheet from its first cell to its last. One cell at the far corner of a sheet of 5 kB
asks for 500 GB of memory, and the operating system ends a process that cannot have them, without an error.

Lives here: the far corner of each sheet, from the raw parts of xlsx, xlsb and ods. Does not live here:
reading (``reading.py``).
"""

import re
import zipfile
from collections.abc import Iterator

# A list of every code in the register, with twenty columns, has eight million cells of some 30 bytes.
MAX_CELLS = 20_000_000
_REFERENCE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{0,3})\$?(\d{1,10})[\"']")
_CELL = re.compile(rb"<(?:\w+:)?c[\s>/]")
_ODS_ROW = re.compile(rb"<table:table-row\b([^>]*)>(.*?)</table:table-row>", re.DOTALL)
_ODS_FILLED = re.compile(rb"office:value|<text:p|table:formula")
_ODS_ROWS = re.compile(rb"number-rows-repeated\s*=\s*[\"'](\d{1,10})")
_ODS_COLUMNS = re.compile(rb"number-columns-repeated\s*=\s*[\"'](\d{1,10})")
_ROW_HEADER, _CELLS = 0, range(1, 12)  # records of an xlsb sheet: BrtRowHdr; BrtCellBlank to BrtFmlaError


def cells_in(archive: zipfile.ZipFile) -> int:
    """Return the number of cells of the largest sheet, from its first cell to its last.

    Every part is read, so a part that does not match its header raises what zipfile raises.
    """
    return max((_cells_in_part(info.filename, archive.read(info)) for info in archive.infolist()), default=0)


def _cells_in_part(name: str, part: bytes) -> int:
    """Count the cells of a part. A sheet can have any name, so each part is read as if it were one."""
    if name == "content.xml":
        return _of_ods(part)
    return _of_xlsx(part) if part.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else _of_xlsb(part)


def _of_xlsx(sheet: bytes) -> int:
    """Count by the references of cells and rows; without references, by the cells."""
    rows, columns, column_names = 1, 1, set()
    for reference in _REFERENCE.finditer(sheet):
        column_names.add(reference[1])
        rows = max(rows, int(reference[2]))
    for letters in column_names:
        column = 0
        for letter in letters.upper():
            column = column * 26 + letter - ord("A") + 1
        columns = max(columns, column)
    return max(rows * columns, len(_CELL.findall(sheet)))


def _of_xlsb(sheet: bytes) -> int:
    rows = columns = 1
    for kind, content in _records(sheet):
        if kind == _ROW_HEADER:
            rows = max(rows, int.from_bytes(content[:4], "little") + 1)
        elif kind in _CELLS:
            columns = max(columns, int.from_bytes(content[:4], "little") + 1)
    return rows * columns


def _records(sheet: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the content of each record of a binary part."""
    at = 0
    while at < len(sheet):
        kind, at = _number(sheet, at, 2)
        size, at = _number(sheet, at, 4)
        yield kind, sheet[at : at + size]
        at += size


def _number(sheet: bytes, at: int, most: int) -> tuple[int, int]:
    """Return a number of up to ``most`` bytes with seven bits each, and the position after it."""
    value = 0
    for n in range(most):
        if at >= len(sheet):
            break
        byte, at = sheet[at], at + 1
        value |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            break
    return value, at


def _of_ods(content: bytes) -> int:
    """Count the rows with content, with their repetitions, times the widest of them."""
    rows, widest = 0, 1
    for attributes, inner in _ODS_ROW.findall(content):
        repeated = _ODS_ROWS.search(attributes)
        if not _ODS_FILLED.search(inner):
            rows += 1
            continue
        rows += int(repeated.group(1)) if repeated else 1
        widest = max(widest, inner.count(b"<table:table-cell") + sum(map(int, _ODS_COLUMNS.findall(inner))))
    return rows * widest
