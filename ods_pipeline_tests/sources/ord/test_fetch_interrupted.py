"""What a kill, Ctrl-C or midnight leaves of a fetch, and what the next run asks for."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import Unreachable
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.sources import records as asking
from ods_pipeline.sources.deltas import close_stale, fetch_stamps
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.ord_wire import Fault
from ods_pipeline_tests.support.rooms import run_python
from ods_pipeline_tests.support.simulated import (
    ONE_AT_A_TIME,
    SimulatedClock,
    of_organisations,
    sources_of,
    world_of,
)

MORNING = "2026-09-04T04:30:00+00:00"
WINDOW = (date(2026, 9, 2), date(2026, 9, 4))
KILLED = """
import os, sys
from pathlib import Path
from datetime import date
from ods_pipeline.sources import unfinished
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.settings import Sources
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support.simulated import ONE_AT_A_TIME, SimulatedClock
write, left = unfinished._write, [int(sys.argv[3])]
def write_and_die(path, content, **options):
    write(path, content, **options)
    left[0] -= "organisations" in str(path)
    if not left[0]:
        os.kill(os.getpid(), 9)
unfinished._write = write_and_die
clock = SimulatedClock("2026-09-04T04:30:00+00:00")
sources = Sources(ord_url=sys.argv[2], clock=clock, manners=ONE_AT_A_TIME)
fetch_stamps(DataRoot(Path(sys.argv[1])), sources, (date(2026, 9, 2), date(2026, 9, 4)))
"""


@pytest.mark.promise("resumed")
@pytest.mark.parametrize("kept", [1, 13, 20])
def test_killed_in_the_middle_only_what_is_missing_is_asked_for(root: DataRoot, kept: int) -> None:
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(20), now=clock.now) as server:
        assert run_python(KILLED, root.path, server.ord_url, str(kept)).returncode == -9
        first = of_organisations([a.path for a in server.log])
        lists = len(server.log) - len(first)
        assert len(first) == kept
        assert not [*root.raw_fetches.glob("*/receipt.json")]
        clock.go_to("2026-09-04T20:00:00+00:00")
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert len(server.log) - lists - kept == 20 - kept
        asked = of_organisations([a.path for a in server.log])
    assert Counter(asked) == Counter({f"RX{n:04d}": 1 for n in range(20)})
    assert folder.name == "fetch=20260904T043000Z"
    assert len(flatten_fetch(folder).frames["organisations"]) == 20
    assert not [p for p in folder.rglob("*") if ".work" in p.parts or p.suffix == ".partial"]


def interrupted(root: DataRoot, server: OrdServer, clock: SimulatedClock, last: str) -> None:
    """Leaves an unfinished fetch that holds all answers up to a code."""
    server.faults.append(Fault("status", f"/organisations/(?!{last})", 0, 500))
    number = int(last[2:])
    for n in range(number + 1, number + 4):
        server.faults.append(Fault("status", f"/organisations/RX{n:04d}", 99, 500))
    with pytest.raises(Unreachable):
        fetch_stamps(root, sources_of(server, clock, manners=ONE_AT_A_TIME), WINDOW)
    server.faults.clear()


def test_an_interruption_ends_the_waiting_at_once_and_keeps_what_came(
    root: DataRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C reaches the thread that waits for the others, here at the fifth answer."""
    clock = SimulatedClock(MORNING)

    @contextmanager
    def interrupting(*_: object, **__: object) -> Iterator[Callable[[int, int], None]]:
        def report(done: int, total: int) -> None:
            if done == 5:
                raise KeyboardInterrupt

        yield report

    with OrdServer(world_of(200), now=clock.now, delay=0.02) as server:
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(asking, "progress", interrupting)
            fetch_stamps(root, sources_of(server, clock), WINDOW)
        asked = of_organisations([a.path for a in server.log])
        assert 5 <= len(asked) < 30
        kept = {p.stem for p in root.raw_fetches.glob("*/organisations/*.json")}
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        again = of_organisations([a.path for a in server.log])[len(asked) :]
    assert kept and not kept & set(again)
    assert len(read_fetch_receipt(folder).codes) == 200


