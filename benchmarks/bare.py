"""The bare yardstick: lxml reads everything and keeps nothing. No program that uses lxml can be faster."""

from pathlib import Path
from typing import Any

from lxml import etree


def iterparse(room: Path, scale: float) -> dict[str, Any]:
    """Default events, every element cleared, nothing extracted; the rows told are elements."""
    elements = 0
    for file in sorted((room / "release").glob("*.xml"), reverse=True):
        for _, element in etree.iterparse(str(file)):
            element.clear()
            elements += 1
    return {"rows": elements, "bytes": 0}
