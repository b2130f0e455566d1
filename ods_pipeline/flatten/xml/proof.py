"""Proof that the rows made of a document are all that is in it.

The rows are evidence of so many elements and attributes: a name of one Name element, a target's code of a
Rels, a Rel, a Target and an OrgId. Rows never prove more than there is, and whatever was lost, stands twice
or is unknown is there and not proven. So if the numbers equal those in the raw bytes, nothing was lost and
nothing is unknown, and no name needs to be read (``scan.py`` does that).

Bytes are counted in two ways. Quickly (``signs``): the parser sees to it that every element ends, and so each
has one slash, and each attribute one equals sign; signs in values are counted in the values. All must be
proven then. Where something is not, ``tags_and_attributes`` counts what ``scan.py`` counts by name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import pyarrow as pa
import yaml

from ods_pipeline.flatten.columns.words import bytes_of

_DATE = "<date>"
_BLOCK = 1 << 18
_NUMBERED_SLASH = re.compile(rb"&#(?:0*47|x0*2[Ff]);")
_NUMBERED_EQUALS = re.compile(rb"&#(?:0*61|x0*3[Dd]);")
_WRAPPERS = 2  # OrgRefData and Organisations


@dataclass(frozen=True)
class _Table:
    """What a row of a table is evidence of. ``elements``: for each element below the row's own, the columns
    that stand in it or below it; ``attributes``: the columns that are attributes."""

    name: str
    rows_are_parts_of_dates: bool
    has_container: bool
    elements: tuple[tuple[str, ...], ...]
    attributes: tuple[str, ...]


@cache
def _tables() -> tuple[_Table, ...]:
    tree = yaml.safe_load(resources.files("ods_pipeline.flatten.xml").joinpath("record_map.yaml").read_text())
    found = []
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
        found.append(
            _Table(
                table["name"],
                table["levels"][-1] == "date",
                len(table["levels"]) > 1,
                tuple(tuple(sorted(names)) for names in columns.values()),
                tuple(attributes),
            )
        )
    return tuple(found)


def evidence(parsed: Mapping[str, pa.RecordBatch]) -> tuple[int, int]:
    """How many elements and how many attributes the rows that the parser made prove."""
    elements, attributes = _WRAPPERS, 0
    for table in _tables():
        rows = parsed[table.name]
        attributes += sum(rows.num_rows - rows[name].null_count for name in table.attributes)
        elements += rows.num_rows  # the row's own element
        if table.rows_are_parts_of_dates:
            elements += int(np.count_nonzero(rows[_DATE].to_numpy() == 0))
            continue
        if table.has_container and rows.num_rows:
            record = rows[0].to_numpy()
            elements += 1 + int(np.count_nonzero(record[1:] != record[:-1]))
        for names in table.elements:
            elements += _rows_with_any([rows[name] for name in names])
    return elements, attributes


def _rows_with_any(columns: list[pa.Array]) -> int:
    """In how many rows at least one of the columns has a value."""
    fullest = min(columns, key=lambda column: column.null_count)
    if len(columns) == 1 or fullest.null_count == 0:
        return len(fullest) - fullest.null_count
    there = [column.is_valid().to_numpy(zero_copy_only=False) for column in columns]
    return int(np.count_nonzero(np.logical_or.reduce(there)))


def signs(document: bytes, has_numbered: bool) -> tuple[int, int]:
    """How many slashes and how many equals signs are in the bytes; ``has_numbered``: ``&#61;`` is one too."""
    data = np.frombuffer(document, dtype=np.uint8)
    # In blocks that stay in the processor's cache.
    slashes, equals = _signs(data[start : start + _BLOCK] for start in range(0, len(data), _BLOCK))
    if has_numbered:
        slashes += len(_NUMBERED_SLASH.findall(document))
        equals += len(_NUMBERED_EQUALS.findall(document))
    return slashes, equals


def tags_and_attributes(document: bytes) -> tuple[int, int]:
    """How many start tags (a ``<`` with no ``/`` after it) and attributes (``="``) are in the bytes."""
    data = np.frombuffer(document, dtype=np.uint8)
    tags = np.count_nonzero((data[:-1] == ord("<")) & (data[1:] != ord("/")))
    attributes = np.count_nonzero((data[:-1] == ord("=")) & (data[1:] == ord('"')))
    return int(tags), int(attributes)


def has_numbered_signs(document: bytes) -> bool:
    """Whether any sign is written as a number."""
    # A look for one byte is many times faster, and ODS hardly ever writes a number sign.
    return b"#" in document and b"&#" in document


def signs_in_values(parsed: Mapping[str, pa.RecordBatch]) -> tuple[int, int]:
    """How many slashes and equals signs the values hold, however they were written (``&#61;``)."""
    return _signs(_values(parsed))


def _signs(blocks: Iterable[np.ndarray]) -> tuple[int, int]:
    slashes = equals = 0
    for block in blocks:
        slashes += int(np.count_nonzero(block == ord("/")))
        equals += int(np.count_nonzero(block == ord("=")))
    return slashes, equals


def holds_control_characters(parsed: Mapping[str, pa.RecordBatch]) -> bool:
    """Whether a byte below the blank is in any value: a line end counts too, which ODS writes between
    elements only."""
    return any((data < ord(" ")).any() for data in _values(parsed))


def _values(parsed: Mapping[str, pa.RecordBatch]) -> Iterator[np.ndarray]:
    """The bytes of all values, a column after the other."""
    for rows in parsed.values():
        yield from (bytes_of(column)[0] for column in rows.columns if pa.types.is_string(column.type))
