"""The rows of a record as lxml reads it, to compare with ours: names, places and values, but no types.

A name with a prefix is another name. Components count at their own place only.
"""

from collections import Counter
from typing import NamedTuple

import polars as pl
from lxml import etree

Texts = tuple[str | None, ...]
UNSURE = "?"  # an element with text and with elements in it: not compared
COLUMNS = {
    "roles": ("role_id", "unique_role_id"),
    "relationships": ("rel_id", "unique_rel_id", "target_ods_code"),
    "successions": ("succession_type", "target_ods_code"),
    "contacts": ("contact_type", "contact_value"),
}


class Rows(NamedTuple):
    """A record: code, name, town, postcode; and of each component table, its rows with their counts."""

    own: Texts
    parts: dict[str, Counter[Texts]]


def rows_of(record: etree._Element) -> Rows:
    """Return what a record holds, by lxml."""
    own = (
        _value(_first(record, "OrgId"), "extension"),
        *(
            _text(_first(record, *path))
            for path in (("Name",), ("GeoLoc", "Location", "Town"), ("GeoLoc", "Location", "PostCode"))
        ),
    )
    parts = {
        "roles": [(_value(e, "id"), _number(e, "uniqueRoleId")) for e in _below(record, "Roles", "Role")],
        "relationships": [
            (_value(e, "id"), _number(e, "uniqueRelId"), _target(e)) for e in _below(record, "Rels", "Rel")
        ],
        "successions": [(own_text(_first(e, "Type")), _target(e)) for e in _below(record, "Succs", "Succ")],
        "contacts": [(_value(e, "type"), _value(e, "value")) for e in _below(record, "Contacts", "Contact")],
    }
    parts["contacts"] = [row for row in parts["contacts"] if all(row)]  # others are left out and counted
    return Rows(own, {table: Counter(rows) for table, rows in parts.items()})


def our_rows(frames: dict[str, pl.DataFrame]) -> dict[int, Rows]:
    """Return the same of each record that was kept, by its position in the document."""
    own = frames["organisations"].select("record", "ods_code", "name", "town", "postcode")
    rows = {number: Rows(tuple(texts), {t: Counter() for t in COLUMNS}) for number, *texts in own.iter_rows()}
    for table, columns in COLUMNS.items():
        texts = frames[table].select("record", pl.col(columns).cast(pl.String))
        for number, *row in texts.iter_rows():
            rows[number].parts[table][tuple(row)] += 1
    return rows


def _children(element: etree._Element, tag: str) -> list[etree._Element]:
    return [child for child in element if child.tag == tag]


def _below(record: etree._Element, container: str, tag: str) -> list[etree._Element]:
    return [part for element in _children(record, container) for part in _children(element, tag)]


def _first(element: etree._Element | None, *path: str) -> etree._Element | None:
    for tag in path:
        element = next(iter(_children(element, tag)), None) if element is not None else None
    return element


def _value(element: etree._Element | None, name: str) -> str | None:
    return ((element.get(name) or "").strip() or None) if element is not None else None


def _number(element: etree._Element, name: str) -> str | None:
    text = _value(element, name)
    return str(int(text)) if text else None


def _target(element: etree._Element) -> str | None:
    return _value(_first(element, "Target", "OrgId"), "extension")


def _text(element: etree._Element | None) -> str | None:
    if element is None:
        return None
    if len(element):
        return UNSURE
    return (element.text or "").strip() or None


def own_text(element: etree._Element | None) -> str | None:
    """Return the text of an element without that of the elements in it."""
    if element is None:
        return None
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip() or None
