"""A fetch from its first question to its receipt: what it asks, how often, what an interruption leaves."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.source import fetch as fetching
from ods_pipeline.source.clock import SystemClock, maintenance_ends
from ods_pipeline.source.fetch import close_stale, fetch_stamps
from ods_pipeline.source.ord import OrdApi
from ods_pipeline.source.receipt import read_fetch_receipt
from ods_pipeline.source.settings import Manners
from ods_pipeline.storage import DataRoot
from ods_pipeline_tests.builders import (
    CODE_LISTS,
    assert_conserved,
    facts,
    make_record,
    receipt_of,
    rel,
    same,
)
from ods_pipeline_tests.ord_server import Fault, OrdServer
from ods_pipeline_tests.payloads import write_fetch
from ods_pipeline_tests.rooms import run_python
from ods_pipeline_tests.source.simulated import ONE_AT_A_TIME, QUICK, SimulatedClock, sources_of
from ods_pipeline_tests.worlds import Made

MORNING = "2026-09-04T04:30:00+00:00"
WINDOW = (date(2026, 9, 2), date(2026, 9, 4))
KILLED = """
import os, sys
from pathlib import Path
from datetime import date
from ods_pipeline.source import unfinished
from ods_pipeline.source.fetch import fetch_stamps
from ods_pipeline.source.settings import Sources
from ods_pipeline.storage import DataRoot
from ods_pipeline_tests.source.simulated import ONE_AT_A_TIME, SimulatedClock
write, left = unfinished._write, [int(sys.argv[3])]
def write_and_die(path, body):
    write(path, body)
    left[0] -= "organisations" in str(path)
    if not left[0]:
        os.kill(os.getpid(), 9)
