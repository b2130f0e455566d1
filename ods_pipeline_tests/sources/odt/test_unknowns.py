"""What is not known of ODT: a server that behaves one way, one that behaves the other, and what comes of it.

Lives here: a test for each unknown, by its number. Does not live here: faults on the wire (`test_faults.py`),
relationships that nobody stamped (the fifth unknown, `test_unstamped.py`).
"""

import json
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.odt import client
from ods_pipeline.sources.odt.periods import BOTH_PAIRS, EQUAL_PAIRS
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline_tests.odt_server import Behaviour, OdtServer
from ods_pipeline_tests.support.builders import make_record, rel, role
from ods_pipeline_tests.support.odt_registers import MORNING, WINDOW, numbers_of_links, varied, without_silent
from ods_pipeline_tests.support.ord_wire import Fault
from ods_pipeline_tests.support.simulated import SimulatedClock, odt_sources_of, sources_of, world_of
from ods_pipeline_tests.support.worlds import Made


def fetched(folder: Path, behaviour: Behaviour, world: Made | None = None) -> tuple[Path, OdtServer]:
    clock = SimulatedClock(MORNING)
    with OdtServer(world or varied(), now=clock.now, behaviour=behaviour) as server:
        (fetch,) = fetch_stamps(DataRoot(folder), odt_sources_of(server, clock), WINDOW)
    return fetch, server


def rows_of(folder: Path, behaviour: Behaviour, world: Made | None = None) -> dict[str, pl.DataFrame]:
    return flatten_fetch(fetched(folder, behaviour, world)[0]).frames


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """The rows that ORD gives."""
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        (fetch,) = fetch_stamps(DataRoot(tmp_path_factory.mktemp("ord")), sources_of(server, clock), WINDOW)
    return without_silent(flatten_fetch(fetch).frames)


def assert_same(frames: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    for name, frame in without_silent(frames).items():
        assert frame.equals(expected[name]), (name, frame, expected[name])


def applied_rules(fetch: Path) -> str:
    """What the row of ``captures`` reports: how many records each rule touched."""
    return str(flatten_fetch(fetch).captures["applied_rules"].item())


def payloads(fetch: Path) -> list[dict[str, Any]]:
    return [json.loads(p.read_bytes()) for p in sorted((fetch / "organisations").glob("*.json"))]


@pytest.mark.parametrize("repeats", [True, False])
def test_u1_legal_dates_repeated_or_not(
    tmp_path: Path, expected: dict[str, pl.DataFrame], repeats: bool
) -> None:
    """The rule counts how often it is applied: under 80 % the inference behind it is wrong."""
    fetch, _ = fetched(tmp_path / "odt", Behaviour(repeat_legal=repeats))
    assert_same(flatten_fetch(fetch).frames, expected)
    counts = [p.get("Rules", {}) for p in payloads(fetch)]
    touched = dict(part.rsplit(" ", 1) for part in applied_rules(fetch).split(", "))
    assert {k: int(v) for k, v in touched.items()} == Counter(name for c in counts for name in c)
    pairs, equal = (sum(c.get(name, 0) for c in counts) for name in (BOTH_PAIRS, EQUAL_PAIRS))
    assert (equal > 0.8 * pairs) if repeats else equal == 0


@pytest.mark.parametrize("repeats", [True, False])
def test_u1_a_low_share_of_equal_dates_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, repeats: bool
) -> None:
    dates = [{"Type": "Legal", "Start": "2012-04-01"}, {"Type": "Operational", "Start": "2010-04-01"}]
    codes = [f"RX{n}" for n in range(30)]
    world = Made({c: make_record(c, LastChangeDate="2026-09-03") for c in codes})
    if not repeats:
        roles = {c: {"Role": [role(c, Date=dates)]} for c in codes}
        world.records = {c: {**r, "Roles": roles[c]} for c, r in world.records.items()}
    fetched(tmp_path, Behaviour(), world)
    assert ("Legal dates repeat the Operational ones in 0 of 30 pairs" in caplog.text) != repeats


def test_u2_ended_roles_missing_change_nothing_that_is_compared(tmp_path: Path) -> None:
    whole, lacking = (rows_of(tmp_path / str(ended), Behaviour(ended_roles=ended)) for ended in (True, False))
    assert whole["roles"].height == lacking["roles"].height + 1
    assert whole["organisations"]["core_hash"].equals(lacking["organisations"]["core_hash"])


