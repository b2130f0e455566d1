"""ODT and ORD give the same register: on every case of the factory, on the sample, and through a switch.

Lives here: the proof that nobody notices which source fed the tables. Does not live here: the questions that
are asked (`test_fetch.py`), single rules (`test_translate.py`).
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline.dataroot.flat import flat_folders, write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.history.state import State
from ods_pipeline.inventory.due import due_stamps, mark_of
from ods_pipeline.sources.clock import UK
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.odt import periods
from ods_pipeline_tests.factory.parts import concepts
from ods_pipeline_tests.odt_server import OdtServer
from ods_pipeline_tests.sample import SAMPLE
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.both_sources import (
    DIFFERENT,
    HELD,
    assert_equal,
    both_registers,
    factory_records,
    folded,
    real_records,
    without_equal_legal,
    world_of_records,
)
from ods_pipeline_tests.support.builders import flatten, make_record, receipt_of, write_release
from ods_pipeline_tests.support.history.folding import events_of, history_of
from ods_pipeline_tests.support.month import FIRST, MORNINGS, RELEASED, Script
from ods_pipeline_tests.support.simulated import SimulatedClock, odt_sources_of, sources_of
from ods_pipeline_tests.support.worlds import Made, Recorded


def test_the_twelve_real_records_come_back_equal(tmp_path: Path, shared: Path) -> None:
    first, second = both_registers(tmp_path, world_of_records(*real_records(shared)))
    assert first.frames["organisations"].height == 12 + len(HELD)
    assert first.frames["successions"].height >= 10
    assert_equal(first, second)


def assert_nothing_changes(first: Register, second: Register) -> None:
    """The switch from the first source to the second is not news of any record."""
    changed: set[str] = set()
    for name in ("organisations", "roles", "relationships"):
        ours, theirs = first.frames[name], second.frames[name]
        columns = [c for c in ours.columns if c not in DIFFERENT.get(name, ())]
        lost = without_equal_legal(ours).join(theirs, on=columns, how="anti", nulls_equal=True)
        changed |= set(lost["ods_code"])
    assert not changed, f"{len(changed)} false changes"


@pytest.mark.parametrize(("scale", "step"), [(0.002, 24), pytest.param(0.0085, 1, marks=pytest.mark.slow)])
def test_without_rule_one_nearly_every_record_would_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: float, step: int
) -> None:
    """Legal dates that repeat the Operational ones are not news. Without the rule the test above fails."""
    records = factory_records(scale)[::step]
    world = world_of_records(records, concepts())
    assert_nothing_changes(*both_registers(tmp_path / "with", world))
    monkeypatch.setattr(periods, "without_equal_legal", lambda given, notes: given)
    lacking = sum(_lacks_a_legal_date(record) for record in records)
    with pytest.raises(AssertionError, match=rf"^{lacking} false changes"):
        assert_nothing_changes(*both_registers(tmp_path / "without", world))
    assert lacking > 0.8 * len(records)
    figures.record(
        "odt_equals_ord", f"false changes of {len(records):,} records without rule 1", str(lacking)
    )


def _lacks_a_legal_date(record: dict[str, Any]) -> bool:
    parts = [record, *record["Roles"]["Role"], *record.get("Rels", {}).get("Rel", [])]
    kinds = [{d["Type"] for d in part["Date"]} for part in parts]
    repeats = [len({tuple(sorted(d.items())) for d in _untyped(part["Date"])}) == 1 for part in parts]
    return any(kind == {"Operational"} or same for kind, same in zip(kinds, repeats, strict=True))


def _untyped(dates: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in d.items() if k != "Type"} for d in dates]


# --- switching ----------------------------------------------------------------------------------------------


def morning_after(root: DataRoot, server: OdtServer, clock: SimulatedClock, source: str) -> Register:
    sources = sources_of(server, clock) if source == "ord" else odt_sources_of(server, clock)
    window = due_stamps(root, clock.now().date())
    assert window is not None
    fetch_stamps(root, sources, window)
    return folded(root)


def mornings_of(
    tmp_path: Path, number: int, source_on: Callable[[int], str]
) -> tuple[Register, pl.DataFrame]:
    """The register after this many mornings, each asked of one source, and its events."""
    root, world = DataRoot(tmp_path / "data"), Made()
    contacts = {"Contact": [{"type": k, "value": f"x-{k}"} for k in ("tel", "http", "mailto")]}
    world.put(*(make_record(f"RX{n}", LastChangeDate="2026-09-01", Contacts=contacts) for n in range(10, 40)))
    script = Script(world)
    clock = SimulatedClock(f"{FIRST - timedelta(days=6)}T04:30:00+00:00")
    published, register = {}, None
    with OdtServer(world, now=clock.now) as server:
        for n in range(1, 6):
            script.night_before(day := FIRST - timedelta(days=6 - n))
            published[day] = list(world.records.values())
        for at, morning in enumerate(MORNINGS[:number]):
            script.night_before(morning)
            published[morning] = list(world.records.values())
            clock.go_to(datetime.combine(morning, time(5, 30), UK))
            if morning in RELEASED:
                flat = flatten(
                    write_release(
                        tmp_path / "trud",
                        published[RELEASED[morning]],
                        published=str(RELEASED[morning]),
                        released=str(morning),
                    )
                )
                write_flat(root, flat.folder, flat.frames, mark_of("0" * 64))
            before = register
            register = morning_after(root, server, clock, source_on(at))
            if before is not None:  # what a fold makes of the state of the day before
                state = State(before.frames)
                stepwise = fold(observe(flat_folders(root), state)).frames
                assert all(stepwise[n].equals(f) for n, f in register.frames.items()), morning
    assert register is not None
    return register, events_of(history_of(register))


@pytest.mark.promise("odt_equals_ord")
@pytest.mark.parametrize("number", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_switching_the_source_changes_nothing(tmp_path: Path, number: int) -> None:
    """ORD -> ODT -> ORD: no version, no event and no drift that ORD alone would not have made."""
    third = number // 3
    alone, events = mornings_of(tmp_path / "ord", number, lambda _: "ord")
    switched, others = mornings_of(
        tmp_path / "odt", number, lambda n: "odt" if third <= n < 2 * third + 1 else "ord"
    )
    assert_equal(alone, switched)
    left = ["change_id", "field"]  # of a deletion, ``field`` names the list that had it
    assert others.drop(left).equals(events.drop(left))
    mails = switched.frames["contacts"].filter(pl.col("contact_type") == "mailto")
    assert mails.equals(alone.frames["contacts"].filter(pl.col("contact_type") == "mailto"))


@pytest.mark.parametrize("mornings", [3, pytest.param(9, marks=pytest.mark.slow)])
def test_switching_the_source_of_the_sample_changes_nothing(tmp_path: Path, mornings: int) -> None:
    """This many mornings at the end of the sample."""
    made = []
    ((name, content),) = Recorded(SAMPLE).releases(date(2030, 1, 1)).items()
    release = tmp_path / name
    release.write_bytes(content)
    days = [receipt_of(f)["as_of"] for f in sorted((SAMPLE / "ord").glob("fetch=*"))][-mornings:]
    for name, sources in (("ord", ["ord"] * 9), ("odt", ["odt", "ord", "odt", "odt", "ord"] * 2)):
        root, clock = DataRoot(tmp_path / name), SimulatedClock("2026-08-20T04:30:00+00:00")
        flat = flatten(release)
        write_flat(root, flat.folder, flat.frames, mark_of("0" * 64))
        with OdtServer(Recorded(SAMPLE), now=clock.now) as server:
            for day, source in zip(days, sources, strict=False):
                clock.go_to(f"{day}T04:30:00+00:00")
                chosen = sources_of(server, clock) if source == "ord" else odt_sources_of(server, clock)
                until = date.fromisoformat(day)
                fetch_stamps(root, chosen, (until - timedelta(days=13), until))
        register = folded(root)
        made.append((register, events_of(history_of(register))))
    assert_equal(made[0][0], made[1][0])
    left = ["change_id", "field"]
    events = [e.filter(pl.col("field").ne_missing("gone_from_api")).drop(left) for _, e in made]
    assert events[0].equals(events[1])
