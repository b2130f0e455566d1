"""What the terminology half of ODT has, read out of the pages that a fetch holds.

Lives here: concepts as terms, roles of targets, successions and code lists. Does not live here: asking for
them (``source.py``).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ods_pipeline.sources.odt.answers import concepts
from ods_pipeline.sources.odt.fhir import Json, day_of
from ods_pipeline.sources.odt.organisations import Term
from ods_pipeline.sources.odt.periods import LEGAL, OPERATIONAL, Periods
from ods_pipeline.sources.odt.successions import Edge

# The properties that a term is made of.
DATES = ("opStartDate", "opEndDate", "legStartDate", "legEndDate")
OF_ORGANISATION = ("lastChangeDate", "primaryRole", *DATES, "successor", "predecessor")
OF_SUCCESSION = ("predecessor", "successor", "legStartDate", "forwardSuccession")
OF_RELATIONSHIP = ("sourceOrgCode", "targetOrgRole")
Properties = dict[str, list[Any]]
# Source of each relationship and role of its target, by ODS's id of the relationship.
Targets = Mapping[str, tuple[str | None, str | None]]


def terms(value_sets: Iterable[Json]) -> dict[str, Term]:
    """Return the code system's entry of each organisation, by ODS code."""
    return {
        code: _term(properties) for value_set in value_sets for code, _, properties in concepts(value_set)
    }


def _term(properties: Properties) -> Term:
    return Term(
        stamp=day_of(_one(properties, "lastChangeDate")),
        primary_role=_text(_one(properties, "primaryRole")),
        periods=_periods(properties),
        successors=frozenset(map(str, properties.get("successor", []))),
        predecessors=frozenset(map(str, properties.get("predecessor", []))),
    )


def _periods(properties: Properties) -> Periods:
    op_start, op_end, leg_start, leg_end = (day_of(_one(properties, name)) for name in DATES)
    periods: Periods = {}
    if op_start:
        periods[OPERATIONAL] = op_start, op_end
    if leg_start:
        periods[LEGAL] = leg_start, leg_end
    return periods


def targets(value_sets: Iterable[Json]) -> dict[str, tuple[str | None, str | None]]:
    """Source and role of the target of each relationship, by ODS's id of it."""
    return {
        code: (_text(_one(p, "sourceOrgCode")), _text(_one(p, "targetOrgRole")))
        for value_set in value_sets
        for code, _, p in concepts(value_set)
    }


def primary_instances(value_sets: Iterable[Json]) -> frozenset[str]:
    """Return the unique ids of roles that are primary."""
    return frozenset(
        code
        for value_set in value_sets
        for code, _, p in concepts(value_set)
        if str(_one(p, "primaryRole")).lower() == "true"
    )


def edges(value_sets: Iterable[Json]) -> Iterator[Edge]:
    """Yield the successions. A concept without both organisations does not count."""
    for value_set in value_sets:
        for code, _, p in concepts(value_set):
            before, after = _text(_one(p, "predecessor")), _text(_one(p, "successor"))
            if before and after:
                forward = str(_one(p, "forwardSuccession")).lower() == "true"
                yield Edge(code, before, after, day_of(_one(p, "legStartDate")), forward or None)


def code_list(value_sets: Iterable[Json], with_primary: bool) -> list[dict[str, Any]]:
    """Return the entries of a code list in the shape of the ORD API. RO197 has the code 197."""
    return [
        {
            "id": code,
            "code": code.lstrip("ROEC"),
            "displayName": display,
            **({"primaryRole": str(_one(p, "primaryRole")).lower()} if with_primary else {}),
        }
        for value_set in value_sets
        for code, display, p in concepts(value_set)
    ]


def primary_scope(roles: bytes) -> frozenset[str]:
    """Return the ids of roles that can be primary, from the page ``roles.json``."""
    return frozenset(r["id"] for r in json.loads(roles)["Roles"] if r.get("primaryRole") == "true")


def _one(properties: Properties, name: str) -> Any:
    """Return the one value of a property; None without one."""
    return next(iter(properties.get(name, [])), None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