@pytest.mark.parametrize("lost", ["one", "all"])
def test_u3_includes_that_are_left_out_are_asked_for(
    tmp_path: Path, expected: dict[str, pl.DataFrame], lost: str
) -> None:
    numbers = sorted(map(str, expected["relationships"]["unique_rel_id"]))
    behaviour = Behaviour(lost_includes=frozenset(numbers[:1] if lost == "one" else numbers))
    fetch, server = fetched(tmp_path / "odt", behaviour)
    assert_same(flatten_fetch(fetch).frames, expected)
    asked = server.requests(r"/OrganizationAffiliation\?")
    assert len(asked) == 2, "the doubtful one, and then all others"
    assert "primary-organization=" in asked[0]


@pytest.mark.parametrize(("moving", "is_unsorted"), [(1, False), (9, True)])
def test_u4_pages_that_move_are_read_again_in_order_and_then_day_by_day(
    tmp_path: Path, moving: int, is_unsorted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PAGE", "LEAST", "MOST"):
        monkeypatch.setattr(client, name, 30)
    world = world_of(80, stamp=lambda n: f"2026-09-0{2 + n % 3}")
    behaviour = Behaviour(moving=moving, unsorted=is_unsorted)
    fetch, server = fetched(tmp_path / "odt", behaviour, world)
    assert len(read_fetch_receipt(fetch).codes) == 80
    assert bool(server.requests("_sort=_id"))
    assert bool(server.requests("lastChangeDate=lt")) == is_unsorted


def test_u5_a_relationship_without_a_new_stamp_is_not_lost_when_the_record_is_next_asked_for(
    tmp_path: Path,
) -> None:
    world = Made({"RX1": make_record("RX1", LastChangeDate="2026-09-03")})
    world.records["RX1"]["Rels"] = {"Rel": [rel("RX1", "RX2")]}
    assert rows_of(tmp_path, Behaviour(), world)["relationships"]["target_ods_code"].to_list() == ["RX2"]


def test_u6_a_terminology_half_of_the_day_before_gives_the_same_records(tmp_path: Path) -> None:
    """New organisations and relationships have no concept yet: roles of targets come from the targets."""
    worlds = {False: varied(), True: varied()}
    yesterday = date(2026, 9, 3)
    old, new = varied(), worlds[True]
    old.records["RR1"] = {**old.records["RR1"], "Rels": {"Rel": []}, "LastChangeDate": "2026-08-01"}
    new.before = lambda day: new.records.update(old.records if day == yesterday else varied().records)
    frames = rows_of(tmp_path / "behind", Behaviour(terms_behind=True), new)
    whole = rows_of(tmp_path / "whole", Behaviour(), worlds[False])
    columns = ["ods_code", "unique_rel_id", "target_primary_role_id"]
    assert frames["relationships"].select(columns).equals(whole["relationships"].select(columns))
    assert frames["organisations"]["ods_code"].equals(whole["organisations"]["ods_code"])


@pytest.mark.parametrize("are_lost", [False, True])
def test_u6_filters_that_are_not_known_lose_no_record(
    tmp_path: Path, expected: dict[str, pl.DataFrame], are_lost: bool
) -> None:
    """Nor a relationship, if includes are left out as well: some organisations are looked at one by one."""
    lost = frozenset(numbers_of_links(varied())) if are_lost else frozenset()
    behaviour = Behaviour(unknown_filters=True, lost_includes=lost)
    assert_same(rows_of(tmp_path / "odt", behaviour), expected)


def test_u7_a_side_that_ord_never_had_is_not_made_up(tmp_path: Path) -> None:
    """The record that names no successor has none, although the concept names both records."""
    world = varied()
    world.records["RX0003"] = {k: v for k, v in world.records["RX0003"].items() if k != "Succs"}
    frames = rows_of(tmp_path, Behaviour(), world)
    assert frames["successions"].select("ods_code", "succession_type").rows() == [("RR1", "Predecessor")]


def test_u8_entries_of_the_other_lists_are_kept_and_delete_nothing(tmp_path: Path) -> None:
    strange = [{"date": "2026-09-01", "item": {"display": "RelationshipID 7"}}]
    lists = dict.fromkeys(("Organization", "OrganizationAffiliation", "Organization-role"), strange)
    fetch, _ = fetched(tmp_path, Behaviour(other_lists=lists))
    assert flatten_fetch(fetch).frames["notices"]["ods_code"].to_list() == ["RZ9"]
    assert b"RelationshipID 7" in (fetch / "deleted-relationships.json").read_bytes()


@pytest.mark.parametrize("spelling", ["RefOnly", "refOnly"])
def test_u9_both_spellings_of_a_stub(
    tmp_path: Path, expected: dict[str, pl.DataFrame], spelling: str
) -> None:
    frames = rows_of(tmp_path / "odt", Behaviour(spelling=spelling))
    assert frames["organisations"].filter("ref_only")["ods_code"].to_list() == ["RS1"]
    assert_same(frames, expected)


def test_u10_a_code_that_odt_does_not_know_is_gone_and_confirms_nothing(tmp_path: Path) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        also = {"RQ1": "2026-08-20", "RZ1": "2026-09-01"}
        (fetch,) = fetch_stamps(DataRoot(tmp_path), odt_sources_of(server, clock), WINDOW, also)
    receipt = read_fetch_receipt(fetch)
    assert receipt.gone == {"RQ1": 404}
    assert "RZ1" in receipt.codes, "asked for by its code, with its relationships"
    notices = flatten_fetch(fetch).frames["notices"].filter(ods_code="RQ1")
    assert notices["source"].to_list() == ["gone_from_api"]


def test_u11_too_many_requests_wait_as_long_as_the_server_asks(tmp_path: Path) -> None:
    """429 comes with an explanation of another shape, and with or without Retry-After."""
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        server.faults = [
            Fault("status", "Organization", 1, 429, {"Retry-After": "37"}, text="<html>slow down"),
            Fault("status", "expand", 1, 429, text='{"fault": {"faultstring": "Rate limit"}}'),
        ]
        (fetch,) = fetch_stamps(DataRoot(tmp_path), odt_sources_of(server, clock), WINDOW)
        moments = [a.at for a in server.log]
    assert len(read_fetch_receipt(fetch).codes) == 14
    assert max(b - a for a, b in pairwise(moments)).total_seconds() >= 37


@pytest.mark.parametrize(("host", "slash"), [("https://elsewhere.example", False), (None, True)])
def test_u12_of_a_link_only_the_query_is_followed(tmp_path: Path, host: str | None, slash: bool) -> None:
    world = world_of(60)
    behaviour = Behaviour(next_host=host, double_slash=slash, largest=45_000)
    fetch, server = fetched(tmp_path, behaviour, world)
    assert len(read_fetch_receipt(fetch).codes) == 60
    assert len(server.requests("_offset=")) >= 2
    assert all(a.path.startswith("/organisation-data-terminology-api/fhir/") for a in server.log)
    assert not any("//" in a.path.partition("?")[0] for a in server.log)


def test_u13_a_missing_active_is_inferred_and_counted(tmp_path: Path) -> None:
    frames = rows_of(tmp_path, Behaviour(active=False))
    assert frames["organisations"]["status_is_inferred"].all()
    assert "/ODT/organisation without active" in frames["unknown_elements"]["name"].to_list()


def test_u14_a_code_that_another_organisation_took_over_has_the_new_record(tmp_path: Path) -> None:
    world = Made({"RX1": make_record("RX1", Name="ANOTHER", LastChangeDate="2026-09-03")})
    world.records["RX1"]["Roles"] = {"Role": [role("RX1", "RO177")]}
    row = rows_of(tmp_path, Behaviour(), world)["organisations"].select("name", "primary_role_id").row(0)
    assert row == ("ANOTHER", "RO177")


def test_u15_a_record_of_the_midnight_checker_comes_with_the_stamp_of_the_day(tmp_path: Path) -> None:
    """It is stamped today, or, edited again, once more tomorrow: three stamps are asked for each day."""
    world = Made({"RX1": make_record("RX1", LastChangeDate="2026-09-04")})
    fetch, _ = fetched(tmp_path, Behaviour(), world)
    receipt = json.loads((fetch / "receipt.json").read_bytes())
    assert (receipt["stamps_from"], receipt["stamps_to"]) == ("2026-09-02", "2026-09-04")
    assert receipt["codes"] == ["RX1"]


def test_u16_the_environment_that_was_asked_is_named(tmp_path: Path) -> None:
    fetch, server = fetched(tmp_path, Behaviour())
    assert json.loads((fetch / "receipt.json").read_bytes())["base_url"] == server.odt_url
    assert flatten_fetch(fetch).captures["source"].to_list() == ["odt"]
