"""Raw bytes to parts: one dict per record, from XML with expat (JSON: ``answers.py``).

A part is a dict. The key ``""`` holds its own attributes. A path holds the attributes, or the text, of the
element at that path. The name of a part below it holds the list of those parts.

Lives here: the faults that only a reader can see, which are repeated or misplaced elements and unknown names.
Does not live here: any other judgement of a record (``records.py``).
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import IO, Any
from xml.parsers import expat

from ods_pipeline.audit import shapes
from ods_pipeline.audit.shapes import Element
from ods_pipeline.errors import OdsError

Part = dict[str, Any]
# Takes a record and the names of the faults in its form.
Sink = Callable[[Part, frozenset[str]], None]
CHUNK = 1 << 20
# The pipeline publishes unknown names up to this length.
_NAME_SHOWN = 200
_READ_ENCODINGS = ("utf-8", "utf8", "us-ascii", "ascii")
_NONE: frozenset[str] = frozenset()
_HARMLESS = bytes(b for b in range(256) if b >= 32 or b in b"\t\n\r")
_REFERENCE = re.compile(rb"&#(?:0*([0-9]{1,2}|6553[45])|[xX]0*([0-9a-fA-F]{1,2}|[fF]{3}[eEfF]));")
# XML does not allow control characters, and expat stops at them. They pass as characters of this block.
_BLOCK = 0xF700
_NONCHARACTERS = {0xFFFE: _BLOCK + 32, 0xFFFF: _BLOCK + 33}  # nor these two
_MARKED = re.compile(f"[{chr(_BLOCK)}-{chr(_BLOCK + 33)}]")


class UnreadableError(Exception):
    """A payload from which no record can be read."""


class _HeadReadError(Exception):
    pass


class Reader:
    """A follower of start, text and end of elements that hands over each record when it ends.

    Attributes:
        sink: Takes each record; None if only the head of the document is needed.
        document: What is outside of records.
        unknown: Unknown names and how often they occur; attributes as ``@name``.
    """

    def __init__(self, sink: Sink | None, top: Element) -> None:
        self.sink, self.here = sink, top
        self.document: Part = {}
        self.unknown: Counter[str] = Counter()
        self.part = self.document
        self.faults: set[str] = set()
        self.stack: list[tuple[Element, Part]] = []
        self.names: list[str] = []  # of the elements that are open
        self.texts: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> bool:
        """Enter an element, and return whether its text is needed."""
        here, part = self.here, self.part
        self.stack.append((here, part))
        if name.startswith(shapes.ROOT_PREFIX):
            name = name.removeprefix(shapes.ROOT_PREFIX)
        self.names.append(name)
        below = here.children.get(name)
        known = below.attributes if below else _NONE
        if not attributes.keys() <= known and below is not shapes.AROUND:
            self._count_attributes(attributes, below)
        if below is None:
            self._out_of_place(name)
            return False
        if below.is_part:
            if below is shapes.RECORD and self.sink is None:
                raise _HeadReadError
            own: Part = {"": attributes}
            self.part = own
            if below is shapes.RECORD:
                self.faults.clear()
            else:
                part.setdefault(below.key, []).append(own)
        elif below.key in part:
            self.faults.add("repeated_element")  # the first one counts
        else:
            part[below.key] = attributes
        self.here = below
        return below.is_text

    def end(self) -> bool:
        """Leave the element, and return whether it was one with text."""
        here, part = self.here, self.part
        self.here, self.part = self.stack.pop()
        self.names.pop()
        if here.is_text:
            if not isinstance(part[here.key], str):
                part[here.key] = "".join(self.texts)  # replaces its attributes, which mean nothing
            self.texts.clear()
            return True
        if here is shapes.RECORD and self.sink is not None:
            if not self.faults:
                self._count_empty_contacts(part)
            self.sink(part, frozenset(self.faults) if self.faults else _NONE)
            self.faults.clear()
        return False

    def _count_empty_contacts(self, record: Part) -> None:
        for contact in record.get("Contact", ()):
            for attribute in ("value", "type"):
                if not contact[""].get(attribute, "").strip():
                    self.unknown[f"/Contacts/Contact without {attribute}"] += 1
                    break

    def _out_of_place(self, name: str) -> None:
        self.here = shapes.NOWHERE
        if name not in shapes.ELEMENTS:
            self.unknown[name[:_NAME_SHOWN]] += 1
            return
        self.unknown[self._path()[:_NAME_SHOWN]] += 1
        if name in shapes.COMPONENTS:
            self.faults.add("lost_component")

    def _count_attributes(self, attributes: dict[str, str], below: Element | None) -> None:
        for name in attributes.keys() - shapes.ANYWHERE:
            if name not in shapes.ATTRIBUTES:
                self.unknown[f"@{name}"[:_NAME_SHOWN]] += 1
            elif below is not None and below.name and name not in below.attributes:
                self.unknown[f"{self._path()}/@{name}"[:_NAME_SHOWN]] += 1

    def _path(self) -> str:
        """Return the path of the open element, from the record if it is in one, else from the root."""
        names = self.names
        at = names.index("Organisation") if "Organisation" in names[:-1] else 0
        return "".join(f"/{name}" for name in names[at + 1 :])


def read_xml(stream: IO[bytes], sink: Sink | None, name: str, *, anywhere: bool = False) -> Reader:
    """Read a register file to its end, or to its first record if there is no ``sink``.

    Args:
        stream: The XML.
        sink: Takes each record, or None.
        name: The name of the file, for errors.
        anywhere: Whether records may be at any depth, as in answers of the API.

    Raises:
        UnreadableError: If the XML is not well-formed.
        OdsError: If the file declares a document type.
    """
    reader = Reader(sink, shapes.AROUND if anywhere else shapes.ABOVE)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    text, start_of, end_of = reader.texts.append, reader.start, reader.end

    def start(tag: str, attributes: dict[str, str]) -> None:
        if start_of(tag, attributes):
            parser.CharacterDataHandler = text

    def end(_: str) -> None:
        if end_of():
            parser.CharacterDataHandler = None

    def check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in _READ_ENCODINGS:
            raise UnreadableError(f"{name}: the encoding is {encoding}, not UTF-8")

    def reject(*_: object) -> None:
        raise OdsError(
            "the file declares a document type; ODS never does", where=name, do="Do not use the file"
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler, parser.XmlDeclHandler = reject, check_encoding
    try:
        rest = b""
        while chunk := stream.read(CHUNK):
            chunk, rest = _whole_references(rest + chunk)
            parser.Parse(_marked(chunk), False)
        parser.Parse(_marked(rest), True)
    except _HeadReadError:
        pass
    except expat.ExpatError as error:
        raise UnreadableError(f"{name}: {error}") from error
    finally:
        # Handlers and parser refer to each other, and an audit runs without collection of cycles.
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
    return reader


def _whole_references(chunk: bytes) -> tuple[bytes, bytes]:
    """Split a possible beginning of a character reference off the end."""
    at = chunk.rfind(b"&", -16)
    return (chunk[:at], chunk[at:]) if at >= 0 and b";" not in chunk[at:] else (chunk, b"")


def _marked(chunk: bytes) -> bytes:
    """Replace control characters with characters that XML allows."""
    if b"&#" in chunk:
        chunk = _REFERENCE.sub(_marked_reference, chunk)
    for control in set(chunk.translate(None, _HARMLESS)):
        chunk = chunk.replace(bytes([control]), chr(_BLOCK + control).encode())
    if b"\xef\xbf" in chunk:
        for character, mark in _NONCHARACTERS.items():
            chunk = chunk.replace(chr(character).encode(), chr(mark).encode())
    return chunk


def _marked_reference(match: re.Match[bytes]) -> bytes:
    number = int(match[1]) if match[1] else int(match[2], 16)
    if number in _NONCHARACTERS:
        return chr(_NONCHARACTERS[number]).encode()
    harmless = number >= 32 or chr(number) in "\t\n\r"
    return match[0] if harmless else chr(_BLOCK + number).encode()


def has_control_characters(text: str) -> bool:
    """Return whether a text as read contains a control character."""
    return _MARKED.search(text) is not None


def as_received(text: str | None) -> str | None:
    """Return a text as read, with its control characters as received."""
    return text and _MARKED.sub(_received, text)


def _received(match: re.Match[str]) -> str:
    number = ord(match[0]) - _BLOCK
    return chr(number if number < 32 else 0xFFFE + number - 32)
