"""Codes without an answer: a fetch is complete without a few of them, and its receipt names them.

The next fetches ask again until an answer or a newer release comes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ods_pipeline.commands.status import show_status
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import BadFetch, Unreachable
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.inventory.due import unanswered
from ods_pipeline.inventory.wanted import unanswered_problems
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.receipt import FetchReceipt, read_fetch_receipt
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.builders import Held, assert_conserved, edit_receipt, make_record, write_delta
from ods_pipeline_tests.support.ord_wire import Fault
from ods_pipeline_tests.support.simulated import (
    ONE_AT_A_TIME,
    SimulatedClock,
    of_organisations,
    sources_of,
    world_of,
)

FIRST = date(2026, 9, 1)
LISTED = {"ods_code": "RX1", "stamp": "2026-08-24", "why": "HTTP 500"}


@dataclass
class Mornings:
    """A register with ten codes a day from 1 September on, fetched on mornings as the pipeline does."""

    root: DataRoot
    server: OrdServer
    clock: SimulatedClock

    def fail(self, *codes: str, status: int = 500) -> None:
        self.server.faults += [Fault("status", f"/organisations/{code}$", 10**6, status) for code in codes]

    def fetch(self, first: int, last: int, **options: Any) -> FetchReceipt:
        """The fetch of these days of September, on the last of them."""
        self.clock.go_to(f"2026-09-{last:02d}T04:30:00+00:00")
        window = (date(2026, 9, first), date(2026, 9, last))
        again = {code: entry.stamp for code, entry in unanswered(self.root).items()}
        sources = sources_of(self.server, self.clock, **options)
        (folder,) = fetch_stamps(self.root, sources, window, also=again)
        assert_conserved(flatten_fetch(folder))
        return read_fetch_receipt(folder)


@pytest.fixture
def mornings(tmp_path: Path) -> Iterator[Mornings]:
    clock = SimulatedClock("2026-08-31T04:30:00+00:00")
    world = world_of(100, lambda n: str(FIRST + timedelta(days=n // 10)))
    with OrdServer(world, now=clock.now) as server:
        yield Mornings(DataRoot(tmp_path / "data"), server, clock)


@pytest.mark.promise("no_lost_day")
@pytest.mark.parametrize("status", [500, 403])
def test_a_code_that_always_fails_stops_no_day_and_is_asked_for_until_it_answers(
    mornings: Mornings, status: int
) -> None:
    mornings.fail("RX0003", status=status)
    first = mornings.fetch(1, 2)
    assert (first.stamps_to, len(first.codes)) == ("2026-09-02", 19)
    assert {c: e.stamp for c, e in first.unanswered.items()} == {"RX0003": "2026-09-01"}
    assert f"HTTP {status}" in first.unanswered["RX0003"].why
    later = mornings.fetch(4, 6)
    assert (len(later.codes), [*later.unanswered]) == (30, ["RX0003"])
    (problem,) = unanswered_problems(mornings.root)
    assert problem.startswith("RX0003: stamped 2026-09-01, it got no answer (the ORD API ")
    mornings.server.faults.clear()
    last = mornings.fetch(7, 8)
    assert (len(last.codes), last.unanswered) == (21, {})
    assert "RX0003" in last.codes and unanswered(mornings.root) == {}


def test_two_new_failures_are_accepted_and_three_are_a_fault_of_the_api(mornings: Mornings) -> None:
    mornings.fail("RX0003", "RX0004")
    assert [*mornings.fetch(1, 1).unanswered] == ["RX0003", "RX0004"]
    mornings.fail("RX0013", "RX0014")
    assert len(mornings.fetch(2, 3).unanswered) == 4
    mornings.fail("RX0043", "RX0044", "RX0045")
    with pytest.raises(Unreachable, match="answers are kept"):
        mornings.fetch(4, 5)
    assert len(unanswered(mornings.root)) == 4
    mornings.server.faults.pop()
    before = len(mornings.server.log)
    window = (date(2026, 9, 4), date(2026, 9, 5))
    (folder,) = fetch_stamps(mornings.root, sources_of(mornings.server, mornings.clock), window)
    assert [*read_fetch_receipt(folder).unanswered] == [f"RX00{n:02d}" for n in (3, 4, 13, 14, 43, 44)]
    asked = set(of_organisations([a.path for a in mornings.server.log[before:]]))
    assert "RX0045" in asked and "RX0030" not in asked, "what is answered is not asked for again"


@pytest.mark.promise("no_lost_day")
def test_a_fetch_that_ends_at_midnight_is_whole_without_such_a_code(mornings: Mornings) -> None:
    mornings.fail("RX0003")
    mornings.fetch(1, 1)
    mornings.fail("RX0012")  # stamped on the 2nd, whose other codes are answered
    mornings.clock.go_to("2026-09-03T22:59:47+00:00")  # 13 seconds before midnight in the UK
    sources = sources_of(mornings.server, mornings.clock, manners=ONE_AT_A_TIME)
    window = (date(2026, 9, 2), date(2026, 9, 3))
    folders = fetch_stamps(mornings.root, sources, window, also={"RX0003": "2026-09-01"})
    receipts = [read_fetch_receipt(folder) for folder in folders]
    assert [(r.as_of, r.stamps_from, r.stamps_to) for r in receipts] == [
        ("2026-09-03", "2026-09-02", "2026-09-02"),
        ("2026-09-04", "2026-09-03", "2026-09-03"),
    ]
    assert [*receipts[0].unanswered] == ["RX0012"]
    assert [*unanswered(mornings.root)] == ["RX0003", "RX0012"]


@pytest.mark.parametrize(
    ("fetches", "published", "left"),
    [
        pytest.param([("0825", [], [LISTED])], "2026-08-21", {"RX1": "2026-08-24"}, id="not answered"),
        pytest.param([("0825", [], [LISTED])], "2026-08-24", {"RX1": "2026-08-24"}, id="of that very day"),
        pytest.param([("0825", [], [LISTED])], "2026-08-25", {}, id="a newer release"),
        pytest.param([("0825", [], [LISTED]), ("0827", ["RX1"], [])], "2026-08-21", {}, id="answered"),
        pytest.param(
            [("0825", ["RX1"], []), ("0827", [], [LISTED])],
            "2026-08-21",
            {"RX1": "2026-08-24"},
            id="not again",
        ),
        pytest.param(
            [("0825", [], [LISTED]), ("0829", [], [{**LISTED, "stamp": "2026-08-29"}])],
            "2026-08-28",
            {"RX1": "2026-08-29"},
            id="changed again after the release",
        ),
    ],
)
def test_a_code_stays_open_until_an_answer_or_a_newer_release_comes(
    *, tmp_path: Path, fetches: list[tuple[str, list[str], list[Any]]], published: str, left: dict[str, str]
) -> None:
    held = Held(tmp_path)
    held.release([make_record("RX1")], published=published)
    for day, codes, in_vain in fetches:
        records = [make_record(code) for code in codes]
        folder = write_delta(held.root.raw_fetches, records, f"2026{day}T043000Z")
        edit_receipt(unanswered=in_vain)(folder)
    assert {code: entry.stamp for code, entry in unanswered(held.root).items()} == left


def test_status_names_the_code_and_a_damaged_receipt_asks_for_nothing(tmp_path: Path) -> None:
    held = Held(tmp_path)
    held.release([make_record("RX1")])
    folder = write_delta(held.root.raw_fetches, [])
    edit_receipt(unanswered=[LISTED])(folder)
    console = Console(file=StringIO(), width=200)
    assert show_status(console, held.root) == 4
    assert isinstance(console.file, StringIO)
    assert "requested without an answer: RX1; the next fetch retries" in console.file.getvalue()
    for harm in ({"ods_code": "../RX1"}, {"ods_code": "RX1?_format=xml"}, {"stamp": "soon"}, {"why": None}):
        edit_receipt(unanswered=[{**LISTED, **harm}])(folder)
        with pytest.raises(BadFetch, match="its receipt is damaged"):
            read_fetch_receipt(folder)
        assert unanswered(held.root) == {}
