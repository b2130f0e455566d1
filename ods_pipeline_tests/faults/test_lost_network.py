"""The network fails in the middle of a fetch: it ends with an error, and the next run asks for the rest."""

import socket
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import Unreachable
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.simulated import (
    ONE_AT_A_TIME,
    SimulatedClock,
    of_organisations,
    sources_of,
    world_of,
)

pytestmark = [pytest.mark.promise("resumed"), pytest.mark.promise("no_lost_day")]
WINDOW = (date(2026, 9, 2), date(2026, 9, 4))
CODES = 12


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock("2026-09-04T04:30:00+00:00")


def finish(root: DataRoot, world: Any, clock: SimulatedClock, port: int = 0) -> list[str]:
    """Fetch from a running server and return the codes that were asked for."""
    with OrdServer(world, now=clock.now, port=port) as server:
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert len(read_fetch_receipt(folder).codes) == CODES
        assert [p.name for p in root.raw_fetches.iterdir()] == [folder.name]
        return of_organisations([a.path for a in server.log])


def test_a_server_that_dies_for_good_in_the_middle(root: DataRoot, clock: SimulatedClock) -> None:
    world = world_of(CODES)
    with OrdServer(world, now=clock.now) as server:

        def die(_: date) -> None:
            if len(of_organisations([a.path for a in server.log])) == 5:
                server.__exit__()

        world.before = die
        port = int(server.host.rpartition(":")[2])
        with pytest.raises(Unreachable, match=r"(4|5) of 12 answers are kept. Run it again the same day"):
            fetch_stamps(root, sources_of(server, clock, manners=ONE_AT_A_TIME), WINDOW)
    world.before = lambda _: None
    kept = {p.stem for p in root.raw_fetches.glob("*/organisations/*.json")}
    again = finish(root, world, clock, port)
    assert kept and set(again).isdisjoint(kept)
    assert set(again) | kept == set(world.records)


def test_without_name_resolution_it_ends_with_an_error(
    root: DataRoot, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with OrdServer(world_of(CODES), now=clock.now) as server:
        monkeypatch.setattr(socket, "getaddrinfo", fail)
        with pytest.raises(Unreachable, match="no connection"):
            fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert server.log == []


def test_the_fetch_continues_once_names_resolve_again(root: DataRoot, clock: SimulatedClock) -> None:
    world = world_of(CODES)
    with pytest.MonkeyPatch.context() as patched, OrdServer(world, now=clock.now) as server:
        lookup = socket.getaddrinfo

        def flaky(*arguments: Any, **options: Any) -> Any:
            if clock.monotonic() < 1003:
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return lookup(*arguments, **options)

        patched.setattr(socket, "getaddrinfo", flaky)
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
    assert len(read_fetch_receipt(folder).codes) == CODES
