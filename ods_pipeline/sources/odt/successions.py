"""Successions: the concepts of a code system as the ``Succ`` entries of the two records that they join.

Lives here: which side an entry is on, and its date. Does not live here: reading the concepts (``terms.py``).

ORD records a succession on both records, or on one of them only, with one id or two, and sometimes with days
one apart. A concept of ODT names both records and one day. Which record has an entry is stated by the code
system of organisations (``successor``, ``predecessor``); which of two days is a record's own is not stated
at all. So history keeps date and ids as another source gave them (``sources/fields.py``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ods_pipeline.schema.codes import ODS_CODE_ROOT
from ods_pipeline.sources.odt.fhir import Notes
from ods_pipeline.sources.odt.organisations import Term


@dataclass(frozen=True)
class Edge:
    """One concept: ``code`` as read, two organisations, the legal date (ISO), and ORD's flag."""

    code: str
    predecessor: str
    successor: str
    day: str | None
    forward: bool | None = None


def edges_by_code(edges: Iterable[Edge]) -> dict[str, list[Edge]]:
    """Return the edges of every code, whichever side it is on, sorted."""
    by_code: dict[str, list[Edge]] = {}
    for edge in sorted(edges, key=lambda e: (e.predecessor, e.successor, e.day or "", e.code)):
        for code in {edge.predecessor, edge.successor}:
            by_code.setdefault(code, []).append(edge)
    return by_code


def successions(code: str, edges: Iterable[Edge], term: Term | None, notes: Notes) -> list[dict[str, Any]]:
    """Return the ``Succ`` entries on the record of ``code``, one for each type and target.

    If a pair has several days, the latest counts: an edge begins when both sides have it. A side that the
    code system of organisations does not state is left out; if it states nothing at all about this
    organisation, both sides are derived from the concept, and counted.
    """
    latest: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        for kind, own, other in (
            ("Predecessor", edge.successor, edge.predecessor),
            ("Successor", edge.predecessor, edge.successor),
        ):
            if own != code:
                continue
            stated = None if term is None else term.predecessors if kind == "Predecessor" else term.successors
            if stated is None:
                notes.note_rule("succession_side_derived")
            elif other not in stated:
                continue
            before = latest.get((kind, other))
            if before is None or (edge.day or "") >= (before.day or ""):
                latest[kind, other] = edge
    return [_entry(kind, other, edge) for (kind, other), edge in sorted(latest.items())]


def _entry(kind: str, other: str, edge: Edge) -> dict[str, Any]:
    number = edge.code if edge.code.isascii() and edge.code.isdigit() and len(edge.code) < 19 else None
    return {
        **({"uniqueSuccId": number} if number else {}),
        **({"forwardSuccession": True} if edge.forward else {}),
        "Date": [{"Type": "Legal", "Start": edge.day}] if edge.day else [],
        "Type": kind,
        "Target": {"OrgId": {"root": ODS_CODE_ROOT, "extension": other}},
    }
