"""Comments and CDATA sections: text in which nothing that looks like a tag is a tag.

Code that looks for tags in raw bytes removes both first. ODS writes neither, so usually the only cost is one
search for ``!``.
"""

import re
from xml.sax.saxutils import escape

_COMMENT_OR_CDATA = re.compile(rb"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ALSO_UNENDED = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)


def blanked(text: bytes | bytearray) -> bytes | bytearray:
    """Return ``text`` with comments as spaces and CDATA sections as dots; every other byte keeps its place.

    A comment or section without an end (yet) becomes dots up to the end of ``text``: nothing in it is a tag,
    and yet something is there.
    """
    return _ALSO_UNENDED.sub(_blank, text) if _may_hold(text) else text


def plain(document: bytes) -> bytes:
    """Return ``document`` without comments and with CDATA as ordinary text: a parser reads the same."""
    return _COMMENT_OR_CDATA.sub(_as_text, document) if _may_hold(document) else document


def _may_hold(text: bytes | bytearray) -> bool:
    # To look for one byte is many times faster, and ODS hardly ever writes an exclamation mark.
    return b"!" in text and b"<!" in text


def _blank(match: re.Match[bytes]) -> bytes:
    whole = match.group()
    ended_comment = len(whole) >= len(b"<!---->") and whole.startswith(b"<!--") and whole.endswith(b"-->")
    return (b" " if ended_comment else b".") * len(whole)


def _as_text(match: re.Match[bytes]) -> bytes:
    cdata: bytes | None = match.group(1)
    # Latin-1 has a character for every byte, so text that is not UTF-8 passes through unchanged.
    return escape(cdata.decode("latin-1"), {'"': "&quot;"}).encode("latin-1") if cdata else b""
