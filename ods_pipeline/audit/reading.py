"""Raw bytes to parts: one dict a record, from XML by expat and from JSON by ``json``.

A part is a dict: ``""`` has its own attributes, a path the attributes (or the text) of the element there, and
the name of a part below it the list of those. Nothing is judged here but what only the reader can see:
elements that stand twice or out of their place, and names that nobody knows.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import IO, Any
from xml.parsers import expat

from ods_pipeline.audit import shapes
from ods_pipeline.audit.shapes import Element
from ods_pipeline.errors import OdsError

Part = dict[str, Any]
# Takes a record and what is odd in its form.
Sink = Callable[[Part, frozenset[str]], None]
CHUNK = 1 << 20
# The pipeline tells names of elements up to this length.
_NAME_SHOWN = 16
_FINE: frozenset[str] = frozenset()
_VALUE = frozenset({"value"})
_HARMLESS = bytes(b for b in range(256) if b >= 32 or b in b"\t\n\r")
_REFERENCE = re.compile(rb"&#(?:0*([0-9]{1,2})|[xX]0*([0-9a-fA-F]{1,2}));")
# Control characters are no XML, and expat stops at them; they pass as characters of this private block.
_BLOCK = 0xF700
_MARKED = re.compile(f"[{chr(_BLOCK)}-{chr(_BLOCK + 31)}]")


class Unreadable(Exception):
    """A payload that is no record."""


class _HeadRead(Exception):
    pass


class Reader:
    """Follows start, text and end of elements, and hands over each record when it ends.

    ``document``: what stood outside of records. ``unknown``: names that nobody knows, with their counts;
    attributes as ``@name``. ``sink`` may be None if no record is wanted.
    """

    def __init__(self, sink: Sink | None, top: Element) -> None:
        self.sink, self.here = sink, top
        self.document: Part = {}
        self.unknown: Counter[str] = Counter()
        self.part = self.document
        self.odd: set[str] = set()
        self.stack: list[tuple[Element, Part]] = []
        self.texts: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> bool:
        """Enters an element; says whether its text is wanted."""
        here, part = self.here, self.part
        self.stack.append((here, part))
        below = here.children.get(name)
        if not attributes.keys() <= shapes.ATTRIBUTES:
            self.unknown.update(f"@{a}" for a in attributes if a not in shapes.ATTRIBUTES)
        if below is None:
            self._out_of_place(name)
            return False
        if below.is_part:
            if below is shapes.RECORD and self.sink is None:
                raise _HeadRead
            own: Part = {"": attributes}
            self.part = own
            if below is shapes.RECORD:
                self.odd.clear()
            else:
                part.setdefault(below.key, []).append(own)
        elif below.key in part:
            self.odd.add("repeated_element")  # what stood there first counts
        else:
            part[below.key] = attributes
        self.here = below
        return below.is_text

    def end(self) -> bool:
        """Leaves the element; says whether it was one with text."""
        here, part = self.here, self.part
        self.here, self.part = self.stack.pop()
        if here.is_text:
            if not isinstance(part[here.key], str):
                part[here.key] = "".join(self.texts)  # in the place of its attributes, which say nothing
            self.texts.clear()
            return True
        if here is shapes.RECORD and self.sink is not None:
            self.sink(part, frozenset(self.odd) if self.odd else _FINE)
            self.odd.clear()
        return False

    def _out_of_place(self, name: str) -> None:
        self.here = shapes.NOWHERE
        local = name.rpartition(":")[2]
        if local not in shapes.ELEMENTS:
            self.unknown[name[:_NAME_SHOWN]] += 1
        elif local in shapes.COMPONENTS:
            self.odd.add("lost_component")


def read_xml(stream: IO[bytes], sink: Sink | None, name: str, *, anywhere: bool = False) -> Reader:
    """Reads a register file to its end, or up to its first record without ``sink``.

    ``anywhere``: records may stand at any depth, as in answers of the API. Raises Unreadable.
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

    def refuse(*_: object) -> None:
        raise OdsError("the file declares a document type; ODS never does", where=name, do="Do not use it")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    try:
        rest = b""
        while chunk := stream.read(CHUNK):
            chunk, rest = _whole_references(rest + chunk)
            parser.Parse(_marked(chunk), False)
        parser.Parse(_marked(rest), True)
    except _HeadRead:
        pass
    except expat.ExpatError as error:
        raise Unreadable(f"{name}: {error}") from error
    finally:
        # The handlers and the parser hold each other.
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
    return reader


def _whole_references(chunk: bytes) -> tuple[bytes, bytes]:
    """Splits what may be the beginning of a character reference off the end."""
    at = chunk.rfind(b"&", -16)
    return (chunk[:at], chunk[at:]) if at >= 0 and b";" not in chunk[at:] else (chunk, b"")


def _marked(chunk: bytes) -> bytes:
    """The bytes with control characters as characters that XML can carry."""
    if b"&#" in chunk:
        chunk = _REFERENCE.sub(_referred, chunk)
    for control in set(chunk.translate(None, _HARMLESS)):
        chunk = chunk.replace(bytes([control]), chr(_BLOCK + control).encode())
    return chunk


def _referred(found: re.Match[bytes]) -> bytes:
    number = int(found[1]) if found[1] else int(found[2], 16)
    harmless = number >= 32 or chr(number) in "\t\n\r"
    return found[0] if harmless else chr(_BLOCK + number).encode()


def has_control_characters(text: str) -> bool:
    """Whether a text as read has a control character in it."""
    return _MARKED.search(text) is not None


def as_received(text: str | None) -> str | None:
    """A text as read with its control characters as they were."""
    return text and _MARKED.sub(lambda m: chr(ord(m[0]) - _BLOCK), text)


def read_json(payload: bytes, sink: Sink, unknown: Counter[str]) -> None:
    """Reads an answer to ``/organisations/{code}`` in JSON. Raises Unreadable."""
    try:
        body = json.loads(payload)
        record = body.get("Organisation") if isinstance(body, dict) else None
        if not isinstance(record, dict):
            raise Unreadable("there is no Organisation in it")
        reader = Reader(sink, shapes.DOCUMENT.children["Organisations"])
        _walk(record, reader, shapes.RECORD, "", unknown)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error


def _walk(value: Any, reader: Reader, element: Element, path: str, unknown: Counter[str]) -> None:
    name = element.name
    if isinstance(value, list):
        for item in value:
            _walk(item, reader, element, path, unknown)
    elif isinstance(value, Mapping):
        own = _VALUE if name in shapes.JSON_VALUES else shapes.JSON_ATTRIBUTES.get(name, _FINE)
        below = [key for key in value if key in element.children]
        mine = [k for k in value if k in own and k not in below and not isinstance(value[k], (Mapping, list))]
        unknown.update(_shown(f"{path}/{key}") for key in value if key not in below and key not in mine)
        reader.start(name, {key: _text(value[key]) for key in mine if value[key] is not None})
        for key in below:
            _walk(value[key], reader, element.children[key], f"{path}/{key}", unknown)
        reader.end()
    elif value is not None:
        if element.is_text:
            reader.start(name, {})
            reader.texts.append(_text(value))
            reader.end()
        elif name in shapes.JSON_VALUES:
            reader.start(name, {"value": _text(value)})
            reader.end()
        else:
            unknown[_shown(path)] += 1


def _text(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not _is_xml(text):
        raise Unreadable("a character stands in it that no text may hold")
    return text


def _shown(path: str) -> str:
    return "".join(sign if _is_xml(sign) else "?" for sign in path)


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _is_xml(text: str) -> bool:
    return _NOT_XML.search(text) is None
