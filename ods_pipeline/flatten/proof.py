"""Proof that the rows made of a document are all that is in it.

The rows are evidence of so many tags and attributes: a name of one Name element, a target's code of a Rels, a
Rel, a Target and an OrgId. Evidence never exceeds what is there, and whatever was lost or is unknown is there
and leaves no evidence. So if both numbers equal those in the raw bytes, nothing was lost and nothing is
unknown, and no name needs to be read. What it costs is two passes over the bytes (``scan.py`` reads names).
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import polars as pl
import yaml

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


def evidence(raw: dict[str, pl.DataFrame]) -> tuple[int, int]:
    """How many start tags and how many attributes the parsed rows prove. Takes ``rows.raw_frames``."""
    tags, attributes = _WRAPPERS, 0
    for table in _tables():
        frame = raw[table.name]
        there = {name: frame[name].is_not_null() for name in frame.columns if not name.startswith("<")}
        counts = {name: int(mask.sum()) for name, mask in there.items()}
        attributes += sum(counts[name] for name in table.attributes)
        tags += frame.height  # the row's own element
        if table.rows_are_parts_of_dates:
            tags += int((frame[_DATE] == 0).sum())
            continue
        if table.has_container:
            tags += frame[frame.columns[0]].n_unique()
        for names in table.elements:
            tags += _rows_with_any(names, there, counts)
    return tags, attributes


def _rows_with_any(names: tuple[str, ...], there: dict[str, pl.Series], counts: dict[str, int]) -> int:
    most = max(names, key=lambda name: counts[name])
    mask = there[most]
    if counts[most] == len(mask):
        return counts[most]
    for name in names:
        mask = mask | there[name]
    return int(mask.sum())


def tags_and_attributes(document: bytes | bytearray) -> tuple[int, int]:
    """How many start tags (a ``<`` with no ``/`` after it) and attributes (``="``) are in the bytes."""
    data = np.frombuffer(document, dtype=np.uint8)
    tags = attributes = 0
    # In blocks that stay in the processor's cache, each with the first byte of the next.
    for start in range(0, len(data) - 1, _BLOCK):
        block = data[start : start + _BLOCK + 1]
        here, after = block[:-1], block[1:]
        tags += int(np.count_nonzero((here == ord("<")) & (after != ord("/"))))
        attributes += int(np.count_nonzero((here == ord("=")) & (after == ord('"'))))
    return tags, attributes


def only_line_ends_below_blank(document: bytes | bytearray) -> bool:
    """Whether no byte below the blank but CR and LF is there, as ODS writes it: a quick yes or a no."""
    data = np.frombuffer(document, dtype=np.uint8)
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK]
        line_ends = np.count_nonzero(block == ord("\n")) + np.count_nonzero(block == ord("\r"))
        if np.count_nonzero(block < ord(" ")) != line_ends:
            return False
    return True