@pytest.mark.promise("no_lost_day")
def test_the_next_day_an_interrupted_fetch_covers_the_stamps_that_are_whole(root: DataRoot) -> None:
    """Answers of yesterday keep yesterday's as-of date; only stamps that were not whole are asked again."""
    clock = SimulatedClock(MORNING)
    stamps = [
        "2026-09-02",
        "2026-09-02",
        "2026-09-03",
        "2026-09-03",
        "2026-09-04",
        "2026-09-04",
        "2026-09-04",
    ]
    with OrdServer(world_of(7, lambda n: stamps[n]), now=clock.now) as server:
        interrupted(root, server, clock, "RX0003")
        clock.go_to("2026-09-05T04:30:00+00:00")
        close_stale(root, sources_of(server, clock))
        (folder,) = root.raw_fetches.iterdir()
        receipt = read_fetch_receipt(folder)
        assert (receipt.as_of, receipt.stamps_from, receipt.stamps_to) == (
            "2026-09-04",
            "2026-09-02",
            "2026-09-03",
        )
        assert receipt.codes == ("RX0000", "RX0001", "RX0002", "RX0003")
        assert len(flatten_fetch(folder).frames["organisations"]) == 4


def test_the_next_day_an_interrupted_fetch_without_a_whole_stamp_is_dropped(root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(9, "2026-09-02"), now=clock.now) as server:
        interrupted(root, server, clock, "RX0003")
        clock.go_to("2026-09-05T04:30:00+00:00")
        before = len(server.log)
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert len(of_organisations([a.path for a in server.log[before:]])) == 9
    assert [p.name for p in root.raw_fetches.iterdir()] == [folder.name] == ["fetch=20260905T043000Z"]
    assert read_fetch_receipt(folder).as_of == "2026-09-05"


@pytest.mark.promise("no_lost_day")
def test_not_found_that_is_a_fault_of_the_api_settles_no_stamp_the_next_day_either(root: DataRoot) -> None:
    """One stamp is answered, then the API calls every code not found, then it breaks down."""
    clock = SimulatedClock(MORNING)
    world = world_of(50, lambda n: "2026-09-02" if n < 10 else "2026-09-03" if n < 40 else "2026-09-04")
    with OrdServer(world, now=clock.now) as server:
        server.faults += [Fault("status", f"/organisations/RX{n:04d}", 1, 404) for n in range(10, 40)]
        interrupted(root, server, clock, "RX0039")
        clock.go_to("2026-09-05T04:30:00+00:00")
        close_stale(root, sources_of(server, clock))
    (folder,) = root.raw_fetches.iterdir()
    receipt = read_fetch_receipt(folder)
    assert (receipt.stamps_from, receipt.stamps_to) == ("2026-09-02", "2026-09-02")
    assert (len(receipt.codes), receipt.gone) == (10, {})


def test_a_fetch_that_runs_at_midnight_becomes_two_of_one_day_each(root: DataRoot) -> None:
    clock = SimulatedClock("2026-09-04T22:59:50+00:00")  # ten seconds before midnight in the UK
    with OrdServer(world_of(60, lambda n: f"2026-09-0{2 + n // 20}"), now=clock.now) as server:
        folders = fetch_stamps(root, sources_of(server, clock, manners=ONE_AT_A_TIME), WINDOW)
    receipts = [read_fetch_receipt(folder) for folder in folders]
    assert [(r.as_of, r.stamps_from, r.stamps_to) for r in receipts] == [
        ("2026-09-04", "2026-09-02", "2026-09-02"),
        ("2026-09-05", "2026-09-03", "2026-09-04"),
    ]
    assert set(receipts[0].codes) | set(receipts[1].codes) == {f"RX{n:04d}" for n in range(60)}
    assert len(receipts[1].codes) == 40


def test_an_unfinished_folder_that_lost_its_lists_is_started_again(root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(9), now=clock.now) as server:
        interrupted(root, server, clock, "RX0003")
        (folder,) = root.raw_fetches.iterdir()
        (folder / "sync.json").write_bytes(b"")  # a machine that lost its power
        clock.sleep(5)
        (fresh,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
    assert [p.name for p in root.raw_fetches.iterdir()] == [fresh.name]
    assert len(read_fetch_receipt(fresh).codes) == 9
