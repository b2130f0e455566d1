"""The whole register through ODT into an empty data root: what it asks and makes, and when it is rejected.

Lives here: `--odt-backfill` without Dagster. Does not live here: the command as a whole, killed and run again
(`faults/test_odt_kills.py`).
"""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.due import due_stamps
from ods_pipeline.inventory.held import newest_publication, whole_fetch
from ods_pipeline.inventory.missing import missing_stamps
from ods_pipeline.inventory.wanted import is_backfill_due, releases_to_get, request_for
from ods_pipeline.sources.deltas import fetch_register, fetch_stamps
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline.sources.settings import Key, Sources
from ods_pipeline_tests.odt_server import FHIR, Behaviour, OdtServer
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.audited import differing, publish
from ods_pipeline_tests.support.both_sources import folded
from ods_pipeline_tests.support.builders import make_record, stub_of, write_delta, write_release
from ods_pipeline_tests.support.odt_registers import MORNING, linked, made_once, varied
from ods_pipeline_tests.support.ord_wire import CutAfter
from ods_pipeline_tests.support.simulated import KEY, QUICK, SimulatedClock, odt_sources_of
from ods_pipeline_tests.support.worlds import Made

# A national register: organisations, and relationships of each (600,000 in all).
NATIONAL, LINKS = 280_000, 2


def old_and_new() -> Made:
    """A register with records of any stamp, also one of the last century and one of tomorrow."""
    world = varied()
    world.put(make_record("ROLD", LastChangeDate="1999-01-01"))
    return world


def test_every_record_is_read_whatever_its_stamp(root: DataRoot, caplog: pytest.LogCaptureFixture) -> None:
    clock, world = SimulatedClock(MORNING), old_and_new()
    with OdtServer(world, now=clock.now, behaviour=Behaviour(largest=20_000)) as server:
        (folder,) = fetch_register(root, odt_sources_of(server, clock, deltas_from=None))
        log = [a.path.removeprefix(FHIR) for a in server.log]
    receipt = read_fetch_receipt(folder)
    assert receipt.whole and set(receipt.codes) == world.records.keys()
    assert "It lacks archived organisations" in caplog.text
    assert not any("lastChangeDate" in path for path in log)
    pages = [p for p in log if "_revinclude" in p]
    assert len(pages) > 2 and all("_sort=_id" in p for p in pages)
    register = folded(root)
    captures = register.frames["captures"].select("kind", "source", "publication_date", "release_date")
    assert captures.rows() == [("full", "odt", date(2026, 9, 4), None)]
    assert register.frames["organisations"]["published_in"].unique().to_list() == ["full"]
    assert register.effects.is_empty(), "a register that is read whole is not news"


def test_changes_go_on_from_two_days_before_it(root: DataRoot) -> None:
    """What is edited on the day of the read, or late on the day before, comes out a day later."""
    clock, world = SimulatedClock(MORNING), old_and_new()
    with OdtServer(world, now=clock.now) as server:
        sources = odt_sources_of(server, clock, deltas_from=None, key=None)
        fetch_register(root, sources)
        folded(root)
        assert newest_publication(root) == date(2026, 9, 4)
        assert due_stamps(root, date(2026, 9, 4)) is None
        clock.go_to("2026-09-05T04:30:00+00:00")
        assert due_stamps(root, date(2026, 9, 5)) == (date(2026, 9, 3), date(2026, 9, 5))
        world.put(make_record("RX0001", Name="LATE", LastChangeDate="2026-09-03"))
        fetch_stamps(root, sources, (date(2026, 9, 3), date(2026, 9, 5)))
    register = folded(root)
    names = dict(register.frames["organisations"].select("ods_code", "name").iter_rows())
    assert names["RX0001"] == "LATE"
    assert missing_stamps(register.frames["captures"]) == []
    assert register.effects.filter(effect="changed")["ods_code"].to_list() == ["RX0001"]


def test_it_deletes_no_archived_organisation_and_a_release_completes_it(
    tmp_path: Path, root: DataRoot
) -> None:
    """An earlier and a later release, and the audit: what ODT lacks is not gone."""
    clock, world = SimulatedClock(MORNING), old_and_new()
    received = DataRoot(tmp_path / "received")
    with OdtServer(world, now=clock.now) as server:
        fetch_register(received, odt_sources_of(server, clock))
    archived = make_record("RA1", Status="Inactive")
    for published, left_out in (("2026-08-25", {}), ("2026-09-25", {"RX0002"})):
        records = [r for code, r in world.records.items() if code not in left_out]
        zip_file = write_release(
            tmp_path / published, [*records, stub_of(archived)], [archived], published=published,
            released=published,
        )  # fmt: skip
        zip_file.rename(received.raw_fetches / zip_file.name)
    build = publish(received.raw_fetches, root)
    assert differing(root, build) == []
    organisations = pl.read_parquet(build / "tables" / "organisations.parquet")
    assert {"RA1", "RX0001"} <= set(organisations["ods_code"])
    gone = pl.read_parquet(build / "tables" / "deletions.parquet").filter(state="confirmed")
    assert set(gone["ods_code"]) == {"RX0002", "RZ9"}, "absent from a release, and noticed"
    versions = pl.read_parquet(build / "history" / "organisations.parquet")
    assert versions.filter(ods_code="RA1").height == 1


