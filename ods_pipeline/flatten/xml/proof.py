"""Proof that the rows of a document are everything in it.

The rows are evidence of elements and attributes: a name proves one Name element, a target's code proves a
Rels, a Rel, a Target and an OrgId. Rows never prove more than the document holds, and what the parser
lost, read twice or does not know is in the document and not proven. So if the two numbers are equal, nothing
was lost and nothing is unknown, and no name needs to be read.

A document is counted by its slashes and equals signs: the parser ensures that every element ends, so each
element has one slash and each attribute one equals sign; the ones inside values are counted there.

Lives here: what rows prove, and the counts of a document. Does not live here: what happens when they differ
(``document.py``), and reading every tag by its name (``scan.py``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import polars as pl
import pyarrow as pa
import yaml

from ods_pipeline.flatten.columns.counting import slashes_and_equals, slashes_and_equals_in_values
from ods_pipeline.flatten.values import as_series

Parsed = Mapping[str, pa.RecordBatch]

_NUMBERED_SLASH = re.compile(rb"&#(?:0*47|x0*2[Ff]);")
_NUMBERED_EQUALS = re.compile(rb"&#(?:0*61|x0*3[Dd]);")
_WRAPPERS = 2  # OrgRefData and Organisations


@dataclass(frozen=True)
class _Table:
    """What a row of a table is evidence of.

    Attributes:
        elements: For each element below the row's own element, the columns read from it or from below it.
        attributes: The columns that are attributes.
    """

    name: str
    rows_are_parts_of_dates: bool
    has_container: bool
    elements: tuple[tuple[str, ...], ...]
    attributes: tuple[str, ...]


@cache
def _tables() -> tuple[_Table, ...]:
    tree = yaml.safe_load(resources.files("ods_pipeline.flatten.xml").joinpath("record_map.yaml").read_text())
    tables = []
    for table in tree["tables"]:
        columns: dict[str, set[str]] = {}
        attributes = []
        # A row is a child of xml_path: one step further down.
        own = table["xml_path"].count("/") + 1
        for field in table["fields"]:
            steps = field["xml_path"].split("/")
            if steps[-1].startswith("@"):
                attributes.append(field["name"])
                steps.pop()
            for depth in range(own + 1, len(steps)):
                columns.setdefault("/".join(steps[: depth + 1]), set()).add(field["name"])
        tables.append(
            _Table(
                table["name"],
                table["levels"][-1] == "date",
                len(table["levels"]) > 1,
                tuple(tuple(sorted(names)) for names in columns.values()),
                tuple(attributes),
            )
        )
    return tuple(tables)


def evidence(parsed: Parsed) -> tuple[int, int]:
    """Return the numbers of elements and of attributes that the parsed rows prove."""
    elements, attributes = _WRAPPERS, 0
    for table in _tables():
        rows = parsed[table.name]
        attributes += sum(rows.num_rows - rows[name].null_count for name in table.attributes)
        elements += rows.num_rows  # the row's own element
        if table.rows_are_parts_of_dates:
            elements += (as_series(rows["<date>"]) == 0).sum()
            continue
        if table.has_container:
            elements += as_series(rows[0]).n_unique()  # one container for each record
        for names in table.elements:
            elements += _rows_with_any([rows[name] for name in names])
    return elements, attributes


def _rows_with_any(columns: list[pa.Array]) -> int:
    """Return the number of rows in which at least one of the columns has a value."""
    fullest = min(columns, key=lambda column: column.null_count)
    if len(columns) == 1 or fullest.null_count == 0:
        return len(fullest) - fullest.null_count
    return pl.select(pl.any_horizontal(as_series(column).is_not_null() for column in columns).sum()).item()


def is_proven_quickly(parsed: Parsed, document: bytes, has_numbered: bool) -> bool:
    """Return whether rows and values account for every slash and every equals sign of the document."""
    (elements, attributes), (slashes, equals) = evidence(parsed), slashes_and_equals_in_values(parsed)
    return (elements + slashes, attributes + equals) == written_slashes_and_equals(document, has_numbered)


def written_slashes_and_equals(document: bytes, has_numbered: bool) -> tuple[int, int]:
    """Count slashes and equals signs; with ``has_numbered``, those written as ``&#47;`` and ``&#61;`` too."""
    slashes, equals = slashes_and_equals(document)
    if has_numbered:
        slashes += len(_NUMBERED_SLASH.findall(document))
        equals += len(_NUMBERED_EQUALS.findall(document))
    return slashes, equals


def has_numbered_characters(document: bytes) -> bool:
    """Return whether any character is written as a number (``&#61;``)."""
    # To look for one byte is many times faster, and ODS hardly ever writes "#".
    return b"#" in document and b"&#" in document
