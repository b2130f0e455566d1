"""Damage to JSON: types swapped, keys doubled, enormous numbers, deep nesting, text that is not valid."""

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from ods_pipeline_tests.hostile.bytes_mutants import harmed
from ods_pipeline_tests.support.builders import make_record, notice, rel, succ
from ods_pipeline_tests.support.payloads import organisation_json

# JSON text that is inserted unchanged. Python's own writer would never write some of it.
SCALARS = (
    "null",
    "true",
    "false",
    "0",
    "-1",
    "-0.0",
    "1e400",
    "NaN",
    "-Infinity",
    "9" * 30,
    "9" * 5000,
    "1.5e-7",
    '""',
    '" "',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\uffff"',
    '"\\u001b[2J"',
    '"\\n"',
    '"é"',
    '"' + "x" * 9000 + '"',
    '"2026-02-30"',
    '"0001-01-01"',
    '"9999-12-31"',
    '"<Name>X</Name>"',
    '"]]>&amp;<!--"',
    '"../../etc/passwd"',
    '"RX1"',
    "[]",
    "{}",
    "[null]",
    "[[]]",
    "[{}]",
    '{"value":{"value":1}}',
    '[{"id":"RO197"},[1,[2]]]',
)
DEPTHS = (10, 200, 900, 1100, 3000, 100_000)


class Raw(str):
    """A piece of JSON text that is inserted unchanged."""

    __slots__ = ()


def text_of(node: Any) -> str:
    """Return a node as JSON text. A tuple of pairs is an object, in which a key can be there twice."""
    if isinstance(node, Raw):
        return str(node)
    if isinstance(node, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{text_of(v)}" for k, v in node.items()) + "}"
    if isinstance(node, tuple):
        return "{" + ",".join(f"{json.dumps(k)}:{text_of(v)}" for k, v in node) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(text_of, node)) + "]"
    return json.dumps(node, ensure_ascii=False)


def _places(node: Any, places: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Add every place below a node: a container and a key in it."""
    keys: Any = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        places.append((node, key))
        _places(node[key], places)
    return places


def _deep(random: Random) -> Raw:
    depth = random.choice(DEPTHS)
    start, end = random.choice([("[", "]"), ('{"Date":', "}"), ('{"a":[', "]}")])
    return Raw(start * depth + "1" + end * depth)


def mutant(node: Any, random: Random) -> bytes:
    """Return JSON with one to three changes; a quarter of the time its bytes are damaged as well."""
    node = json.loads(json.dumps(node))
    for _ in range(random.randint(1, 3)):
        places = _places(node, [])
        if not places:
            break
        container, key = random.choice(places)
        other = random.choice(places)
        random.choice(_WAYS)(container, key, other[0][other[1]], random)
    text = text_of(node)
    payload = text.encode("utf-8", "surrogatepass")
    return harmed(payload, random, 2) if random.random() < 0.25 else payload


def _scalar(container: Any, key: Any, _other: Any, random: Random) -> None:
    container[key] = Raw(random.choice(SCALARS))


def _drop(container: Any, key: Any, _other: Any, _random: Random) -> None:
    del container[key]


def _transplant(container: Any, key: Any, other: Any, _random: Random) -> None:
    container[key] = deepcopy(other)


def _wrap(container: Any, key: Any, _other: Any, random: Random) -> None:
    """A value becomes a list, or a list its first value."""
    inner = container[key]
    if isinstance(inner, list) and inner and random.random() < 0.5:
        container[key] = inner[0]
    else:
        container[key] = random.choice([[inner], [inner, inner], {"value": inner}])


def _twice(container: Any, key: Any, other: Any, _random: Random) -> None:
    """A key is in an object twice. This needs Raw text, because a dict cannot hold it."""
    if isinstance(container[key], dict) and container[key]:
        first = next(iter(container[key]))
        container[key] = Raw(text_of((*container[key].items(), (first, other))))


def _rename(container: Any, key: Any, _other: Any, random: Random) -> None:
    if isinstance(container, dict):
        new = random.choice([key.lower(), key + "s", "", "Organisation", "value", "\ud800", "a/b", "<x>"])
        container[new] = container.pop(key)


def _deepen(container: Any, key: Any, _other: Any, random: Random) -> None:
    container[key] = _deep(random)


_WAYS: tuple[Callable[[Any, Any, Any, Random], None], ...] = (
    _scalar, _scalar, _scalar, _scalar, _drop, _transplant, _transplant, _wrap, _twice, _rename, _rename,
    _deepen,
)  # fmt: skip

RICH = make_record(
    "RX1",
    Rels={"Rel": [rel("RX1", "RX2"), rel("RX1", "RX3", "RE8")]},
    Succs={"Succ": [succ("RX1", "Predecessor", "RX4")]},
)
RECORD = json.loads(organisation_json(RICH))
NOTICES = {"DeletedOrganisations": [notice("RX8", "2026-08-20"), notice("RX9", "2026-08-21")]}
ROLES = {"Roles": [{"id": "RO197", "code": "197", "displayName": "NHS TRUST", "primaryRole": "true"}]}