def test_interrupted_it_goes_on_where_it_stopped(tmp_path: Path, root: DataRoot) -> None:
    """Cut before its last page, then near its end, it asks for the same pages: the bytes are the same."""
    clock = SimulatedClock(MORNING)
    once = replace(Sources().manners, attempts=1)
    with OdtServer(old_and_new(), now=clock.now, behaviour=Behaviour(largest=20_000)) as server:
        sources = odt_sources_of(server, clock, manners=once)
        (whole,) = fetch_register(DataRoot(tmp_path / "whole"), sources)
        questions = len(server.log)
        last = max(n for n, a in enumerate(server.log) if "_offset" in a.path)
        for cut in (last, questions - last - 3):
            server.log.clear()
            server.faults = [CutAfter(cut, server.log)]
            with pytest.raises(OdsError):
                fetch_register(root, sources)
            assert whole_fetch(root) is None
        server.faults.clear()
        (folder,) = fetch_register(root, sources)
    for file in (p for p in whole.rglob("*.json") if p.name != "receipt.json"):
        assert (folder / file.relative_to(whole)).read_bytes() == file.read_bytes(), file.name


def options(server: OdtServer, clock: SimulatedClock, **changes: Any) -> Any:
    sources = odt_sources_of(server, clock, **{"deltas_from": None, "key": None, **changes})
    return request_for(sources, odt_backfill=True)[1]


def test_it_is_rejected_where_a_release_or_anything_else_is_held(tmp_path: Path, root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        request = options(server, clock, key=Key(KEY))
        assert request.releases == () and releases_to_get(root, request, []) == []
        assert is_backfill_due(root, request)
        write_delta(root.raw_fetches, [make_record("RX1")])
        with pytest.raises(OdsError, match="an empty data root only, and this one holds fetches"):
            is_backfill_due(root, request)
        other = DataRoot(tmp_path / "other")
        publish(write_release(tmp_path / "in", [make_record("RX1")]).parent, other)
        with pytest.raises(OdsError, match=r"a TRUD release is held.*--deltas-from odt"):
            is_backfill_due(other, request)
        assert server.log == []


def test_it_is_read_once_and_takes_the_deletions_along(root: DataRoot) -> None:
    """Run again, as a schedule would, it asks for changes only."""
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        request = options(server, clock)
        fetch_register(root, request.sources)
    assert not is_backfill_due(root, request)
    register = folded(root)
    assert register.frames["history.notices"]["ods_code"].to_list() == ["RZ9"]


@pytest.mark.parametrize("other", [{"releases": ["latest"]}, {"recorded": True}, {"trud_only": True}])
def test_it_contradicts_every_other_origin(other: dict[str, Any]) -> None:
    with pytest.raises(OdsError, match="--odt-backfill reads the register from ODT"):
        request_for(Sources(key=Key(KEY)), odt_backfill=True, **other)


def test_production_is_not_read_without_a_key(root: DataRoot) -> None:
    with pytest.raises(OdsError, match="the ODT API is not asked without a key"):
        fetch_register(root, Sources())


@pytest.mark.slow
@pytest.mark.promise("polite")
def test_a_national_register_takes_at_most_1100_questions(root: DataRoot) -> None:
    """A fourteenth of it, by pages of real size; the kinds of question that grow with it are scaled."""
    number = NATIONAL // 14
    clock, world = SimulatedClock(MORNING), made_once(linked(number, links=LINKS))
    with OdtServer(world, now=clock.now) as server:
        sources = odt_sources_of(server, clock, manners=replace(QUICK, read=600.0))
        (folder,) = fetch_register(root, sources)
        sizes, paths = server.sizes, [a.path for a in server.log]
    assert len(read_fetch_receipt(folder).codes) == number
    growing = sum(bool(re.search(r"_revinclude|ValueSet/\$expand$", p)) for p in paths)
    national = 14 * growing + len(paths) - growing
    assert national <= 1_100
    assert max(sizes) < 5_000_000
    figures.record("polite", "requests for a national register through ODT (scaled from 20,000)", national)
    print(f"{len(paths)} requests, {sum(sizes):,} bytes, national {national}")  # noqa: T201
