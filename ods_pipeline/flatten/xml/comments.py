"""Comments, CDATA sections and processing instructions: text in which nothing that looks like a tag is a tag.

Code that looks for tags in raw bytes removes all three first. They are found together, from left to right: an
instruction may hold ``<!--`` and a comment ``<?``, and neither begins anything there. ODS writes none of them
below the XML declaration, so usually the only cost is one search for ``!`` and one for ``?``.

Lives here too: line ends and white space as XML defines them, which the record parser leaves as they are.
"""

import re
from xml.sax.saxutils import escape

_ANY = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ALSO_UNENDED = re.compile(rb"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_START_TAG = re.compile(rb"""<[^\s<>/!?'"](?:[^<>'"]|"[^"<]*"|'[^'<]*')*>""")
_TO_SPACES = bytes.maketrans(b"\t\n", b"  ")
_FEW = 10_000


def blanked(text: bytes | bytearray) -> bytes | bytearray:
    """Return ``text`` with comments and instructions as spaces and CDATA as dots; no other byte moves.

    What has no end (yet) becomes dots up to the end of ``text``: nothing in it is a tag, and yet something is
    there.
    """
    return _ALSO_UNENDED.sub(_blank, text) if may_hold(text) else text


def plain(document: bytes) -> bytes:
    """Return ``document`` without comments and instructions and with CDATA as text: a parser reads the same.

    The XML declaration is removed, too: it has the form of an instruction.
    """
    return _ANY.sub(_as_text, document) if may_hold(document) else document


def may_hold(text: bytes | bytearray) -> bool:
    """Return whether ``text``, first byte included, may hold a comment, CDATA section or instruction."""
    return _begins_with(b"!", text) or _begins_with(b"?", text)


def _begins_with(byte: bytes, text: bytes | bytearray) -> bool:
    """Return whether ``byte`` is the first byte of ``text`` or follows a ``<``."""
    # Searching for one byte is many times faster than for two, and ODS hardly ever writes these two. If there
    # are many, the search is for two bytes after all.
    at = text.find(byte)
    for _ in range(_FEW):
        if at < 0:
            return False
        if at == 0 or text[at - 1] == ord("<"):
            return True
        at = text.find(byte, at + 1)
    return text.find(b"<" + byte) >= 0


def with_xml_line_ends(document: bytes) -> bytes:
    """Return a plain document with its white space as a parser must hand it over.

    CR LF and CR are LF (XML 1.0, section 2.11), and a tab or line end in an attribute is a space (3.3.3).
    Those written as ``&#13;`` stay.
    """
    text = document.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _START_TAG.sub(lambda tag: tag.group().translate(_TO_SPACES), text)


def _blank(match: re.Match[bytes]) -> bytes:
    whole = match.group()
    is_comment = len(whole) >= len(b"<!---->") and whole.startswith(b"<!--") and whole.endswith(b"-->")
    is_instruction = len(whole) >= len(b"<??>") and whole.startswith(b"<?") and whole.endswith(b"?>")
    return (b" " if is_comment or is_instruction else b".") * len(whole)


def _as_text(match: re.Match[bytes]) -> bytes:
    cdata: bytes | None = match.group(1)
    # Latin-1 has a character for every byte, so text that is not UTF-8 passes through unchanged.
    return escape(cdata.decode("latin-1"), {'"': "&quot;"}).encode("latin-1") if cdata else b""
