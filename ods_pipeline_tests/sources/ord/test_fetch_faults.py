"""Any fault of the API ends in a whole fetch, or in a clear error with the answers kept."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.sources.clock import SystemClock
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.records import FAILURES_LIMIT
from ods_pipeline.sources.settings import Manners
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.builders import make_record
from ods_pipeline_tests.support.ord_wire import Fault
from ods_pipeline_tests.support.simulated import (
    IMPATIENT,
    QUICK,
    SimulatedClock,
    of_organisations,
    sources_of,
)
from ods_pipeline_tests.support.worlds import Made

WINDOW = (date(2026, 9, 2), date(2026, 9, 4))
CODES = [f"RX{n}" for n in range(1, 8)]
SHORT = "/organisations/RX3"
LAST_THREE = "/organisations/RX[567]"  # three are a fault of the API (sources/ord/test_unanswered.py)


@pytest.fixture
def server(clock: SimulatedClock) -> Iterator[OrdServer]:
    world = Made({code: make_record(code, LastChangeDate="2026-09-03") for code in CODES})
    with OrdServer(world, now=clock.now) as running:
        yield running


def codes_in(root: DataRoot) -> list[str]:
    (folder,) = root.raw_fetches.glob("fetch=*")
    return flatten_fetch(folder).frames["organisations"]["ods_code"].to_list()


def manners_for(kind: str) -> Manners:
    return IMPATIENT if kind == "stall" else QUICK


PASSING = [
    pytest.param(Fault("reset", SHORT, 2), id="two resets"),
    pytest.param(Fault("stall", SHORT, 1), id="a stall"),
    pytest.param(Fault("half", SHORT, 2), id="two half answers"),
    pytest.param(Fault("long_length", SHORT, 1), id="a Content-Length too long"),
    pytest.param(Fault("short_length", SHORT, 1), id="a Content-Length too short"),
    pytest.param(Fault("gzip_garbage", SHORT, 1), id="not gzip although it claims to be"),
    pytest.param(Fault("html", SHORT, 1), id="a page of HTML with status 200"),
    pytest.param(Fault("status", SHORT, 3, 500), id="500 for a while"),
    pytest.param(Fault("status", SHORT, 1, 429, {"Retry-After": "31536000"}), id="429 for a year"),
    pytest.param(Fault("status", SHORT, 1, 503, {"Retry-After": "Sat, 04 Sep 2027 04:30:00 GMT"}), id="503"),
    pytest.param(Fault("other_code", SHORT, 1, "RX5"), id="another code once"),
    pytest.param(Fault("html", "/sync", 1), id="HTML for sync"),
    pytest.param(Fault("half", r"organisations\?", 1), id="half a page of search"),
    pytest.param(Fault("reset", "/notifications", 1), id="a reset for the notifications"),
    pytest.param(Fault("html", "/roles", 2), id="HTML for the roles"),
    pytest.param(Fault("redirect", SHORT, 1, "/ORD/2-0-0/organisations/RX3"), id="a redirection at home"),
]


@pytest.mark.parametrize("fault", PASSING)
def test_after_a_fault_that_passes_nothing_is_lost(
    server: OrdServer, root: DataRoot, clock: SimulatedClock, fault: Fault
) -> None:
    times = fault.times
    server.faults.append(replace(fault))
    fetch_stamps(root, sources_of(server, clock, manners=manners_for(fault.kind)), WINDOW)
    assert codes_in(root) == CODES
    assert server.faults[0].times == 0
    assert len(server.requests(fault.pattern)) == times + 1
    # The server asks for a year; the client waits two minutes.
    waited = clock.monotonic() - 1000
    assert waited < 20 + 125 * (fault.kind == "status" and bool(fault.headers))
    assert not fault.headers or waited > 120


LASTING = [
    pytest.param("reset", None, "the connection broke|cut in the middle", id="resets"),
    pytest.param("stall", None, "it stopped answering", id="stalls"),
    pytest.param("half", None, "cut in the middle", id="half answers"),
    pytest.param("gzip_garbage", None, "cannot be decompressed", id="gzip garbage"),
    pytest.param("html", None, r"no whole JSON came, \d+ bytes of text/html", id="HTML"),
    pytest.param("status", 500, "HTTP 500", id="500"),
    pytest.param("status", 429, "HTTP 429", id="429"),
]


@pytest.mark.promise("no_lost_day")
@pytest.mark.parametrize(("kind", "value", "trouble"), LASTING)
def test_a_fault_that_lasts_ends_the_fetch_and_the_next_one_asks_for_the_rest(
    *, server: OrdServer, root: DataRoot, clock: SimulatedClock, kind: str, value: int | None, trouble: str
) -> None:
    server.faults.append(Fault(kind, LAST_THREE, 99, value))
    with pytest.raises(
        Unreachable, match=rf"no answer to {LAST_THREE} in \d attempts \(the last: .*({trouble})"
    ) as end:
        fetch_stamps(root, sources_of(server, clock, manners=manners_for(kind)), WINDOW)
    kept = {p.stem for p in root.raw_fetches.glob("*/organisations/*.json")}
    assert f"{len(kept)} of 7 answers are kept" in str(end.value)
    assert clock.monotonic() - 1000 < 60
    server.faults.clear()
    before = len(server.log)
    fetch_stamps(root, sources_of(server, clock), WINDOW)
    assert sorted(of_organisations([a.path for a in server.log[before:]])) == sorted({*CODES} - kept)
    assert codes_in(root) == CODES


def test_when_nothing_answers_the_fetch_does_not_try_every_code(
    clock: SimulatedClock, root: DataRoot
) -> None:
    world = Made({f"RX{n}": make_record(f"RX{n}", LastChangeDate="2026-09-03") for n in range(100)})
    with OrdServer(world, now=clock.now) as server:
        server.faults.append(Fault("status", "/organisations/", 9999, 503))
        with pytest.raises(Unreachable, match="0 of 100 answers are kept"):
            fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert len(server.requests("/organisations/")) <= (FAILURES_LIMIT + QUICK.in_flight) * QUICK.attempts
    assert not [*root.raw_fetches.glob("*/receipt.json")]


def test_a_trickle_of_bytes_is_not_an_answer(server: OrdServer, root: DataRoot) -> None:
    impatient = Manners(interval=0.01, attempts=2, first_pause=0.01, read=5.0, answer=0.3)
    server.now = SystemClock().now
    server.faults.append(Fault("drip", "/roles", 2, 0.05))
    with pytest.raises(Unreachable, match="not complete after 0 s"):
        real = {"clock": SystemClock(), "manners": impatient, "ignore_maintenance": True}
        fetch_stamps(root, sources_of(server, **real), WINDOW)


def test_a_record_of_another_code_is_set_aside_and_named(
    server: OrdServer, root: DataRoot, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.append(Fault("other_code", SHORT, 99, "RX5"))
    (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
    flat = flatten_fetch(folder)
    assert flat.frames["organisations"]["ods_code"].to_list() == [c for c in CODES if c != "RX3"]
    (row,) = flat.frames["quarantined_records"].to_dicts()
    assert (row["ods_code"], row["rule"]) == ("RX3", "other_code")
    assert "RX3 was asked for and another code came" in caplog.text


def test_a_date_too_old_for_the_api_is_refused_at_once(
    server: OrdServer, root: DataRoot, clock: SimulatedClock
) -> None:
    with pytest.raises(OdsError, match=r"refuses /sync\?LastChangeDate=2026-01-01 .*HTTP 406.*185 days"):
        fetch_stamps(root, sources_of(server, clock), (date(2026, 1, 1), date(2026, 9, 4)))
    assert len(server.requests("/sync")) == 1
    assert server.requests("/organisations/") == []


@pytest.mark.promise("no_key")
def test_a_redirection_to_another_server_is_not_followed(
    server: OrdServer, root: DataRoot, clock: SimulatedClock
) -> None:
    with OrdServer(Made()) as other:
        server.faults.append(Fault("redirect", "/rels", 1, f"{other.ord_url}/rels"))
        with pytest.raises(OdsError, match="redirects to another server; that is not followed"):
            fetch_stamps(root, sources_of(server, clock), WINDOW)
        assert other.log == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_code_that_is_listed_and_gone_is_noted(
    server: OrdServer, root: DataRoot, clock: SimulatedClock, status: int
) -> None:
    server.faults.append(Fault("status", SHORT, 1, status))
    (folder,) = fetch_stamps(root, sources_of(server, clock), WINDOW)
    (notice,) = flatten_fetch(folder).frames["notices"].to_dicts()
    assert (notice["ods_code"], notice["source"], notice["reason"]) == (
        "RX3",
        "gone_from_api",
        f"HTTP {status}",
    )
    assert codes_in(root) == [c for c in CODES if c != "RX3"]


@pytest.mark.promise("no_false_deletion")
def test_most_of_a_list_gone_is_a_fault_of_the_api(clock: SimulatedClock, root: DataRoot) -> None:
    listed = {f"RX{n}": make_record(f"RX{n}", LastChangeDate="2026-09-03") for n in range(30)}
    world = Made(listed_but_gone=listed)
    with OrdServer(world, now=clock.now) as server:
        with pytest.raises(Unreachable, match="lists 30 codes and calls 30 of them not found"):
            fetch_stamps(root, sources_of(server, clock), WINDOW)
        world.records = listed
        fetch_stamps(root, sources_of(server, clock), WINDOW)
    assert len(codes_in(root)) == 30
