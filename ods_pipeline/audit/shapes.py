"""The names in an ORD XML v2-0-0 file, each at its place: what the reader knows of the format.

A *part* is an element that makes a row, or that may stand more than once (a record, a Role, a Date …). What
stands below it is named by its path from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# A leading + marks a part, a trailing # an element with text. Values of the map are the children.
_DATE = {"Type": {}, "Start": {}, "End": {}}
_TARGET = {"OrgId": {}, "PrimaryRoleId": {}}
_LOCATION = ("AddrLn1", "AddrLn2", "AddrLn3", "Town", "County", "PostCode", "Country", "UPRN")
_RECORD: Mapping[str, Mapping] = {
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
_VALUES = ("Version", "PublicationType", "PublicationSource", "PublicationDate", "PublicationSeqNum")
_VALUES += ("FileCreationDateTime", "RecordCount", "ContentDescription")
_DOCUMENT: Mapping[str, Mapping] = {
    "Manifest": {**{name: {} for name in _VALUES}, "PrimaryRoleScope": {"+PrimaryRole": {}}},
    "CodeSystems": {"+CodeSystem": {"+concept": {}}},
    "Organisations": {"+Organisation": _RECORD},
}
_IN_RECORDS = ("value", "orgRecordClass", "refOnly", "root", "assigningAuthorityName", "extension", "type")
_IN_RECORDS += ("uniqueRoleId", "primaryRole", "uniqueRelId", "uniqueSuccId", "forwardSuccession")
_IN_HEADS = ("id", "displayName", "name", "oid", "code", "version", "encoding")
_IN_HEADS += ("xmlns", "xmlns:HSCOrgRefData", "xmlns:xsi", "xsi:schemaLocation")
ATTRIBUTES = frozenset(_IN_RECORDS + _IN_HEADS)
# In JSON these stand as plain values where XML has an attribute of the element.
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


@dataclass(eq=False)
class Element:
    """An element at its place. ``key`` is its path from the part that it belongs to."""

    name: str
    key: str
    is_part: bool = False
    is_text: bool = False
    children: dict[str, Element] = field(default_factory=dict)


def _grown(element: Element, below: Mapping[str, Mapping]) -> Element:
    for written, inner in below.items():
        name = written.strip("+#")
        is_part = written.startswith("+")
        key = name if is_part or element.is_part else f"{element.key}/{name}"
        child = Element(name, key, is_part, written.endswith("#"))
        element.children[name] = _grown(child, inner)
    return element


def _names(element: Element) -> set[str]:
    return {element.name}.union(*(_names(child) for child in element.children.values()))


class _EveryName(dict):
    """Children of which each, whatever its name, is the same; but for records, if ``records`` is given."""

    def __init__(self, element: Element, records: Element | None = None) -> None:
        super().__init__()
        self.element, self.records = element, records

    def get(self, key: str, default: object = None) -> Element:  # ty: ignore[incompatible-method-override]
        return self.records if self.records and key == self.records.name else self.element


DOCUMENT = _grown(Element("OrgRefData", "", is_part=True), _DOCUMENT)
DOCUMENT.is_part = False
RECORD = DOCUMENT.children["Organisations"].children["Organisation"]
NOWHERE = Element("", "")
# Above the root of a register file; and around a record in an answer, where anything may enclose it.
ABOVE = Element("", "", children=_EveryName(DOCUMENT))
AROUND = Element("", "")
AROUND.children = _EveryName(AROUND, RECORD)
ELEMENTS = frozenset(_names(DOCUMENT))
# A component that stands where none is read makes its whole record unusable.
COMPONENTS = frozenset({"Role", "Rel", "Succ", "Contact"})
