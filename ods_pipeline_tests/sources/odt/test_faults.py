"""Faults of ODT on the wire, interruptions, and how many questions a fetch asks."""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.sources.deltas import fetch_stamps, longest_gap
from ods_pipeline.sources.odt.translate import Context, translated
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline.sources.settings import ODT_PRODUCTION, Key, Sources
from ods_pipeline_tests.odt_server import Behaviour, OdtServer
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.fhir_resources import PRIMARY, affiliation, flat_of, organization
from ods_pipeline_tests.support.odt_registers import MORNING, WINDOW, fetched_codes, linked, made_once, varied
from ods_pipeline_tests.support.ord_wire import CutAfter, Fault
from ods_pipeline_tests.support.simulated import (
    KEY,
    ODT_KEY,
    QUICK,
    SimulatedClock,
    odt_sources_of,
    sources_of,
    world_of,
)

FAULTS = [
    Fault("status", "Organization", 2, 429, {"Retry-After": "7"}),
    Fault("status", "expand", 2, 503),
    Fault("html", "List", 2),
    Fault("outcome", "CodeSystem", 2),
    Fault("half", "Organization", 1),
    Fault("reset", "expand", 1),
    Fault("gzip_garbage", "CodeSystem", 1),
    Fault("wrong_bytes", "OrganizationAffiliation|Organization", 1),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.kind} {f.value or ''}")
def test_a_fault_is_asked_about_again(root: DataRoot, fault: Fault) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        server.faults = [replace(fault)]
        assert len(fetched_codes(root, server, clock)) == 14


def test_a_wrong_key_is_named_and_never_shown(root: DataRoot, caplog: pytest.LogCaptureFixture) -> None:
    clock, wrong = SimulatedClock(MORNING), Key("wr0ngK3y-never-to-be-seen", "ODS_ODT_API_KEY")
    with OdtServer(varied(), now=clock.now, odt_key=ODT_KEY.reveal()) as server:
        with pytest.raises(
            OdsError, match=r"key for the ODT API is missing or wrong.*ODS_ODT_API_KEY"
        ) as bad:
            fetch_stamps(root, odt_sources_of(server, clock, odt_key=wrong), WINDOW)
        server.faults = [Fault("status", "", 9, 503, text=f"no {wrong.reveal()}")]
        with pytest.raises(Unreachable) as silent:
            fetch_stamps(root, odt_sources_of(server, clock, odt_key=wrong), WINDOW)
    shown = f"{bad.value} {silent.value} {caplog.text} {sources_of(server, clock, odt_key=wrong)!r}"
    assert wrong.reveal() not in shown


def test_production_is_not_asked_without_a_key(root: DataRoot) -> None:
    sources = Sources(deltas_from="odt", odt_url=ODT_PRODUCTION)
    with pytest.raises(OdsError, match="the ODT API is not asked without a key"):
        fetch_stamps(root, sources, WINDOW)


