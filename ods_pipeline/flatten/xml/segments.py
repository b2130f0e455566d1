"""Cut the stream of a register file at record boundaries, and prove that the file is whole.

Lives here: everything that must be true of the bytes before a parser sees them: encoding, root element, no
document type, nothing missing at the end. The XML parser itself accepts garbage, an empty file and a file cut
between two records without a word, so these checks are not optional. Does not live here: the meaning of any
element (``rows.py``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.xml.comments import blanked, may_hold
from ods_pipeline.flatten.xml.inflate import Readable

NAMESPACE = b"http://refdata.hscic.gov.uk/org/v2-0-0"
# Small enough for the allocator to reuse the buffers, large enough to make the fixed cost of a segment small.
SEGMENT_BYTES = 24 << 20
HEAD_LIMIT = 16 << 20
RECORD_LIMIT = 64 << 20
FETCH_AGAIN = "Fetch the release again and compare its SHA-256 with the one TRUD gives"

_RECORD_START = re.compile(rb"<Organisation[\s/>]")
_RECORD_END = b"</Organisation>"
_RECORD_END_ANY = re.compile(rb"</Organisation\s*>|<Organisation(?:\s[^<>]*)?/>")
_ROOT = re.compile(rb"<(?!\?|!)([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)([^>]*)>")
_DECLARATION = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]*)["'][^>]*\?>""")
_SAME_AS_UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")
_TAIL = re.compile(rb"\s*</Organisations\s*>\s*</(?:[A-Za-z_][\w.-]*:)?OrgRefData\s*>\s*\Z")
_NO_RECORDS = re.compile(rb"<Organisations\s*/>\s*</(?:[A-Za-z_][\w.-]*:)?OrgRefData\s*>\s*\Z")

RECORDS_OPEN = b"<OrgRefData><Organisations>"
RECORDS_CLOSE = b"</Organisations></OrgRefData>"


