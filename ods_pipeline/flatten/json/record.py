"""One record of a fetch, JSON or XML, as the XML that the record map reads.

Lives here: one payload. Does not live here: the fetch around it (``flatten/fetch.py``), the map (``xml/``).

The two forms hold the same facts in different shapes: JSON has ``{"Status": "Active"}`` where XML has
``<Status value="Active"/>``, numbers where XML has text, a bare object where a list has one element. JSON
is written out along the paths of ``record_map.yaml``, so that there is one reader, and so one meaning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import yaml

from ods_pipeline.flatten.json.strict import loads
from ods_pipeline.flatten.xml.comments import plain
from ods_pipeline.flatten.xml.segments import declared_encoding

_RECORD_PATH = "/OrgRefData/Organisations/Organisation"
_CLOSED_AT_ONCE = r"<Organisation(?:\s[^<>]*)?/>"
_XML_RECORD = re.compile(
    rf"<Organisation(?=[\s/>]).*(?:</Organisation\s*>|{_CLOSED_AT_ONCE})|{_CLOSED_AT_ONCE}", re.DOTALL
)
# What XML 1.0 cannot carry (section 2.2, production Char), lone surrogates included.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_RULE = re.compile(r"[a-z_]{1,60}")
_KEPT = {"\r": "&#13;"}  # a bare CR in XML would be read as LF


class BadRecord(Exception):
    """A payload that is not a record. ``rule`` is the rule that it breaks, ``detail`` explains it."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule, self.detail = rule, detail


@dataclass
class _Node:
    """What the map knows of one element: its attributes, its children, and whether it has text."""

    attributes: set[str] = field(default_factory=set)
    children: dict[str, "_Node"] = field(default_factory=dict)
    has_text: bool = False


@cache
def _map() -> _Node:
    tree = yaml.safe_load(resources.files("ods_pipeline.flatten.xml").joinpath("record_map.yaml").read_text())
    root = _Node()
    for table in tree["tables"]:
        for entry in table["fields"]:
            steps = entry["xml_path"].removeprefix(_RECORD_PATH).strip("/").split("/")
            node = root
            for step in steps:
                if step.startswith("@"):
                    node.attributes.add(step[1:])
                else:
                    node = node.children.setdefault(step, _Node())
            if not steps[-1].startswith("@"):
                node.has_text = True
    return root


def json_to_xml(payload: bytes, unknown: dict[str, int], rules: dict[str, int] | None = None) -> str:
    """Return the ``Organisation`` element of a record in JSON.

    Keys that the map does not know are counted in ``unknown``, by their path. A source that translates its
    records counts what it could not translate under ``Unknown``, names the rules that it applied under
    ``Rules``, and gives the rule that a record breaks as ``Refused``. ``rules`` gets one for each rule that
    touched this record. Raises BadRecord if the payload is not JSON, holds no organisation, or was rejected.
    """
    try:
        content = loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadRecord("not_json", f"{error}; it begins with {payload[:40]!r}") from None
    content = content if isinstance(content, dict) else {}
    record, rejected = content.get("Organisation"), content.get("Refused")
    if isinstance(rejected, dict):
        raise BadRecord(
            _NOT_XML.sub("?", str(rejected.get("rule"))), _NOT_XML.sub("?", str(rejected.get("detail")))
        )
    if not isinstance(record, dict):
        raise BadRecord("not_a_record", f"there is no Organisation in it; it begins with {payload[:40]!r}")
    try:
        element = _element("Organisation", record, _map(), "", unknown)
        _count_untranslated(content.get("Unknown"), unknown)
        if rules is not None:
            _count_rules(content.get("Rules"), rules)
        return element
    except RecursionError:
        raise BadRecord("too_deep", f"it is nested too deeply; it begins with {payload[:40]!r}") from None


def _count_untranslated(counts: Any, unknown: dict[str, int]) -> None:
    for name, count in counts.items() if isinstance(counts, dict) else ():
        if isinstance(count, int):
            unknown[_NOT_XML.sub("?", name)] = unknown.get(name, 0) + count


def _count_rules(applied: Any, rules: dict[str, int]) -> None:
    for name in applied if isinstance(applied, dict) else ():
        if _RULE.fullmatch(name):
            rules[name] = rules.get(name, 0) + 1


def xml_to_xml(payload: bytes) -> str:
    """Return the ``Organisation`` element of a record in XML. Raises BadRecord if there is none."""
    encoding = declared_encoding(payload)
    if encoding:
        raise BadRecord("not_utf8", f"it declares the encoding {encoding!r}")
    try:
        text = plain(payload).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRecord("not_utf8", str(error)) from None
    match = _XML_RECORD.search(text)
    if match is None:
        raise BadRecord("not_a_record", f"there is no Organisation in it; it begins with {payload[:40]!r}")
    return _checked(match.group())


def _element(name: str, value: Any, node: _Node, path: str, unknown: dict[str, int]) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item, node, path, unknown) for item in value)
    if value is None:
        return ""
    if isinstance(value, Mapping):
        attributes, children = [], []
        for key, inner in value.items():
            below = _NOT_XML.sub("?", f"{path}/{key}")
            if key in node.children:
                children.append(_element(key, inner, node.children[key], below, unknown))
            elif key in node.attributes and not isinstance(inner, (Mapping, list)):
                if inner is not None:
                    attributes.append(f" {key}={quoteattr(_checked(_text(inner)))}")
            else:
                unknown[below] = unknown.get(below, 0) + 1
        return f"<{name}{''.join(attributes)}>{''.join(children)}</{name}>"
    text = _checked(_text(value))
    if "value" in node.attributes:
        return f"<{name} value={quoteattr(text)}/>"
    if node.has_text:
        return f"<{name}>{escape(text, _KEPT)}</{name}>"
    unknown[path] = unknown.get(path, 0) + 1
    return ""


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _checked(text: str) -> str:
    bad = _NOT_XML.search(text)
    if bad:
        raise BadRecord("control_character", f"the character U+{ord(bad.group()):04X} is in {text[:60]!r}")
    return text
