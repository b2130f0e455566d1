"""Eleven mornings, in the slow group thirty: after each one the register held is the one that the server has.

The register changes every day and two days are missed; in the slow group a release comes in the middle, and
clocks go back. Most mornings fetch, flatten and fold with the pipeline's own functions; on the last one, and
in the slow group on one in the middle too, the whole `build` runs.
"""

from contextlib import closing
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.dataroot.flat import flat_folders, write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.release import Origin, flatten_release
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.inventory.due import due_fetches, due_stamps, mark_of
from ods_pipeline.inventory.wanted import request_for
from ods_pipeline.sources.clock import UK
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.ord.hours import maintenance_ends
from ods_pipeline.sources.receipt import read_release_receipt
from ods_pipeline.sources.settings import Sources
from ods_pipeline.sources.trud import Trud
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.builders import make_record, write_release
from ods_pipeline_tests.support.month import CLOCKS_GO_BACK, FIRST, MISSED, MORNINGS, RELEASED, Script
from ods_pipeline_tests.support.payloads import Record, code_of
from ods_pipeline_tests.support.simulated import KEY, ONE_AT_A_TIME, SimulatedClock, sources_of
from ods_pipeline_tests.support.worlds import Made


def rows(register: Register, name: str, *columns: str) -> set[tuple]:
    return set(register.frames[name].select(*columns).iter_rows())


def assert_same(held: Register, world: Made, morning: date) -> None:
    """Compares the register held with the records of the server."""
    stamped = {
        (code, r["Name"], date.fromisoformat(r["LastChangeDate"])) for code, r in world.records.items()
    }
    roles = {(code, r["uniqueRoleId"]) for code, b in world.records.items() for r in b["Roles"]["Role"]}
    rels = {
        (code, r["uniqueRelId"], r["Target"]["OrgId"]["extension"])
        for code, record in world.records.items()
        for r in record.get("Rels", {}).get("Rel", [])
    }
    assert rows(held, "organisations", "ods_code", "name", "last_change_date") == stamped, morning
    assert rows(held, "roles", "ods_code", "unique_role_id") == roles, morning
    assert rows(held, "relationships", "ods_code", "unique_rel_id", "target_ods_code") == rels, morning
    gone = {(n["OrgID"], "confirmed") for n in world.notices}
    assert rows(held, "deletions", "ods_code", "state") == gone, morning
    assert held.as_of == morning


def take_release_in(root: DataRoot, sources: Sources) -> None:
    """Downloads and flattens the newest release."""
    with closing(Trud(sources)) as trud:
        zip_file = trud.download(root, trud.find("latest"))
    receipt = read_release_receipt(zip_file)
    origin = Origin(receipt.source, receipt.bytes, receipt.sha256, receipt.sha256_verified)
    flat = flatten_release(zip_file, origin)
    write_flat(root, flat.folder, flat.frames, mark_of(receipt.sha256))


@pytest.mark.promise("no_lost_day")
@pytest.mark.parametrize(
    ("mornings", "whole_builds"),
    [
        (MORNINGS[:11], MORNINGS[10:11]),
        pytest.param(MORNINGS, [date(2026, 10, 23), MORNINGS[-1]], marks=pytest.mark.slow),
    ],
    ids=["eleven, the last one a build", "thirty, two of them builds"],
)
def test_each_morning_has_the_register_of_the_server(
    tmp_path: Path, mornings: list[date], whole_builds: list[date]
) -> None:
    root, world = DataRoot(tmp_path / "data"), Made()
    world.put(*(make_record(f"RX{n}", LastChangeDate="2026-09-01") for n in range(10, 40)))
    script = Script(world)
    windows: list[int] = []
    published: dict[date, list[Record]] = {}
    clock = SimulatedClock(f"{FIRST - timedelta(days=6)}T04:30:00+00:00")
    with OrdServer(world, now=clock.now, key=KEY) as server:
        sources = sources_of(server, clock, manners=ONE_AT_A_TIME)
        for n in range(1, 6):  # the days before the first release is out
            day = FIRST - timedelta(days=6 - n)
            script.night_before(day)
            published[day] = list(world.records.values())
        for morning in mornings:
            script.night_before(morning)
            published[morning] = list(world.records.values())
            if morning in RELEASED:
                day = RELEASED[morning]
                zip_file = write_release(
                    tmp_path / "trud", published[day], published=str(day), released=str(morning)
                )
                world.zips[zip_file.name] = zip_file.read_bytes()
            if morning in MISSED:
                continue
            clock.go_to(datetime.combine(morning, time(5, 30), UK))
            if morning in whole_builds:
                _, request = request_for(sources)
                built = pipeline.build(root, request=request)
                assert (built.problems, built.missing) == ([], []), morning
            else:
                if morning in RELEASED:
                    take_release_in(root, sources)
                window = due_stamps(root, morning)
                assert window is not None
                ordinary = (
                    morning - MORNINGS[0] > timedelta(days=2) and morning - timedelta(days=2) not in MISSED
                )
                windows.append((window[1] - window[0]).days + 1 if ordinary else 3)
                fetch_stamps(root, sources, window)
                for fetch in due_fetches(root):
                    flat = flatten_fetch(fetch.folder)
                    write_flat(root, flat.folder, flat.frames, mark_of(fetch.receipt.sha256))
            if morning in mornings[::4] or len(mornings) == 30 or morning > max(MISSED):
                assert_same(fold(observe(flat_folders(root))), world, morning)
        asked = list(server.log)
    assert set(windows) == {3}, "three stamps on an ordinary morning"
    assert set(mornings) >= MISSED and (CLOCKS_GO_BACK in mornings or len(mornings) < 30)
    assert [a for a in asked if maintenance_ends(a.at)] == []
    fetches = [a for a in asked if a.path.endswith("/notifications")]
    assert len(fetches) == len(mornings) - len(MISSED), "one fetch a morning"
    local = {a.at.astimezone(UK).time().replace(second=0, microsecond=0) for a in fetches}
    assert local <= {time(5, n) for n in range(30, 40)}
    organisations = pl.read_parquet(root.path / "tables" / "organisations.parquet")
    assert sorted(organisations["ods_code"]) == sorted(world.records)
    assert {code_of(r) for r in world.records.values()} == set(world.records)
    captures = pl.read_parquet(root.path / "tables" / "captures.parquet")
    assert captures.filter(pl.col("kind") == "full").height == len(RELEASED.keys() & {*mornings})
