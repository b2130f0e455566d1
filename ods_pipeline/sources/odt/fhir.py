"""Reading FHIR: extensions by URL, codings by system, references, and whatever nobody expected.

Lives here: the few shapes of R4 that ODT uses. Does not live here: what they mean for the register
(``organisations.py``, ``relationships.py``). Nothing is found by its position: the order of extensions
differs from record to record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ods_pipeline.sources.odt.names import ODS_CODE, ORGANIZATION

Json = Mapping[str, Any]


class Rejected(Exception):
    """A resource that cannot become a record. ``rule`` names the rule that it breaks."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule, self.detail = rule, detail


@dataclass
class Notes:
    """What a translation met: things that no rule takes, by name, and how often each rule was applied."""

    unknown: dict[str, int] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)

    def note_unknown(self, name: str) -> None:
        """Count a thing that no rule takes. It reaches the table ``unknown_elements``."""
        name = f"/ODT/{name[:150]}"
        self.unknown[name] = self.unknown.get(name, 0) + 1

    def note_rule(self, name: str) -> None:
        """Count one application of a rule."""
        self.rules[name] = self.rules.get(name, 0) + 1

    def note_keys(self, where: str, node: Json, known: Iterable[str]) -> None:
        """Count the keys of ``node`` that are not among the known ones."""
        for key in node.keys() - {*known, "id"}:
            self.note_unknown(f"{where}.{key}")


def items(node: Any, key: str) -> list[Json]:
    """Return the objects below ``key``. A single object counts as a list of one, anything else as none."""
    content = node.get(key) if isinstance(node, Mapping) else None
    content = [content] if isinstance(content, Mapping) else content
    return [item for item in content if isinstance(item, Mapping)] if isinstance(content, list) else []


def text(node: Any, key: str) -> str | None:
    """Return the text below ``key``; None without one. Blank text counts as none."""
    content = node.get(key) if isinstance(node, Mapping) else None
    return content if isinstance(content, str) and content.strip() else None


def by_url(node: Any, *urls: str) -> list[Json]:
    """Return the extensions of ``node`` with one of these URLs, in order."""
    return [ext for ext in items(node, "extension") if ext.get("url") in urls]


def value_of(extension: Json) -> Any:
    """Return the ``value[x]`` of an extension, whatever its type; None without one.

    A property of a code system may carry its value twice, as ``value`` and under its type: they are equal.
    """
    return next((v for k, v in sorted(extension.items()) if k.startswith("value")), None)


def part(node: Any, url: str) -> Any:
    """Return the value of the first part of a complex extension with this URL; None without one."""
    return next((value_of(ext) for ext in by_url(node, url)), None)


def coding(concept: Any, system: str) -> Json | None:
    """Return the coding of a CodeableConcept with this system; None without one."""
    return next((c for c in items(concept, "coding") if c.get("system") == system), None)


def referenced_code(reference: Any) -> str | None:
    """Return the ODS code that a reference points at; None if it points at no organisation.

    The identifier counts first, then the reference itself (``Organization/A81001``).
    """
    if not isinstance(reference, Mapping):
        return None
    identifier = reference.get("identifier")
    if isinstance(identifier, Mapping) and identifier.get("system") == ODS_CODE and text(identifier, "value"):
        return text(identifier, "value")
    kind, _, code = str(reference.get("reference", "")).rpartition("/")
    return code if kind.rpartition("/")[2] == ORGANIZATION and code else None


def day_of(moment: Any) -> str | None:
    """Return the day of a date or a date-time: its first ten characters. A time zone never moves it."""
    return moment[:10] if isinstance(moment, str) and moment else None
