"""Comments and CDATA sections: text in which nothing that looks like a tag is one.

Everything that looks for tags in raw bytes asks here first. ODS writes neither, so that the usual price
is one look for ``<!``.
"""

import re
from xml.sax.saxutils import escape

_COMMENT_OR_CDATA = re.compile(rb"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ALSO_UNENDED = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)


def blanked(text: bytes | bytearray) -> bytes | bytearray:
    """``text``, each byte at its place, with comments made spaces and CDATA sections made dots.

    One that has no end (yet) is made dots up to the end of ``text``: what stands in it is no tag, and it
    is not nothing either.
    """
    return _ALSO_UNENDED.sub(_blank, text) if _may_hold(text) else text


def plain(document: bytes) -> bytes:
    """``document`` without comments, and with CDATA sections as ordinary text: the same to a parser."""
    return _COMMENT_OR_CDATA.sub(_as_text, document) if _may_hold(document) else document


def _may_hold(text: bytes | bytearray) -> bool:
    # A look for one byte is many times faster, and ODS hardly ever writes an exclamation mark.
    return b"!" in text and b"<!" in text


def _blank(found: re.Match[bytes]) -> bytes:
    whole = found.group()
    ended_comment = len(whole) >= len(b"<!---->") and whole.startswith(b"<!--") and whole.endswith(b"-->")
    return (b" " if ended_comment else b".") * len(whole)


def _as_text(found: re.Match[bytes]) -> bytes:
    cdata: bytes | None = found.group(1)
    # Latin-1 gives each byte a letter of its own, so that text that is not UTF-8 passes unharmed.
    return escape(cdata.decode("latin-1"), {'"': "&quot;"}).encode("latin-1") if cdata else b""
