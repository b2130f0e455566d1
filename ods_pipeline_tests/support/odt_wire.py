"""The wire of the local ODT server: how it may behave, and the shapes of its answers.

Lives here: behaviour that tests choose, resources as replies. Does not live here: which resources
(`odt_server.py`).
"""

import json
from dataclasses import dataclass, field
from typing import Any

from ods_pipeline_tests.support.ord_wire import Reply, as_json

LARGEST = 10_000_000
PROPERTY = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.contains.property"


@dataclass
class Behaviour:
    """What is not known of ODT, as one server behaves.

    Attributes:
        largest: the largest answer in bytes; a larger one is refused (422).
        next_host: the host in links to the next page; its own if None.
        double_slash: whether these links have a double slash.
        lost_includes: ids of affiliations that ``_revinclude`` leaves out.
        moving: how many listings without ``_sort`` change their order between two pages.
        unsorted: whether ``_sort`` makes no difference to that.
        terms_behind: whether the terminology half is a day behind.
        loads: after how many requests each further load comes.
        spelling: how RefOnly is written. ended_roles: whether Inactive roles are published.
        repeat_legal: whether Operational dates are repeated as Legal ones.
        unknown_filters: whether a filter of ``$expand`` is refused.
        active: whether ``active`` is published.
        touched: affiliations that the store changed on a day, by id; others when their record was stamped.
        no_last_updated: whether ``_lastUpdated`` is unknown for affiliations.
    """

    largest: int = LARGEST
    next_host: str | None = None
    double_slash: bool = False
    lost_includes: frozenset[str] = frozenset()
    moving: int = 0
    unsorted: bool = False
    terms_behind: bool = False
    loads: list[int] = field(default_factory=list)
    spelling: str = "RefOnly"
    ended_roles: bool = True
    repeat_legal: bool = True
    unknown_filters: bool = False
    active: bool = True
    touched: dict[str, str] = field(default_factory=dict)
    no_last_updated: bool = False
    other_lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def bare(value: Any) -> str:
    return value["code"] if isinstance(value, dict) else str(value)


def typed(value: Any) -> dict[str, Any]:
    kind = "Coding" if isinstance(value, dict) else "Boolean" if isinstance(value, bool) else "String"
    return {f"value{kind}": value}


def contained(
    system: str, code: str, name: str, properties: list[tuple[str, Any]], wanted: list[str]
) -> dict[str, Any]:
    extensions = [
        {"url": PROPERTY, "extension": [{"url": "code", "valueCode": key}, {"url": "value", **typed(value)}]}
        for key, value in properties
        if key in wanted
    ]
    return {
        **({"extension": extensions} if extensions else {}),
        "system": system,
        "code": code,
        "display": name,
    }


def compact(content: Any) -> Reply:
    return Reply(200, json.dumps(content, separators=(",", ":")).encode(), kind="application/fhir+json")


def outcome(status: int, text: str, code: str = "processing") -> Reply:
    issue = {"severity": "error", "code": code, "diagnostics": text}
    return as_json({"resourceType": "OperationOutcome", "issue": [issue]}, status=status)
