"""Proof that the rows made of a document are all that is in it.

The rows are evidence of so many tags and attributes: a name of one Name element, a target's code of a Rels, a
Rel, a Target and an OrgId. Evidence never exceeds what is there, and whatever was lost or is unknown is there
and leaves no evidence. So if both numbers equal those in the raw bytes, nothing was lost and nothing is
unknown, and no name needs to be read. What it costs is two passes over the bytes (``scan.py`` reads names).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import pyarrow as pa
import yaml

from ods_pipeline.flatten.texts import bytes_of

_DATE = "<date>"
_BLOCK = 1 << 18
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
    tree = yaml.safe_load(resources.files("ods_pipeline.flatten").joinpath("record_map.yaml").read_text())
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
    """How many start tags and how many attributes the rows that the parser made prove."""
    tags, attributes = _WRAPPERS, 0
    for table in _tables():
        rows = parsed[table.name]
        attributes += sum(rows.num_rows - rows[name].null_count for name in table.attributes)
        tags += rows.num_rows  # the row's own element
        if table.rows_are_parts_of_dates:
            tags += int(np.count_nonzero(rows[_DATE].to_numpy() == 0))
            continue
        if table.has_container and rows.num_rows:
            record = rows[0].to_numpy()
            tags += 1 + int(np.count_nonzero(record[1:] != record[:-1]))
        for names in table.elements:
            tags += _rows_with_any([rows[name] for name in names])
    return tags, attributes


def _rows_with_any(columns: list[pa.Array]) -> int:
    """In how many rows at least one of the columns has a value."""
    fullest = min(columns, key=lambda column: column.null_count)
    if len(columns) == 1 or fullest.null_count == 0:
        return len(fullest) - fullest.null_count
    there = [column.is_valid().to_numpy(zero_copy_only=False) for column in columns]
    return int(np.count_nonzero(np.logical_or.reduce(there)))


def tags_and_attributes(document: bytes | bytearray) -> tuple[int, int]:
    """How many start tags (a ``<`` with no ``/`` after it) and attributes (``="``) are in the bytes."""
    data = np.frombuffer(document, dtype=np.uint8)
    tags = attributes = 0
    # In blocks that stay in the processor's cache, each with the first byte of the next.
    for start in range(0, len(data) - 1, _BLOCK):
        block = data[start : start + _BLOCK + 1]
        tags += int(np.count_nonzero(block[:-1] == ord("<"))) - _pairs(block, b"</")
        attributes += _pairs(block, b'="')
    return tags, attributes


def _pairs(block: np.ndarray, pair: bytes) -> int:
    """How often two bytes stand side by side; two at a time are compared as one number."""
    wanted = np.frombuffer(pair, dtype="<u2")[0]
    count = 0
    for shift in (0, 1):
        whole = (len(block) - shift) // 2
        view = np.ndarray(whole, dtype="<u2", buffer=block, offset=shift)
        count += int(np.count_nonzero(view == wanted))
    return count


def holds_control_characters(parsed: Mapping[str, pa.RecordBatch]) -> bool:
    """Whether a byte below the blank is in any value: a line end counts too, which ODS writes between
    elements only."""
    for rows in parsed.values():
        for column in rows.columns:
            if pa.types.is_string(column.type) and (bytes_of(column)[0] < ord(" ")).any():
                return True
    return False
