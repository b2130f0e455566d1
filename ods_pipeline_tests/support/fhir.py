"""FHIR for tests: the guide's XML as JSON, and the leaves of a resource.

Lives here: conversions that know no rule of the pipeline. Does not live here: making FHIR out of ORD records
(``support/odt_records.py``).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

LISTS = {"extension", "identifier", "type", "telecom", "address", "line", "coding", "link", "entry", "issue"}
NUMBERS, FLAGS = {"total", "valueInteger"}, {"active", "valueBoolean"}


def from_xml(path: Path) -> dict[str, Any]:
    """Return a resource in XML as its JSON."""
    root = ElementTree.parse(path).getroot()
    return {"resourceType": _name(root), **_fields(root, _name(root))}


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _fields(element: ElementTree.Element, parent: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"url": element.get("url")} if element.get("url") is not None else {}
    for child in element:
        name = _name(child)
        value = _value(child, name)
        is_list = name in LISTS if name != "type" else parent == "Organization"
        if is_list or (name == "code" and parent == "OrganizationAffiliation"):
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = value
    return fields


def _value(element: ElementTree.Element, name: str) -> Any:
    if name == "resource":
        return {"resourceType": _name(element[0]), **_fields(element[0], _name(element[0]))}
    text = element.get("value")
    if text is None:
        return _fields(element, name)
    return int(text) if name in NUMBERS else text == "true" if name in FLAGS else text


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Return every scalar of a resource with its path; extensions are named by the last part of their URL."""
    if isinstance(node, dict):
        url = f"<{str(node['url']).rpartition('/')[2]}>" if "url" in node else ""
        for key, value in node.items():
            yield from leaves(value, f"{path}{url}.{key}")
    elif isinstance(node, list):
        for item in node:
            yield from leaves(item, path)
    else:
        yield path, node


def resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the resources of a bundle."""
    return [entry["resource"] for entry in bundle.get("entry", [])]
