"""A fetch of the ORD API from its first question to its receipt: what it asks, and how often."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.sources import records as asking
from ods_pipeline.sources.clock import SystemClock
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.ord import client
from ods_pipeline.sources.ord.answers import listed_rows
from ods_pipeline.sources.ord.client import OrdApi
from ods_pipeline.sources.ord.hours import maintenance_ends
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline.sources.settings import Manners
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.builders import (
    CODE_LISTS,
    assert_conserved,
    facts,
    make_record,
    receipt_of,
    rel,
    same,
)
from ods_pipeline_tests.support.ord_wire import Fault
from ods_pipeline_tests.support.payloads import write_fetch
from ods_pipeline_tests.support.simulated import (
    ONE_AT_A_TIME,
    QUICK,
    SimulatedClock,
    mostly_later,
    of_organisations,
    sources_of,
    world_of,
)
from ods_pipeline_tests.support.worlds import Made

MORNING = "2026-09-04T04:30:00+00:00"
WINDOW = (date(2026, 9, 2), date(2026, 9, 4))


def test_a_fetch_has_the_recorded_shape(root: DataRoot, tmp_path: Path) -> None:
    """The fetch and what `write_fetch` records of the same register: the same files and the same rows.

    The bytes differ in links and spaces only.
    """
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
    fetched, expected = flatten_fetch(folder), flatten_fetch(twin)
    assert same(facts(fetched.frames), facts(expected.frames))
    for name in ("code_systems", "notices"):
        assert fetched.frames[name].equals(expected.frames[name])
    assert_conserved(fetched)
    assert fetched.captures["source"].to_list() == ["ord"]


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
        assert len(server.requests("_format=xml")) == 5
    assert same(facts(flats["json"].frames), facts(flats["xml"].frames))
    assert flats["xml"].captures["payload_format"].to_list() == ["xml"]


def test_all_pages_of_search_are_read(root: DataRoot) -> None:
    clock, world = SimulatedClock(MORNING), world_of(2300, mostly_later)
    with OrdServer(world, now=clock.now) as server:
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        pages = server.requests(r"organisations\?")
    assert [p.partition("Limit=1000")[2] for p in pages] == ["", "&Offset=1000", "&Offset=1999"]
    assert len(read_fetch_receipt(folder).codes) == 23, "later stamps are a later fetch's matter"
    assert len([*folder.glob("search-*.json")]) == 3


@pytest.mark.promise("no_lost_day")
@pytest.mark.parametrize("page", [2, 3, 7, 24, 25, 26])
@pytest.mark.parametrize(("means", "names"), [(False, False), (True, True), (True, False), (False, True)])
def test_search_is_complete_whatever_offset_means(
    root: DataRoot, monkeypatch: pytest.MonkeyPatch, page: int, means: bool, names: bool
) -> None:
    """Offset is the first row, or the rows before it; and next-page names the one or the other."""
    monkeypatch.setattr(client, "PAGE", page)
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(25), now=clock.now) as server:
        server.offset_skips, server.next_page_skips = means, names
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        pages = server.requests(r"organisations\?")
    assert len(read_fetch_receipt(folder).codes) == 25
    listed = [c for p in sorted(folder.glob("search-*.json")) for c, _ in listed_rows(p.read_bytes())]
    assert {*listed} == {f"RX{n:04d}" for n in range(25)}, "search alone is complete"
    assert len(pages) <= 26


@pytest.mark.promise("polite")
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


@pytest.mark.promise("polite")
def test_several_are_in_flight_and_four_a_second_is_still_the_limit(root: DataRoot) -> None:
    """Real seconds: the server takes 0.6 s for each answer, and the pace is kept all the same."""
    sources = {"clock": SystemClock(), "ignore_maintenance": True, "manners": Manners()}
    today = datetime.now(UTC).date()
    with OrdServer(world_of(9, str(today)), delay=0.6) as server:
        fetch_stamps(root, sources_of(server, **sources), (today - timedelta(days=2), today))
        log = [a for a in server.log if "/organisations/" in a.path]
    assert len(log) == 9
    assert max(a.in_flight for a in log) > 1
    for first, fifth in zip(log, log[4:], strict=False):
        assert fifth.monotonic - first.monotonic > 1.0


@pytest.mark.promise("polite")
def test_in_the_maintenance_hours_no_fetch_begins_unless_the_user_insists(root: DataRoot) -> None:
    clock = SimulatedClock("2026-10-26T17:00:00+00:00")
    window = (date(2026, 10, 24), date(2026, 10, 26))
    with OrdServer(world_of(2, "2026-10-25"), now=clock.now) as server:
        with pytest.raises(OdsError, match=r"17:00 to 19:00 UK time.*--ignore-maintenance-window"):
            fetch_stamps(root, sources_of(server, clock), window)
        assert (server.log, [*root.path.rglob("*")]) == ([], [])
        fetch_stamps(root, sources_of(server, clock).with_maintenance_ignored(), window)
        assert len(server.requests("/organisations/")) == 2


def test_a_list_that_changes_between_two_pages_is_read_again(root: DataRoot) -> None:
    clock, world = SimulatedClock(MORNING), world_of(1500, mostly_later)
    changed = []

    def change(day: date) -> None:
        if len(server.requests(r"organisations\?")) == 2 and not changed:  # before page two is answered
            changed.append(day)
            world.put(make_record("RA1", LastChangeDate="2026-09-04"))

    world.before = change
    with OrdServer(world, now=clock.now) as server:
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert len(server.requests(r"organisations\?")) == 4
    assert changed
    assert len(read_fetch_receipt(folder).codes) == 16
    assert "RA1" in read_fetch_receipt(folder).codes


def test_a_list_that_always_changes_ends_in_an_error(root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(1500, mostly_later), now=clock.now) as server:
        server.faults.append(Fault("repeated_page", "Offset=", 99))
        with pytest.raises(Unreachable, match=r"changed each of the 3 times it was read \(.*\)"):
            fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert len(server.requests(r"organisations\?")) < 20
        server.faults[:] = [Fault("repeated_page", "Offset=", 1)]
        before = len(server.log)
        (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert len(server.log) > before
    assert len(read_fetch_receipt(folder).codes) == 15


def test_what_only_sync_lists_is_asked_for_too(root: DataRoot) -> None:
    """A record that is stamped after the search was answered and before sync was."""
    clock, world = SimulatedClock(MORNING), world_of(3)

    def change(day: date) -> None:
        if server.requests("/sync"):
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
    monkeypatch.setattr(asking, "MANY_CODES", 10)
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(45), now=clock.now) as server:
        fetch_stamps(root, sources_of(server, clock), WINDOW)
    (warning,) = [r for r in caplog.records if r.levelname == "WARNING"]
    assert (
        "45 codes, about 0 minutes at 3.3 requests a second. An interruption loses nothing"
        in warning.getMessage()
    )


def test_every_list_of_the_api_can_be_asked_for() -> None:
    clock = SimulatedClock(MORNING)
    with OrdServer(world_of(3), now=clock.now) as server:
        api = OrdApi(sources_of(server, clock, manners=QUICK))
        assert api.sync("2026-09-01").codes == ("RX0000", "RX0001", "RX0002")
        assert [code for code, _ in api.search("2026-09-01", 1).rows] == ["RX0000", "RX0001", "RX0002"]
        assert json.loads(api.whole_list("/recordclasses").content)["RecordClasses"]
        assert api.organisation("RX0001").status == 200
        api.close()
