"""An answer in JSON to a part, by the same reader of elements as XML (``reading.py``).

Lives here: what is JSON, and where it differs from XML. Does not live here: the rules for a record
(``records.py``).
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ods_pipeline.audit import shapes
from ods_pipeline.audit.reading import Reader, Sink, UnreadableError
from ods_pipeline.audit.shapes import Element


def read_json(payload: bytes, sink: Sink, unknown: Counter[str], rules: Counter[str]) -> None:
    """Read an answer to ``/organisations/{code}`` in JSON. Raises UnreadableError if it has no record.

    ``rules`` counts the records that each rule of a translation touched.
    """
    try:
        answer = json.loads(
            payload, parse_constant=_reject, parse_float=_finite, object_pairs_hook=_without_repeats
        )
        if isinstance(answer, dict) and "Refused" in answer:
            raise UnreadableError("the source's translation rejected it")
        record = answer.get("Organisation") if isinstance(answer, dict) else None
        if not isinstance(record, dict):
            raise UnreadableError("the answer has no Organisation")
        reader = Reader(sink, shapes.DOCUMENT.children["Organisations"])
        _walk(record, reader, shapes.RECORD, "", unknown)
        unknown.update(reader.unknown)
        for name, count in (answer.get("Unknown") or {}).items():
            unknown[_shown(name)] += count
        touched = answer.get("Rules")
        rules.update(
            n for n in (touched if isinstance(touched, dict) else {}) if re.fullmatch("[a-z_]{1,60}", n)
        )
    except (ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from error


def _reject(text: str) -> None:
    raise UnreadableError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _reject(text)  # ty: ignore[invalid-explicit-return]


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) != len(names := dict(pairs)):
        raise UnreadableError("a key is in an object twice")
    return names


def _walk(value: Any, reader: Reader, element: Element, path: str, unknown: Counter[str]) -> None:
    name = element.name
    if isinstance(value, list):
        for item in value:
            _walk(item, reader, element, path, unknown)
    elif isinstance(value, Mapping):
        own = element.attributes
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
        raise UnreadableError("a text contains a character that XML does not allow")
    return text


def _shown(path: str) -> str:
    return "".join(c if _is_xml(c) else "?" for c in path)


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _is_xml(text: str) -> bool:
    return _NOT_XML.search(text) is None
