"""One Organization, its affiliations and its successions as one record in the shape of the ORD API.

Lives here: the whole record, or the reason why there is none. Does not live here: its sections
(``organisations.py``, ``relationships.py``, ``successions.py``), and reading the record, which is the same
for every source (``flatten/json/record.py``): one reader, one fingerprint.

A record that breaks a rule is kept with the rule's name and its resources, and goes to quarantine when it is
flattened. Nothing is lost and nothing is guessed.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ods_pipeline.sources.odt import organisations as org
from ods_pipeline.sources.odt.fhir import Json, Notes, Rejected, text
from ods_pipeline.sources.odt.organisations import Term
from ods_pipeline.sources.odt.relationships import relationship, source_of, target_of, unique_id
from ods_pipeline.sources.odt.successions import Edge, successions

# What nested JSON of a wrong type can raise.
_OTHER_SHAPE = (AttributeError, KeyError, TypeError, ValueError, RecursionError)


@dataclass(frozen=True)
class Context:
    """What a translation knows in addition to the resources.

    Attributes:
        primary_roles: The ids of roles that can be primary (code system ``ODSOrganisationRole``).
        terms: The code system's entry of each organisation, by ODS code.
        primary_instances: The unique ids of roles that are known to be primary.
        roles_of_targets: The primary role of each relationship's target, by ODS's id of the relationship.
        primary_role_of: The primary role of targets for which ``roles_of_targets`` has nothing.
        edges: The successions of each organisation.
    """

    primary_roles: frozenset[str] = frozenset()
    terms: Mapping[str, Term] = field(default_factory=dict)
    primary_instances: frozenset[str] = frozenset()
    roles_of_targets: Mapping[str, str] = field(default_factory=dict)
    primary_role_of: Mapping[str, str] = field(default_factory=dict)
    edges: Mapping[str, list[Edge]] = field(default_factory=dict)


def record(resource: Json, affiliations: Iterable[Json], context: Context, notes: Notes) -> dict[str, Any]:
    """Return the record of one organisation, in the shape of the ORD API.

    Raises Rejected if it breaks a rule.
    """
    code = org.code_of(resource)
    term, stub, stamp = context.terms.get(code), org.is_stub(resource), org.stamp_of(resource)
    roles = org.roles(resource, notes)
    primary = org.mark_primary(roles, context.primary_roles, term, context.primary_instances, notes)
    place, contacts = org.location(resource, notes), org.contacts(resource, notes)
    # As in ORD, a stub has neither relationships nor successions, whatever is included with it.
    rels = [] if stub else [relationship(a, _role_of_target(a, context), notes) for a in affiliations]
    succs = [] if stub else successions(code, context.edges.get(code, ()), term, notes)
    org.note_rest(resource, notes)
    sections = {
        "GeoLoc": ("Location", place),
        "Contacts": ("Contact", contacts),
        "Roles": ("Role", roles),
        "Rels": ("Rel", rels),
        "Succs": ("Succ", succs),
    }
    return {
        "Name": text(resource, "name"),
        "Date": org.dates(resource, primary, stamp, term, notes),
        "OrgId": org.identity(resource, notes),
        **org.status(resource),
        "LastChangeDate": stamp,
        "orgRecordClass": org.record_class(resource),
        **({"refOnly": True} if stub else {}),
        **{name: {inner: value} for name, (inner, value) in sections.items() if value},
    }


def translated(
    resource: Json, affiliations: Sequence[Json], context: Context, counts: Counter[str] | None = None
) -> bytes:
    """Return the payload that is kept for one organisation. Never raises for what a resource holds.

    It is ``{"Organisation": …, "Unknown": {name: count}, "Rules": {name: count}}``, or, for a resource that
    breaks a rule, ``{"Refused": {"rule", "detail"}, "resource": …, "affiliations": […]}``. ``counts`` adds up
    how often each rule was applied.
    """
    notes = Notes()
    try:
        payload: dict[str, Any] = {"Organisation": record(resource, affiliations, context, notes)}
        if counts is not None:
            counts.update(notes.rules)
        payload |= {"Unknown": notes.unknown} if notes.unknown else {}
        payload |= {"Rules": notes.rules} if notes.rules else {}
        return _json(payload)
    except Rejected as rejected:
        return _rejected(rejected.rule, rejected.detail, resource, affiliations)
    except _OTHER_SHAPE as error:
        return _rejected("odt_other_shape", f"{type(error).__name__}: {error}", resource, affiliations)


def _role_of_target(affiliation: Json, context: Context) -> str | None:
    """Return the primary role of a relationship's target: its own concept states it, else the target's."""
    role = context.roles_of_targets.get(unique_id(affiliation))
    return role or context.primary_role_of.get(target_of(affiliation))


def affiliations_by_source(affiliations: Iterable[Json]) -> dict[str, list[Json]]:
    """Return the affiliations on each organisation's record, in order of their ids.

    Those without a source are left out.
    """
    by_source: dict[str, list[Json]] = {}
    for affiliation in sorted(affiliations, key=lambda a: str(a.get("id"))):
        code = source_of(affiliation)
        if code is not None:
            by_source.setdefault(code, []).append(affiliation)
    return by_source


def _rejected(rule: str, detail: str, resource: Json, affiliations: Sequence[Json]) -> bytes:
    kept = {"resource": resource, "affiliations": list(affiliations)}
    # The key is "Refused" in payloads that are held already, so it stays.
    return _json({"Refused": {"rule": rule, "detail": detail[:300]}, **kept})


def _json(content: Any) -> bytes:
    try:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # JSON can write a lone surrogate, UTF-8 cannot: escaped, it stays readable
        return json.dumps(content, separators=(",", ":")).encode()
