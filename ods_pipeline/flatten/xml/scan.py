"""Counts the names of elements and attributes in raw XML, fast enough for the whole register.

The parser reads what the path maps name and passes over the rest. This count is the other half: it
names what the maps do not know, and it says how many Role, Rel, … elements there were, so that none
can be lost between the file and the tables.
Names are read from 8-byte windows after each ``<`` and before each ``="``: windows repeat, so that a
few thousand distinct ones stand for millions of elements.
"""

import re
from functools import cache
from importlib import resources

import numpy as np
import polars as pl
import yaml

MAPS = ("manifest_map.yaml", "record_map.yaml")
_NAME = re.compile(rb"[A-Za-z_][\w:.-]*")
_NAME_END = re.compile(rb"[\w:.-]*$")


@cache
def known_names() -> tuple[frozenset[str], frozenset[str]]:
    """Element and attribute names that occur in the path maps (the namespaced root included)."""
    elements: set[str] = set()
    attributes: set[str] = {
        "xmlns:HSCOrgRefData",
        "xmlns:xsi",
        "xsi:schemaLocation",
        "xmlns",
        "version",
        "encoding",
    }
    for map_name in MAPS:
        tree = yaml.safe_load(resources.files("ods_pipeline.flatten.xml").joinpath(map_name).read_text())
        for table in tree["tables"]:
            for path in [table["xml_path"], *(f["xml_path"] for f in table["fields"])]:
                for step in path.strip("/").split("/"):
                    (attributes if step.startswith("@") else elements).add(step.lstrip("@"))
    return frozenset(elements), frozenset(attributes)


def count_elements(document: bytes) -> dict[str, int]:
    """How often each element name occurs (start tags only). What looks like a tag in a comment or a CDATA
    section is counted too: ``comments.plain`` comes first."""
    data = np.frombuffer(document + b"\0" * 16, dtype=np.uint8)
    starts = np.flatnonzero(data == ord("<")) + 1
    first = _windows(data, starts)
    counts: dict[str, int] = {}
    for window, count in zip(*_value_counts(first), strict=True):
        name = _NAME.match(window)
        if name is None:
            continue
        if name.end() < len(window):
            key = name.group().decode("ascii", "replace")
            counts[key] = counts.get(key, 0) + count
        else:  # the name is longer than the window: look at these places again
            places = starts[first == np.frombuffer(window, dtype="<u8")[0]]
            tails = _windows(data, places + 8)
            for tail, tail_count in zip(*_value_counts(tails), strict=True):
                rest = re.match(rb"[\w:.-]*", tail)
                key = (window + (rest.group() if rest else b"")).decode("ascii", "replace")
                counts[key] = counts.get(key, 0) + tail_count
    return counts


def unknown_names(document: bytes, elements: dict[str, int]) -> dict[str, int]:
    """Names that the path maps do not know, with their counts; attributes as ``@name``.

    ``elements`` is the result of ``count_elements`` on the same bytes. An attribute whose last eight
    letters equal those of a known one goes unnoticed; the content of unknown elements is not searched.
    """
    known_elements, known_attributes = known_names()
    unknown = {name: count for name, count in elements.items() if not _is_known(name, known_elements)}
    data = np.frombuffer(b"\0" * 8 + document, dtype=np.uint8)
    equals = np.flatnonzero((data[:-1] == ord("=")) & (data[1:] == ord('"')))
    suffixes = {name[-8:] for name in known_attributes}
    windows, _ = _value_counts(_windows(data, equals - 8))
    tails = {tail.group() for window in windows if (tail := _NAME_END.search(window))}
    for tail in sorted(t for t in tails if t and t.decode("ascii", "replace") not in suffixes):
        rest = rb"[\w:.-]*" if len(tail) == 8 else b""
        for match in re.finditer(rb"\s(" + rest + re.escape(tail) + rb')="', document):
            key = "@" + match.group(1).decode("ascii", "replace")
            if key[1:] not in known_attributes:
                unknown[key] = unknown.get(key, 0) + 1
    return unknown


def _is_known(name: str, known: frozenset[str]) -> bool:
    """Names are read up to 16 letters; a longer known name is recognised by its beginning."""
    local = name.rpartition(":")[2]
    return local in known or (len(name) == 16 and any(k.startswith(local) for k in known))


def _windows(data: np.ndarray, places: np.ndarray) -> np.ndarray:
    view = np.ndarray(shape=(len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    return view[places]


def _value_counts(values: np.ndarray) -> tuple[list[bytes], list[int]]:
    counted = pl.Series("window", values, dtype=pl.UInt64).value_counts().sort("window")
    return [int(v).to_bytes(8, "little") for v in counted["window"]], counted["count"].to_list()
