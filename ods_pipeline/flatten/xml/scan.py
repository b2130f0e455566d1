"""Names in XML: what the path maps know and where, what else a document holds, and which records spoil it.

The parser reads what the path maps name and passes over the rest. A document whose rows do not account for
all of it comes here, and so do the heads of files. Expat reads every tag of it, so this is exact and slow
(0.05 s a megabyte).

Lives here: names, their places and their counts, and the records in which an element repeats or a component
is where none is read. Does not live here: rules about values (``rules.py``).
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from xml.parsers import expat

import yaml

MAPS = ("manifest_map.yaml", "record_map.yaml")
# The prefix of the root element in every file of ODS. Elements below it have none; with this one they count.
ROOT_PREFIX = "HSCOrgRefData:"
# Facts about the document, wherever they are.
_OF_NAMESPACES = frozenset({"xmlns:HSCOrgRefData", "xmlns:xsi", "xsi:schemaLocation", "xmlns"})
_COMPONENTS = frozenset({"Role", "Rel", "Succ", "Contact"})
_MAY_REPEAT = _COMPONENTS | {"Date", "Organisation", "CodeSystem", "concept", "PrimaryRole"}
_NOT_IN_XML = re.compile(
    rb"&#(?:0*([0-9]{1,9})|x0*([0-9a-fA-F]{1,8}));|[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]"
)
_NAME_SHOWN = 200  # a longer name is reported by its beginning

DamagedXml = expat.ExpatError


@dataclass
class Place:
    """An element where the maps know it; ``path`` is below the record (``/Roles/Role``) or the root."""

    path: str = ""
    attributes: set[str] = field(default_factory=set)
    children: dict[str, "Place"] = field(default_factory=dict)
    is_known: bool = True


@dataclass
class OddRecord:
    """A record that the parser cannot read among others: the rule that it breaks, its code and its name."""

    repeated: dict[str, None] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    ods_code: str | None = None
    name: str | None = None

    @property
    def rule(self) -> str:
        """The rule; if there are two, the first."""
        return "repeated_element" if self.repeated else "lost_component"

    @property
    def detail(self) -> str:
        """How the rule is broken."""
        if self.repeated:
            return "; ".join(f"{path} occurs more than once" for path in self.repeated)
        return "; ".join(f"{count} {tag} where none is read" for tag, count in self.lost.items())


@dataclass
class Scan:
    """What a document holds.

    Attributes:
        records: The number of Organisation elements, at any place.
        unknown: Names that the maps do not know, with their counts: elements by name, attributes as
            ``@name``. A name that they know, at a place where they do not, is given with its path; so
            are the elements below one out of place, but not their attributes.
        odd: The records to take out, by their position in the document from 0.
    """

    records: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    odd: dict[int, OddRecord] = field(default_factory=dict)


@cache
def known_tree() -> Place:
    """Return the root of the places that the maps know; paths of a record begin below it."""
    root = Place()
    for map_name in MAPS:
        tree = yaml.safe_load(resources.files("ods_pipeline.flatten.xml").joinpath(map_name).read_text())
        for table in tree["tables"]:
            for path in [table["xml_path"], *(f["xml_path"] for f in table["fields"])]:
                place = root
                for step in path.strip("/").split("/")[1:]:
                    if step.startswith("@"):
                        place.attributes.add(step[1:])
                    else:
                        below = "" if step == "Organisation" else f"{place.path}/{step}"
                        place = place.children.setdefault(step, Place(below))
    return root


@cache
def known_names() -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of elements and of attributes that the maps know at any place."""
    elements, attributes = {"OrgRefData"}, set(_OF_NAMESPACES)
    waiting = [known_tree()]
    while waiting:
        place = waiting.pop()
        elements |= place.children.keys()
        attributes |= place.attributes
        waiting += place.children.values()
    return frozenset(elements), frozenset(attributes)


def scan(document: bytes) -> Scan:
    """Read every tag of a plain document, whose root is ``OrgRefData`` with any prefix.

    Raises:
        DamagedXml: It is not well-formed.
    """
    walk = _Walk()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    walk.parser = parser
    parser.StartElementHandler, parser.EndElementHandler = walk.start, walk.end
    try:
        # The record parser passes over characters that XML forbids; here they are spaces.
        parser.Parse(_NOT_IN_XML.sub(_space_if_forbidden, document), True)
    finally:  # handlers and parser refer to each other
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
    return walk.result


def _space_if_forbidden(match: re.Match[bytes]) -> bytes:
    if match[1] is None and match[2] is None:
        return b" "
    number = int(match[1]) if match[1] else int(match[2], 16)
    is_allowed = (
        number in (9, 10, 13) or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or number >> 16
    )
    return match[0] if is_allowed and number <= 0x10FFFF else b" "


class _Walk:
    def __init__(self) -> None:
        self.result = Scan()
        self.parser: expat.XMLParserType
        self._elements, self._attributes = known_names()
        self._record_place = known_tree().children["Organisations"].children["Organisation"]
        self._stack: list[tuple[Place, set[str]]] = []
        self._here, self._seen = Place(children=_Root()), set[str]()
        self._record = OddRecord()
        self._name: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.removeprefix(ROOT_PREFIX)
        here = self._here
        self._stack.append((here, self._seen))
        place = here.children.get(tag)
        if place is None:
            place = self._out_of_place(tag)
        elif tag in self._seen and tag not in _MAY_REPEAT:
            self._record.repeated[place.path] = None
        else:
            self._seen.add(tag)
            self._notice(place, attributes)
        if not attributes.keys() <= place.attributes:
            self._count_attributes(place, attributes)
        self._here, self._seen = place, set()

    def end(self, _: str) -> None:
        place = self._here
        self._here, self._seen = self._stack.pop()
        if place.path == "/Name":
            self.parser.CharacterDataHandler = None
        elif place is self._record_place and (self._record.repeated or self._record.lost):
            self._record.name = "".join(self._name).strip() or None
            self.result.odd[self.result.records - 1] = self._record

    def _notice(self, place: Place, attributes: dict[str, str]) -> None:
        if place is self._record_place:
            self.result.records += 1
            self._record = OddRecord()
            self._name.clear()
        elif place.path == "/Name":
            self.parser.CharacterDataHandler = self._name.append
        elif place.path == "/OrgId":
            self._record.ods_code = (attributes.get("extension") or "").strip() or None

    def _out_of_place(self, tag: str) -> Place:
        path = f"{self._here.path}/{tag}"
        if tag in self._elements:
            self.result.unknown[path[:_NAME_SHOWN]] += 1
            self.result.records += tag == "Organisation"
            if tag in _COMPONENTS:
                self._record.lost[tag] += 1
        else:
            self.result.unknown[tag[:_NAME_SHOWN]] += 1
        return Place(path, is_known=False)

    def _count_attributes(self, place: Place, attributes: dict[str, str]) -> None:
        for name in attributes.keys() - place.attributes - _OF_NAMESPACES:
            if name not in self._attributes:
                self.result.unknown[f"@{name}"[:_NAME_SHOWN]] += 1
            elif place.is_known:
                self.result.unknown[f"{place.path}/@{name}"[:_NAME_SHOWN]] += 1


class _Root(dict):
    """The children above the root: the root, whatever its prefix is."""

    def get(self, key: str, default: object = None) -> Place | None:  # ty: ignore[incompatible-method-override]
        return known_tree() if key.rpartition(":")[2] == "OrgRefData" else None
