"""Counts of the names of elements and attributes in raw XML, and those that the path maps do not know.

The parser reads what the path maps name and passes over the rest. A document whose rows do not account for
all of it comes here, and so do the heads of files: this scan reports what the maps do not know, and how many
Organisation elements there are.
"""

import re
from collections import Counter
from functools import cache
from importlib import resources

import yaml

MAPS = ("manifest_map.yaml", "record_map.yaml")
_ELEMENT = re.compile(rb"<([A-Za-z_][\w:.-]{0,15})")
_ATTRIBUTE = re.compile(rb'\s([\w:.-]+)="')
# Unknown names are published, so these limits stay until FLAT_VERSION rises for another reason: an
# element's name is read up to 16 characters, and an attribute is known if its last 8 characters are those
# of a known one.
_ELEMENT_CHARACTERS = 16
_ATTRIBUTE_CHARACTERS = 8


@cache
def known_names() -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of elements and of attributes in the path maps, those of the root element included."""
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
    """Return the number of start tags of each element name, up to 16 characters of it.

    Tags inside comments and CDATA sections are counted too: call ``comments.plain`` first.
    """
    return _counted(_ELEMENT, document)


def unknown_names(document: bytes, elements: dict[str, int]) -> dict[str, int]:
    """Return the names that the path maps do not know, with their counts; attributes as ``@name``.

    Args:
        document: the bytes without comments.
        elements: the result of ``count_elements`` on the same bytes.
    """
    known_elements, known_attributes = known_names()
    endings = {name[-_ATTRIBUTE_CHARACTERS:] for name in known_attributes}
    attributes = {
        f"@{name}": count
        for name, count in _counted(_ATTRIBUTE, document).items()
        if name[-_ATTRIBUTE_CHARACTERS:] not in endings
    }
    return {name: n for name, n in elements.items() if not _is_known(name, known_elements)} | attributes


def _counted(pattern: re.Pattern[bytes], document: bytes) -> dict[str, int]:
    return {name.decode("ascii"): count for name, count in Counter(pattern.findall(document)).items()}


def _is_known(name: str, known: frozenset[str]) -> bool:
    """Whether an element is known by its local name, or by its beginning where the name may be cut short."""
    local = name.rpartition(":")[2]
    is_cut = len(name) == _ELEMENT_CHARACTERS
    return local in known or (is_cut and any(known_name.startswith(local) for known_name in known))