unfinished._write = write_and_die
clock = SimulatedClock("2026-09-04T04:30:00+00:00")
sources = Sources(ord_url=sys.argv[2], clock=clock, manners=ONE_AT_A_TIME)
fetch_stamps(DataRoot(Path(sys.argv[1])), sources, (date(2026, 9, 2), date(2026, 9, 4)))
"""


def mostly_later(number: int) -> str:
    """One in a hundred is stamped within the window: long lists, few records."""
    return "2026-09-05" if number % 100 else "2026-09-03"


def world_of(number: int, stamp: str | Callable[[int], str] = "2026-09-03") -> Made:
    codes = [f"RX{n:04d}" for n in range(number)]
    return Made(
        {
            c: make_record(c, LastChangeDate=stamp if isinstance(stamp, str) else stamp(n))
            for n, c in enumerate(codes)
        }
    )


def of_organisations(paths: list[str]) -> list[str]:
    return [p.rpartition("/")[2] for p in paths if "/organisations/" in p]


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


def test_a_fetch_has_the_recorded_shape(root: DataRoot, tmp_path: Path) -> None:
    """What the server gives and what `write_fetch` records of the same register: the same files, byte by byte
    but for links and spaces, and the same rows."""
    clock, world = SimulatedClock(MORNING), world_of(5)
    world.put(
        make_record("RY1", LastChangeDate="2026-09-05"), make_record("RZ1", LastChangeDate="2026-09-01")
    )
    gone = make_record("RG1", LastChangeDate="2026-09-02")
    world.listed_but_gone = {"RG1": gone}
    with OrdServer(world, now=clock.now) as server:
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        base = server.ord_url
    days = {"as_of": "2026-09-04", "stamps_from": "2026-09-02", "stamps_to": "2026-09-04"}
    wanted = [r for c, r in world.records.items() if c.startswith("RX")]
    twin = write_fetch(
        tmp_path,
        stamp="20260904T043000Z",
        records=wanted,
        gone=[gone],
        sync_extra=["RY1"],
        **days,
        **CODE_LISTS,
    )
    ours, theirs = receipt_of(folder), receipt_of(twin)
    assert folder.name == twin.name
    assert sorted(p.name for p in folder.iterdir()) == sorted(p.name for p in twin.iterdir())
    for key in ("shape", "kind", "sample", "codes", "gone", "started_at", *days):
        assert ours[key] == theirs[key], key
    assert (ours["source"], ours["base_url"]) == ("ord", base)
    paths = [[(f["path"], f["url_path"]) for f in receipt["files"]] for receipt in (ours, theirs)]
    assert paths[0] == paths[1]
    found, expected = flatten_fetch(folder), flatten_fetch(twin)
    assert same(facts(found.frames), facts(expected.frames))
    for name in ("code_systems", "notices"):
        assert found.frames[name].equals(expected.frames[name])
    assert_conserved(found)
    assert found.captures["source"].to_list() == ["ord"]


def test_xml_and_json_give_the_same_rows(tmp_path: Path) -> None:
    clock, world = SimulatedClock(MORNING), world_of(4)
    world.put(
        make_record(
            "RZ9", Name="O'NEILL & SONS", LastChangeDate="2026-09-03", Rels={"Rel": [rel("RZ9", "RX0001")]}
        )
    )
    flats = {}
    with OrdServer(world, now=clock.now) as server:
        for form in ("json", "xml"):
            sources = sources_of(server, clock, payload_format=form)
            (folder,) = fetch_stamps(DataRoot(tmp_path / form), sources, WINDOW)
            flats[form] = flatten_fetch(folder)
        assert len(server.asked("_format=xml")) == 5
    assert same(facts(flats["json"].frames), facts(flats["xml"].frames))
    assert flats["xml"].captures["payload_format"].to_list() == ["xml"]


def test_the_pages_of_search_are_all_read(root: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, world = (
        SimulatedClock(MORNING),
        world_of(2300, mostly_later),
    )
    with OrdServer(world, now=clock.now) as server:
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        pages = server.asked(r"organisations\?")
    assert [p.partition("Limit=1000")[2] for p in pages] == ["", "&Offset=1001", "&Offset=2001"]
    assert len(read_fetch_receipt(folder).codes) == 23, "later stamps are a later fetch's matter"
    assert len([*folder.glob("search-*.json")]) == 3


def test_a_catch_up_asks_each_organisation_once_and_never_too_fast(root: DataRoot) -> None:
    """300 records, from just before the maintenance hours on (a simulated clock, real requests)."""
    clock = SimulatedClock("2026-09-04T15:59:30+00:00")  # 16:59:30 in the UK
    with OrdServer(world_of(300), now=clock.now) as server:
        (folder,) = fetch_stamps(root, sources_of(server, clock, manners=ONE_AT_A_TIME), WINDOW)
        log = server.log
    assert len(read_fetch_receipt(folder).codes) == 300
    assert Counter(of_organisations([a.path for a in log])) == Counter({f"RX{n:04d}": 1 for n in range(300)})
    assert len({a.path for a in log}) == len(log) == 306, "nothing is asked for twice"
    for first, fifth in zip(log, log[4:], strict=False):
        assert fifth.at - first.at > timedelta(seconds=1)
    assert [a for a in log if maintenance_ends(a.at)] == []
    assert max(b.at - a.at for a, b in pairwise(log)) > timedelta(hours=2)
    assert log[-1].at - log[0].at < timedelta(hours=2, minutes=3)


def test_several_are_in_flight_and_four_a_second_is_still_the_limit(root: DataRoot) -> None:
    """Real seconds: the server takes 0.6 s for each answer, and the pace is kept all the same."""
    sources = {"clock": SystemClock(), "ignore_maintenance": True, "manners": Manners()}
    with OrdServer(world_of(12), delay=0.6) as server:
        today = datetime.now(UTC).date()
        world = server.world
        assert isinstance(world, Made)
        for record in world.records.values():
            record |= {"LastChangeDate": str(today)}  # type: ignore[operator]
        fetch_stamps(root, sources_of(server, **sources), (today - timedelta(days=2), today))
        log = [a for a in server.log if "/organisations/" in a.path]
    assert len(log) == 12
    assert max(a.in_flight for a in log) > 1
    for first, fifth in zip(log, log[4:], strict=False):
        assert fifth.monotonic - first.monotonic > 1.0
    assert log[-1].monotonic - log[0].monotonic < 0.6 * 12


def test_in_the_maintenance_hours_nothing_is_begun_unless_told(root: DataRoot) -> None:
    clock = SimulatedClock("2026-10-26T17:00:00+00:00")
    window = (date(2026, 10, 24), date(2026, 10, 26))
    with OrdServer(world_of(2, "2026-10-25"), now=clock.now) as server:
        with pytest.raises(OdsError, match=r"17:00 to 19:00 UK time.*--ignore-maintenance-window"):
            fetch_stamps(root, sources_of(server, clock), window)
        assert (server.log, [*root.path.rglob("*")]) == ([], [])
        fetch_stamps(root, sources_of(server, clock).with_maintenance_ignored(), window)
        assert len(server.asked("/organisations/")) == 2


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
    """Leaves an unfinished fetch that has everything up to a code."""
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
            patched.setattr(fetching, "progress", interrupting)
            fetch_stamps(root, sources_of(server, clock), WINDOW)
        asked = of_organisations([a.path for a in server.log])
        assert 5 <= len(asked) < 30
        kept = {p.stem for p in root.raw_fetches.glob("*/organisations/*.json")}
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        again = of_organisations([a.path for a in server.log])[len(asked) :]
    assert kept and not kept & set(again)
    assert len(read_fetch_receipt(folder).codes) == 200


def test_the_next_day_an_interrupted_fetch_stands_for_the_stamps_that_are_whole(root: DataRoot) -> None:
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


def test_a_fetch_that_is_going_at_midnight_becomes_two_of_one_day_each(root: DataRoot) -> None:
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


def test_a_list_that_changes_between_two_pages_is_read_again(root: DataRoot) -> None:
    clock, world = SimulatedClock(MORNING), world_of(1500, mostly_later)
    changed = []

    def change(day: date) -> None:
        if len(server.asked(r"organisations\?")) == 2 and not changed:  # before page two is answered
            changed.append(day)
            world.put(make_record("RA1", LastChangeDate="2026-09-04"))

    world.before = change
    with OrdServer(world, now=clock.now) as server:
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert len(server.asked(r"organisations\?")) == 4
    assert changed
    assert len(read_fetch_receipt(folder).codes) == 16
    assert "RA1" in read_fetch_receipt(folder).codes


def test_a_list_that_always_changes_ends_with_a_word(root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(1500, mostly_later), now=clock.now) as server:
        server.faults.append(Fault("repeated_page", "Offset=", 99))
        with pytest.raises(Unreachable, match=r"another one each time it was read \(.*\)"):
            fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert len(server.asked(r"organisations\?")) < 20
        server.faults[:] = [Fault("repeated_page", "Offset=", 1)]
        before = len(server.log)
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert len(server.log) > before
    assert len(read_fetch_receipt(folder).codes) == 15


def test_what_only_sync_lists_is_asked_for_too(root: DataRoot) -> None:
    """A record that is stamped after the search was answered and before sync was."""
    clock, world = SimulatedClock(MORNING), world_of(3)

    def change(day: date) -> None:
        if server.asked("/sync"):
            world.put(make_record("RNEW", LastChangeDate="2026-09-04"))

    world.before = change
    with OrdServer(world, now=clock.now) as server:
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
    assert "RNEW" in read_fetch_receipt(folder).codes
    assert "RNEW" in flatten_fetch(folder).frames["organisations"]["ods_code"].to_list()


def test_links_are_read_for_their_code_and_never_followed(root: DataRoot) -> None:
    """The links and the next-page header of this server name another host."""
    clock = SimulatedClock(MORNING)
    with (
        OrdServer(Made(), now=clock.now) as elsewhere,
        OrdServer(world_of(1200, mostly_later), now=clock.now, links_to=elsewhere.ord_url) as server,
    ):
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert elsewhere.log == []
    links = json.loads((folder / "sync.json").read_bytes())["Organisations"]
    assert all(link["OrgLink"].startswith(elsewhere.ord_url) for link in links)
    assert len(read_fetch_receipt(folder).codes) == 12


def test_many_codes_are_announced_with_the_time_they_take(
    root: DataRoot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fetching, "MANY_CODES", 10)
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(45), now=clock.now) as server:
        fetch_stamps(root, sources_of(server, clock), WINDOW)
    (told,) = [r for r in caplog.records if r.levelname == "WARNING"]
    assert (
        "45 codes, about 0 minutes at 3.7 requests a second. An interruption loses nothing"
        in told.getMessage()
    )


def test_an_unfinished_folder_that_lost_its_lists_is_begun_anew(root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(9), now=clock.now) as server:
        interrupted(root, server, clock, "RX0003")
        (folder,) = root.raw_fetches.iterdir()
        (folder / "sync.json").write_bytes(b"")  # a machine that lost its power
        clock.sleep(5)
        (fresh,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
    assert [p.name for p in root.raw_fetches.iterdir()] == [fresh.name]
    assert len(read_fetch_receipt(fresh).codes) == 9


def test_every_list_of_the_api_can_be_asked_for() -> None:
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(3), now=clock.now) as server:
        api = OrdApi(sources_of(server, clock, manners=QUICK))
        assert api.sync("2026-09-01").codes == ("RX0000", "RX0001", "RX0002")
        assert [code for code, _ in api.search("2026-09-01", 1).rows] == ["RX0000", "RX0001", "RX0002"]
        assert json.loads(api.whole_list("/recordclasses").body)["RecordClasses"]
        assert api.organisation("RX0001").status == 200
        api.close()
