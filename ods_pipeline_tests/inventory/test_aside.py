"""A code whose newest answer lies in quarantine is missing; a fetch set aside as a whole settles nothing."""

from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ods_pipeline.commands.status import show_status
from ods_pipeline.inventory.aside import NAMED, set_aside_codes, set_aside_problems, unsettled_fetches
from ods_pipeline.inventory.due import due_stamps, to_ask_again
from ods_pipeline.inventory.health import health_of
from ods_pipeline.inventory.held import held_captures
from ods_pipeline.inventory.missing import missing_stamps
from ods_pipeline_tests.support.builders import Held, make_record, notice, write_delta

pytestmark = pytest.mark.promise("no_lost_day")
CODES = [f"R{n:03d}" for n in range(40)]
GOOD = [make_record(code) for code in CODES]


def broken(code: str) -> dict[str, Any]:
    return make_record(code, Status="Asleep")


def fetch(held: Held, records: list[Any], day: str = "20260824", **options: Any) -> None:
    """Flatten a fetch, and hold its receipt too."""
    write_delta(held.root.raw_fetches, records, f"{day}T043000Z", **options)
    held.delta(records, f"{day}T043000Z", **options)


@pytest.fixture
def held(tmp_path: Path) -> Held:
    held = Held(tmp_path)
    held.release(GOOD)
    return held


@pytest.mark.parametrize(
    ("fetches", "missing"),
    [
        ([[broken("R000")]], ["R000"]),
        ([[broken("R000"), GOOD[1], broken("R002")]], ["R000", "R002"]),
        ([[broken("NEW")]], ["NEW"]),
        ([[broken("R000")], [GOOD[0]]], []),
        ([[broken("R000")], [GOOD[1]]], ["R000"]),
        ([[GOOD[0]], [broken("R000")]], ["R000"]),
        ([[GOOD[0]]], []),
    ],
    ids=["one", "two of three", "a new code", "answered later", "not answered", "answered before", "none"],
)
def test_a_code_is_missing_until_a_good_answer_comes(
    held: Held, fetches: list[list[Any]], missing: list[str]
) -> None:
    for number, records in enumerate(fetches):
        fetch(held, records, f"2026082{4 + number}")
    assert [*set_aside_codes(held.root)] == missing == [*to_ask_again(held.root)]
    problems = set_aside_problems(held.root)
    assert [p.partition(":")[0] for p in problems] == missing
    assert all("its newest record was set aside (unknown_status, fetch=2026082" in p for p in problems)
    console = Console(file=StringIO(), width=300)
    code = show_status(console, held.root)
    assert isinstance(console.file, StringIO)
    assert ("newest record set aside: " + ", ".join(missing) in console.file.getvalue()) == bool(missing)
    assert code == 4
    assert health_of(held.root).newest_record_set_aside == missing


@pytest.mark.parametrize("end", ["a notice", "gone", "a release", "a release that has it", "a bad release"])
def test_a_deletion_or_a_newer_release_ends_it(held: Held, end: str) -> None:
    fetch(held, [broken("R000")])
    newer = {"published": "2026-09-18", "released": "2026-09-25"}
    if end == "a notice":
        fetch(held, [], "20260825", notifications=[notice("R000", "2026-08-25")])
    elif end == "gone":
        fetch(held, [], "20260825", gone=[GOOD[0]])
    else:
        first = {"a release": [], "a bad release": [broken("R000")]}.get(end, GOOD[:1])
        held.release([*first, *GOOD[1:]], **newer)
    assert [*set_aside_codes(held.root)] == (["R000"] if end == "a bad release" else [])


def test_a_long_list_is_cut(held: Held) -> None:
    fetch(held, [broken(code) for code in CODES])
    problems = set_aside_problems(held.root)
    assert len(problems) == NAMED + 1
    assert problems[-1] == "30 more codes have their newest record in quarantine/."


@pytest.mark.parametrize(
    ("bad", "good", "settles"),
    [(3, 0, True), (10, 0, True), (11, 0, False), (11, 29, False), (40, 0, False), (11, 120, True)],
)
def test_a_fetch_set_aside_in_good_part_settles_nothing(
    held: Held, bad: int, good: int, settles: bool
) -> None:
    records = [broken(f"B{n:03d}") for n in range(bad)] + [make_record(f"G{n:03d}") for n in range(good)]
    window = {"stamps_from": "2026-08-21", "stamps_to": "2026-08-24"}
    fetch(held, records, "20260824", **window)
    assert unsettled_fetches(held.root) == (set() if settles else {"fetch=20260824T043000Z"})
    assert due_stamps(held.root, date(2026, 8, 24)) is None, "the same answers would come again on that day"
    first = date(2026, 8, 23) if settles else date(2026, 8, 21)
    assert due_stamps(held.root, date(2026, 8, 25)) == (first, date(2026, 8, 25))
    captures = held_captures(held.root)
    assert captures is not None
    assert bool(missing_stamps(captures)) == (not settles)
    fetch(held, GOOD[:3], "20260825", stamps_from="2026-08-21", stamps_to="2026-08-25")
    captures = held_captures(held.root)
    assert captures is not None and missing_stamps(captures) == []
