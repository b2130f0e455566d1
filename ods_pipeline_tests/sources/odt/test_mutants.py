"""Mutated resources of ODT, translated and flattened: each is a record or is set aside, and none is lost."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.sources.odt.translate import Context, translated
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.fhir_resources import PRIMARY, affiliation, flat_of, organization

STRANGE = (None, "", "\ud800", "x" * 50, 0, -1, 1e400, True, [], {}, [[]], {"a": {}}, "2026-02-30", "\x00")


def mutated(node: Any, chance: random.Random) -> Any:
    """The resource with one or a few parts changed, dropped, doubled or renamed."""
    copy = json.loads(json.dumps(node))
    for _ in range(chance.randint(1, 4)):
        parents = list(_parents(copy))
        parent = chance.choice(parents)
        keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
        key = chance.choice(keys)
        what = chance.randrange(5)
        if what == 0:
            parent[key] = deepcopy(chance.choice(STRANGE))
        elif what == 1:
            del parent[key]
        elif what == 2 and isinstance(parent, dict):
            parent[f"{key}x"] = parent.pop(key)
        elif what == 3 and isinstance(parent, list):
            parent.append(deepcopy(parent[key]))
        else:
            parent[key] = [parent[key]]
        if not copy:
            return copy
    return copy


def _parents(node: Any) -> Iterator[Any]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if children:
        yield node
    for child in children:
        yield from _parents(child)


IN_ONE_FETCH = 500


def mutants_of(chance: random.Random, number: int) -> dict[str, bytes]:
    """This many payloads, by code: of each an organisation, or one of its affiliations, is mutated."""
    payloads = {}
    for n in range(number):
        code = f"RX{n}"
        resource = organization(code)
        resource = mutated(resource, chance) if chance.random() < 0.7 else resource
        other = mutated(affiliation(str(n + 1)), chance)
        others = [other] if isinstance(other, dict) else []
        payloads[code] = translated(resource, others, Context(PRIMARY))
    return payloads


@pytest.mark.promise("hostile")
@pytest.mark.parametrize(
    "number", [200, pytest.param(20_000, marks=pytest.mark.slow)], ids=["a few", "20,000"]
)
def test_mutated_payloads_are_used_or_set_aside_and_never_lost(number: int, tmp_path: Path) -> None:
    """Each is a record of the register, or set aside under a rule; a minute is enough for a fetch of 500."""
    chance, outcomes = random.Random(number), Counter[str]()
    started = time.monotonic()
    for done in range(0, number, IN_ONE_FETCH):
        payloads = mutants_of(chance, min(IN_ONE_FETCH, number - done))
        began = time.monotonic()
        frames = flat_of(tmp_path / str(done), payloads)
        assert time.monotonic() - began < 60
        used, aside = frames["organisations"]["ods_code"], frames["quarantined_records"]["ods_code"]
        assert sorted([*used, *aside]) == sorted(payloads)
        outcomes.update(used=len(used), aside=len(aside))
        outcomes.update(frames["quarantined_records"]["rule"])
    seconds = time.monotonic() - started
    assert 0.1 * number < outcomes["used"] < number
    figures.record("hostile", "mutated records of ODT read or set aside, none lost", number)
    print(f"{seconds:.0f} s, {dict(outcomes)}")  # noqa: T201
