"""What each test of a source may take: an empty data root, a clock of one morning, and TRUD on it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.sources.trud import Trud
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.sources.two_releases import CONTENT, NEW, OLD
from ods_pipeline_tests.support.simulated import IMPATIENT, KEY, SimulatedClock, sources_of
from ods_pipeline_tests.support.worlds import Made


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock("2026-09-04T04:30:00+00:00")


@pytest.fixture
def server(clock: SimulatedClock) -> Iterator[OrdServer]:
    """A server with two releases and an empty register."""
    with OrdServer(Made(releases={OLD: b"old", NEW: CONTENT}), now=clock.now, key=KEY) as opened:
        yield opened


@pytest.fixture
def trud(server: OrdServer, clock: SimulatedClock) -> Iterator[Trud]:
    with closing(Trud(sources_of(server, clock, manners=replace(IMPATIENT, attempts=4)))) as opened:
        yield opened