@dataclass
class RegisterStream:
    """A register file read once, front to back.

    ``head`` is a complete small document: everything before the first record. ``segments()`` yields the
    records in whole pieces of about ``segment_bytes``, each of which is a complete document too.
    """

    stream: Readable
    name: str
    segment_bytes: int = SEGMENT_BYTES
    head: bytes = field(init=False)
    _buffer: bytearray = field(init=False, default_factory=bytearray)
    _has_records: bool = field(init=False, default=True)
    _ended: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._fill(64)
        self._check_start()
        start = _RECORD_START.search(blanked(self._buffer))
        while start is None and len(self._buffer) < HEAD_LIMIT and not self._ended:
            self._fill(1 << 20)
            start = _RECORD_START.search(blanked(self._buffer))
        self._has_records = start is not None
        cut = start.start() if start else len(self._buffer)
        head = bytes(self._buffer[:cut])
        root = self._check_root(head)
        if start is None:
            self.head = head
            return
        del self._buffer[:cut]
        self.head = head + b"</Organisations></" + root + b">"

    def segments(self) -> Iterator[bytes]:
        """Yield the records in order. Raises BadRelease if the file ends before its root element does."""
        if not self._has_records:
            head = blanked(self.head)
            if not _NO_RECORDS.search(head) and not _TAIL.search(head):
                raise self._error("the file ends before its Organisations element does", FETCH_AGAIN)
            return
        rest = bytes(self._buffer)
        while True:
            parts, rest = self._cut([rest, *self._chunks(self.segment_bytes)])
            if parts:
                # Joined once, as bytes: the parser reads bytes in place, and copies anything else.
                yield b"".join([RECORDS_OPEN, *parts, RECORDS_CLOSE])
            elif len(rest) > RECORD_LIMIT:
                raise self._error(f"a record is longer than {RECORD_LIMIT:,} bytes", FETCH_AGAIN)
            if self._ended:
                break
        if not _TAIL.fullmatch(blanked(rest)):
            seen = rest[:60].decode("utf-8", "replace").strip()
            raise self._error(
                f"the file is cut short: after the last whole record comes {seen!r} "
                "instead of the end of the register",
                FETCH_AGAIN,
            )

    def _cut(self, parts: list[bytes]) -> tuple[list[bytes], bytes]:
        """Return the parts up to the end of the last whole record (none if there is none), and the rest."""
        end = -1
        if not self._ended and not any(may_hold(part) for part in parts):
            end = parts[-1].rfind(_RECORD_END)  # no part has a comment or the like, so the last one is enough
        if end >= 0:
            end += len(_RECORD_END)
        else:
            parts = [b"".join(parts)]
            end = self._last_end(parts[0])
        last = parts.pop()
        return [*parts, last[:end]] if end else [], last[end:]

    def _last_end(self, segment: bytes) -> int:
        """Return the place where the last whole record in the segment ends; 0 if there is none.

        A segment begins outside any comment, so comments can be recognised. The rare ways to end a record are
        searched only where the usual one may have missed the last record.
        """
        text = blanked(segment)
        at = text.rfind(_RECORD_END)
        end = at + len(_RECORD_END) if at >= 0 else 0
        if self._ended or not end:
            for match in _RECORD_END_ANY.finditer(text, end):
                end = match.end()
        return end

    def _fill(self, wanted: int) -> None:
        """Add at least ``wanted`` bytes to the buffer, unless the stream ends."""
        self._buffer += b"".join(self._chunks(wanted))

    def _chunks(self, wanted: int) -> Iterator[bytes]:
        """Yield at least ``wanted`` more bytes unless the stream ends, and record its end."""
        while wanted > 0:
            chunk = self.stream.read(min(1 << 20, wanted))
            if not chunk:
                self._ended = True
                return
            wanted -= len(chunk)
            yield chunk

    def _check_start(self) -> None:
        start = bytes(self._buffer[:64])
        if not start.strip():
            raise self._error("the file is empty", FETCH_AGAIN)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start:
            raise self._error("the file is UTF-16 (or binary); ODS publishes UTF-8", FETCH_AGAIN)
        if start.startswith(b"\xef\xbb\xbf"):
            del self._buffer[:3]
            start = start[3:]
        if not start.lstrip().startswith(b"<"):
            raise self._error(
                f"the file is not XML: it begins with {start[:20]!r}",
                "Give the ORD XML file of TRUD item 341",
            )

    def _check_root(self, head: bytes) -> bytes:
        encoding = declared_encoding(head)
        if encoding:
            raise self._error(
                f"the file declares the encoding {encoding!r}; ODS publishes UTF-8", "Convert it to UTF-8"
            )
        # Comments and instructions before the root are spaces now, the declaration among them.
        rest = bytes(blanked(head)).lstrip()
        if rest.startswith(b"<!"):
            raise self._error("the file declares a document type, which ODS never does", "Do not use it")
        root = _ROOT.match(rest)
        if root is None or root.group(2) != b"OrgRefData" or NAMESPACE not in root.group(3):
            seen = (
                root.group(0)[:60].decode("utf-8", "replace")
                if root
                else rest[:40].decode("utf-8", "replace")
            )
            raise self._error(
                f"the file is not ORD XML v2-0-0: its root element is {seen!r}",
                "Give the ORD XML file of TRUD item 341",
            )
        return (root.group(1) or b"") + root.group(2)

    def _error(self, what: str, do: str) -> BadRelease:
        return BadRelease(what, where=self.name, do=do)


def declared_encoding(document: bytes) -> str | None:
    """Return the encoding in the XML declaration; None if there is none or if it means UTF-8."""
    match = _DECLARATION.match(document.removeprefix(b"\xef\xbb\xbf"))
    encoding = match[1].decode("latin-1").strip() if match else ""
    return encoding if encoding and encoding.lower() not in _SAME_AS_UTF_8 else None


def check_text(segment: bytes, name: str) -> None:
    """Raise BadRelease unless the bytes are UTF-8 text without NUL (the parser checks neither)."""
    if b"\0" in segment:
        at = segment.index(b"\0")
        raise BadRelease(f"the text has a NUL byte near {_around(segment, at)}", where=name, do=FETCH_AGAIN)
    if segment.isascii():
        return
    try:
        segment.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRelease(
            f"the text is not UTF-8 near {_around(segment, error.start)}", where=name, do=FETCH_AGAIN
        ) from error


def _around(segment: bytes, at: int) -> str:
    return repr(segment[max(0, at - 40) : at + 20].decode("utf-8", "replace"))
