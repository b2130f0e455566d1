"""The names in an ORD XML v2-0-0 file and where they belong: all that the reader knows of the format.

A *part* is an element that becomes a row or may occur more than once (a record, a Role, a Date …). An element
below a part is named by its path from the part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

# The columns of an organisation that are the text of one element, and the path of that element in a record. A
# new column of this sort needs a line here and nothing else in the audit.
TEXTS = {
    "town": "GeoLoc/Location/Town",
    "county": "GeoLoc/Location/County",
    "postcode": "GeoLoc/Location/PostCode",
    "country": "GeoLoc/Location/Country",
}
# A leading + marks a part, a trailing # an element with text. Values of the map are the children.
_DATE = {"Type": {}, "Start": {}, "End": {}}
_TARGET = {"OrgId": {}, "PrimaryRoleId": {}}
_LOCATION = ("AddrLn1", "AddrLn2", "AddrLn3", "UPRN")
_RECORD: dict[str, dict] = {
    "Name#": {},
    "+Date": _DATE,
    "OrgId": {},
    "Status": {},
    "LastChangeDate": {},
    "GeoLoc": {"Location": {f"{name}#": {} for name in _LOCATION}},
    "Contacts": {"+Contact": {}},
    "Roles": {"+Role": {"+Date": _DATE, "Status": {}}},
    "Rels": {"+Rel": {"+Date": _DATE, "Status": {}, "Target": _TARGET}},
    "Succs": {"+Succ": {"+Date": _DATE, "Type#": {}, "Target": _TARGET}},
}
for _path in TEXTS.values():
    *_above, _element = _path.split("/")
    reduce(lambda children, name: children.setdefault(name, {}), _above, _RECORD)[f"{_element}#"] = {}
_VALUES = ("Version", "PublicationType", "PublicationSource", "PublicationDate", "PublicationSeqNum")
_VALUES += ("FileCreationDateTime", "RecordCount", "ContentDescription")
_DOCUMENT: Mapping[str, Mapping] = {
    "Manifest": {**{name: {} for name in _VALUES}, "PrimaryRoleScope": {"+PrimaryRole": {}}},
    "CodeSystems": {"+CodeSystem": {"+concept": {}}},
    "Organisations": {"+Organisation": _RECORD},
}
_IN_RECORDS = ("value", "orgRecordClass", "refOnly", "root", "assigningAuthorityName", "extension", "type")
_IN_RECORDS += ("uniqueRoleId", "primaryRole", "uniqueRelId", "uniqueSuccId", "forwardSuccession")
_IN_HEADS = ("id", "displayName", "name", "oid", "code")
ANYWHERE = frozenset({"xmlns", "xmlns:HSCOrgRefData", "xmlns:xsi", "xsi:schemaLocation"})
ATTRIBUTES = frozenset(_IN_RECORDS + _IN_HEADS)
ROOT_PREFIX = "HSCOrgRefData:"  # an element below the root may have it, and means the same
# In JSON these are plain values; in XML they are attributes of the element.
JSON_ATTRIBUTES = {
    "Organisation": frozenset({"orgRecordClass", "refOnly"}),
    "OrgId": frozenset({"root", "assigningAuthorityName", "extension"}),
    "Contact": frozenset({"type", "value"}),
    "Role": frozenset({"id", "uniqueRoleId", "primaryRole"}),
    "Rel": frozenset({"id", "uniqueRelId"}),
    "Succ": frozenset({"uniqueSuccId", "forwardSuccession"}),
    "PrimaryRoleId": frozenset({"id", "uniqueRoleId"}),
}
JSON_VALUES = frozenset({"Status", "LastChangeDate", "Type", "Start", "End"})
# In heads, which have no form in JSON.
_HEAD_ATTRIBUTES = {
    "PrimaryRole": frozenset({"id", "displayName"}),
    "CodeSystem": frozenset({"name", "oid"}),
    "concept": frozenset({"id", "code", "displayName"}),
}


@dataclass(eq=False)
class Element:
    """An element where it belongs. ``key`` is its path from the part above it."""

    name: str
    key: str
    is_part: bool = False
    is_text: bool = False
    attributes: frozenset[str] = frozenset()
    children: dict[str, Element] = field(default_factory=dict)


def _with_children(element: Element, below: Mapping[str, Mapping]) -> Element:
    for spec, inner in below.items():
        name = spec.strip("+#")
        is_part = spec.startswith("+")
        key = name if is_part or element.is_part else f"{element.key}/{name}"
        child = Element(name, key, is_part, spec.endswith("#"), _attributes_of(name, spec.endswith("#")))
        element.children[name] = _with_children(child, inner)
    return element


def _attributes_of(name: str, is_text: bool) -> frozenset[str]:
    has_value = name in _VALUES or (name in JSON_VALUES and not is_text)
    own = {**JSON_ATTRIBUTES, **_HEAD_ATTRIBUTES}.get(name, frozenset())
    return own | {"value"} if has_value else own


def _names(element: Element) -> set[str]:
    return {element.name}.union(*(_names(child) for child in element.children.values()))


class _EveryName(dict):
    """Children that are one and the same element under any name; ``records``, if given, keep their own."""

    def __init__(self, element: Element, records: Element | None = None) -> None:
        super().__init__()
        self.element, self.records = element, records

    def get(self, key: str, default: object = None) -> Element:  # ty: ignore[incompatible-method-override]
        return self.records if self.records and key == self.records.name else self.element


DOCUMENT = _with_children(Element("OrgRefData", "", is_part=True), _DOCUMENT)
DOCUMENT.is_part = False
RECORD = DOCUMENT.children["Organisations"].children["Organisation"]
NOWHERE = Element("", "")
# What is above the root of a register file, and what is around a record in an answer: any element may be.
ABOVE = Element("", "", children=_EveryName(DOCUMENT))
AROUND = Element("", "")
AROUND.children = _EveryName(AROUND, RECORD)
ELEMENTS = frozenset(_names(DOCUMENT))
# A component where none is read makes its whole record unusable.
COMPONENTS = frozenset({"Role", "Rel", "Succ", "Contact"})
