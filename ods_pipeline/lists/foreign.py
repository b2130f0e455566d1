"""Files that are no lists, and what to do with each.

Lives here: knowing them by their content. Does not live here: workbooks that are damaged, have a password or
are too large (``reading.py``).
"""

_SAVE = "Save it as CSV, Excel or Parquet"
_UNPACK = "Unpack it and give the list itself"
_COPY = "Copy the codes into a text file or a spreadsheet and give that"
# What each begins with, what it is, and what to do.
_BEGINNINGS = (
    (b"%PDF", "a PDF", _COPY),
    (b"{\\rtf", "a document (RTF)", _COPY),
    (b"\x1f\x8b", "a gzip file", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip file", _UNPACK),
    (b"Rar!", "a RAR file", _UNPACK),
    (b"\x89PNG", "a picture", _COPY),
    (b"\xff\xd8\xff", "a picture", _COPY),
    (b"ARROW1", "an Arrow (Feather) file", _SAVE),
    (b"SQLite format 3", "an SQLite database", _SAVE),
    (b"<?xml", "XML", "Open it in a spreadsheet, save it as CSV and give that"),
)
# What a zip is that has such a member.
_MEMBERS = (
    ("word/", "a Word document", _COPY),
    ("ppt/", "a presentation", _COPY),
    ("Index/Document.iwa", "a Numbers or Pages document", "Export it as CSV and give that"),
)


def foreign_file(content: bytes) -> tuple[str, str] | None:
    """Return what a file is that is no list, and what to do; None if it may be a list."""
    begins = content[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    is_page = b"<html" in content[:2_000].lower()
    kinds = ((what, do) for magic, what, do in _BEGINNINGS if begins.startswith(magic))
    return None if is_page else next(kinds, None)


def foreign_zip(members: list[str]) -> tuple[str, str]:
    """Return what a zip is that is no workbook, and what to do."""
    kinds = (
        (f"this is {what}, not a list", do)
        for prefix, what, do in _MEMBERS
        if any(name.startswith(prefix) for name in members)
    )
    return next(kinds, ("this is a zip, not a workbook", _UNPACK))
