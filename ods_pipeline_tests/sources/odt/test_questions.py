"""How many questions a fetch of ODT asks, how far apart, and how large the answers are."""

from dataclasses import replace
from itertools import pairwise

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline_tests.odt_server import OdtServer
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.odt_registers import MORNING, WINDOW, fetched_codes, linked, made_once
from ods_pipeline_tests.support.simulated import ODT_KEY, QUICK, SimulatedClock, odt_sources_of


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
