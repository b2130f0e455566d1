"""Faults of ODT on the wire, refusals, and a fetch that is interrupted."""

import re
from dataclasses import replace

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.settings import ODT_PRODUCTION, Key, Sources
from ods_pipeline_tests.odt_server import Behaviour, OdtServer
from ods_pipeline_tests.support.odt_registers import MORNING, WINDOW, fetched_codes, varied
from ods_pipeline_tests.support.ord_wire import CutAfter, Fault
from ods_pipeline_tests.support.simulated import ODT_KEY, SimulatedClock, odt_sources_of, sources_of, world_of

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