def test_a_question_that_odt_refuses_stops_the_fetch(root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        server.faults = [Fault("status", r"/Organization\?", 9, 400, text="HAPI-1940: bad")]
        with pytest.raises(OdsError, match="the ODT API refuses /Organization"):
            fetch_stamps(root, odt_sources_of(server, clock), WINDOW)


def test_a_page_that_is_too_large_is_halved(root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(world_of(60), now=clock.now, behaviour=Behaviour(largest=20_000)) as server:
        assert len(fetched_codes(root, server, clock)) == 60
        counts = [int(m[1]) for p in server.requests("revinclude") if (m := re.search(r"_count=(\d+)", p))]
    assert counts[0] == 200 and counts[-1] <= 25 and counts == sorted(counts, reverse=True)


@pytest.mark.parametrize("loads", [1, 9])
def test_a_load_in_the_middle_begins_the_fetch_again_or_ends_it(root: DataRoot, loads: int) -> None:
    clock = SimulatedClock(MORNING)
    behaviour = Behaviour(loads=[8 + 12 * n for n in range(loads)])
    with OdtServer(varied(), now=clock.now, behaviour=behaviour) as server:
        if loads == 1:
            assert len(fetched_codes(root, server, clock)) == 14
        else:
            with pytest.raises(Unreachable, match="the ODT API changed each of the 3 times"):
                fetched_codes(root, server, clock)
            assert [*root.raw_fetches.iterdir()] == []


def test_an_interrupted_fetch_asks_only_for_what_it_does_not_hold(root: DataRoot) -> None:
    """Cut at every question in turn, a fetch is whole in the end, and asks for no page twice."""
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now, behaviour=Behaviour(largest=30_000)) as server:
        whole = fetched_codes(DataRoot(root.path / "whole"), server, clock)
        questions = len(server.log)
        server.log.clear()
        for cut in range(questions + 5):
            before = len(server.log)
            server.faults = [CutAfter(before + cut % 3 + 6, server.log)]
            try:
                assert fetched_codes(root, server, clock, manners=_ONCE) == whole
                break
            except OdsError:
                continue
        else:
            pytest.fail("it never ended")
    asked = [a.path for a in server.log if "Organization?" in a.path and "_count=" in a.path]
    assert len(set(asked)) >= 3


_ONCE = replace(Sources().manners, attempts=1)


@pytest.mark.promise("polite")
@pytest.mark.parametrize(
    ("number", "links", "most"), [(150, 8, 20), pytest.param(450, 8, 25, marks=pytest.mark.slow)]
)
def test_an_ordinary_day_asks_few_questions(root: DataRoot, number: int, links: int, most: int) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(linked(number, links=links), now=clock.now, odt_key=ODT_KEY.reveal()) as server:
        assert len(fetched_codes(root, server, clock)) == number
        log, sizes, host = server.log, server.sizes, server.host
    assert len(log) <= most, len(log)
    moments = [a.at for a in log]
    assert all((b - a).total_seconds() >= 0.29 for a, b in pairwise(moments))
    assert max(sizes) < 5_000_000
    assert not any(ODT_KEY.reveal() in a.path for a in log)
    assert {a.headers["host"] for a in log} == {host.removeprefix("http://")}
    figures.record("polite", f"requests to ODT for {number:,} changed organisations", str(len(log)))


@pytest.mark.slow
@pytest.mark.promise("polite")
def test_the_first_of_april_asks_at_most_150_questions(root: DataRoot) -> None:
    """20,000 records with 8 relationships each: pages of real size, and no more than 150 questions."""
    clock, world = SimulatedClock(MORNING), made_once(linked(20_000))
    patient = replace(QUICK, read=600.0)
    with OdtServer(world, now=clock.now, odt_key=ODT_KEY.reveal()) as server:
        (folder,) = fetch_stamps(root, odt_sources_of(server, clock, manners=patient), WINDOW)
        sizes, log, host = server.sizes, server.log, server.host
    assert len(read_fetch_receipt(folder).codes) == 20_000
    assert len(sizes) <= 150, len(sizes)
    assert max(sizes) < 5_000_000, max(sizes)
    assert all((b.at - a.at).total_seconds() >= 0.29 for a, b in pairwise(log))
    assert not any(ODT_KEY.reveal() in a.path for a in log)
    assert {a.headers["host"] for a in log} == {host.removeprefix("http://")}
    figures.record("polite", "requests to ODT for 20,000 changed organisations", str(len(log)))
    print(f"{len(sizes)} requests, {sum(sizes):,} bytes, the largest {max(sizes):,}")  # noqa: T201


# --- which source


def test_odt_is_chosen_by_its_key_alone_by_a_long_gap_and_if_ord_is_gone(
    root: DataRoot, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        alone = sources_of(server, clock, key=None, odt_key=ODT_KEY, odt_url=server.odt_url)
        (folder,) = fetch_stamps(root, alone, WINDOW)
        assert read_fetch_receipt(folder).source == "odt"
        assert "changes are fetched from the ODT API: its key is the only one given" in caplog.text
        both_keys = replace(alone, key=Key(KEY))
        assert longest_gap(both_keys) is None
        assert longest_gap(replace(both_keys, odt_key=None)) == 184
        assert longest_gap(replace(both_keys, deltas_from="ord")) == 184
        (folder,) = fetch_stamps(DataRoot(root.path / "b"), both_keys, WINDOW)
        assert read_fetch_receipt(folder).source == "ord"
        server.faults = [Fault("status", "/ORD/", 99, 403)]
        (folder,) = fetch_stamps(DataRoot(root.path / "c"), both_keys, WINDOW)
        assert read_fetch_receipt(folder).source == "odt"
        assert "the ORD API gives no answer" in caplog.text
        with pytest.raises(OdsError, match="the ORD API refuses"):
            fetch_stamps(DataRoot(root.path / "d"), replace(both_keys, deltas_from="ord"), WINDOW)


def test_both_fetch_the_same_codes_and_ord_counts(root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        folders = fetch_stamps(root, odt_sources_of(server, clock, deltas_from="both"), WINDOW)
    receipts = [read_fetch_receipt(f) for f in folders]
    assert [r.source for r in receipts] == ["odt", "ord"]
    assert receipts[0].codes == receipts[1].codes


# --- fuzz

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
