"""ODT and ORD give the same register: on every case of the factory, on the sample, and through a switch.

What lives here: the proof that nobody notices which source fed the tables. What does not: the questions that
are asked (`test_fetch.py`), single rules (`test_translate.py`).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline.dataroot.flat import flat_folders, write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.history.state import State
from ods_pipeline.inventory.due import due_fetches, due_stamps, mark_of
from ods_pipeline.schema.silence import ODT_SILENT
from ods_pipeline.sources.clock import UK
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.odt import periods
from ods_pipeline_tests.defs.test_month import FIRST, MORNINGS, RELEASED, Script
from ods_pipeline_tests.factory.fetches import as_records
from ods_pipeline_tests.factory.files import as_read
from ods_pipeline_tests.factory.parts import concepts
from ods_pipeline_tests.factory.register import make_register
from ods_pipeline_tests.odt_server import Behaviour, OdtServer
from ods_pipeline_tests.sample import SAMPLE
from ods_pipeline_tests.support.builders import flatten, make_record, receipt_of, write_release
from ods_pipeline_tests.support.history.folding import events_of, history_of
from ods_pipeline_tests.support.payloads import code_of, organisation_json, search_row
from ods_pipeline_tests.support.simulated import SimulatedClock, odt_sources_of, sources_of
from ods_pipeline_tests.support.worlds import LISTS, Fetched, Made, Recorded, World

KINDS = ("organisations", "roles", "relationships", "successions", "contacts")
# The columns of published tables that ODT cannot say, or that name the source. All others are equal.
DIFFERENT: dict[str, set[str]] = {
    **{
        f"history.{name}": {f.partition(".")[2] for f in ODT_SILENT if f.startswith(f"{name}.")}
        for name in KINDS[1:4]
    },
    "history.organisations": {"content_hash"},
    "history.observations": {"content_hash", "fax_hash", "fax_numbers", "is_partial"},
    "history.notices": {"source", "reason", "reason_code", "primary_role_id", "capture_id"},
    "captures": {"source", "applied_rules", "bytes", "sha256", "declared_records", "parsed_records"},
    "deletions": {"source", "reason", "reason_code"},
}
SILENT_CONTACTS = ("fax", "mailto")


@dataclass
class One(World):  # type: ignore[misc]
    """A world that shows one register for ever."""

    shown: Fetched

    def register(self, day: date) -> Fetched:
        return self.shown

    def releases(self, day: date) -> dict[str, bytes]:
        return {}


def world_of_records(records: Sequence[dict[str, Any]], lists: dict[str, list[dict[str, Any]]]) -> One:
    names = {entry["id"]: entry["displayName"] for entry in lists["role"]}
    roles = [{**r, "primaryRole": str(r["primaryRole"]).lower()} for r in lists["role"]]
    kinds = {"/roles": roles, "/rels": lists["relationship"], "/recordclasses": lists["record_class"]}
    pages = {path: json.dumps({LISTS[path]: kinds[path]}).encode() for path in LISTS}
    pages["/notifications"] = b'{"DeletedOrganisations": []}'
    by_code = {code_of(r): r for r in records}
    return One(
        Fetched(
            rows=[search_row(by_code[c], names) for c in sorted(by_code)],
            records={c: organisation_json(r) for c, r in by_code.items()},
            lists=pages,
        )
    )


def comparable(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """A published table without what ODT cannot say."""
    if table in ("history.notices", "deletions"):  # a code that ORD lists and does not find: ODT lists none
        frame = frame.filter(pl.col("source") != "gone_from_api")
    frame = frame.drop(DIFFERENT.get(table, set()) | DIFFERENT.get(f"history.{table}", set()), strict=False)
    if "legal_start" in frame.columns and "operational_start" in frame.columns:
        frame = without_equal_legal(frame)
    if "contact_type" in frame.columns:
        frame = frame.filter(~pl.col("contact_type").is_in(SILENT_CONTACTS))
    return frame.unique(maintain_order=True)


def without_equal_legal(frame: pl.DataFrame) -> pl.DataFrame:
    """Legal dates that repeat the Operational ones: ODT cannot tell whether ORD has them."""
    start, end = pl.col("legal_start"), pl.col("legal_end")
    repeats = (start == pl.col("operational_start")) & end.eq_missing(pl.col("operational_end"))
    kept = ~repeats.fill_null(False)
    return frame.with_columns(pl.when(kept).then(c).alias(c) for c in ("legal_start", "legal_end"))


def folded(root: DataRoot) -> Register:
    for fetch in due_fetches(root):
        flat = flatten_fetch(fetch.folder)
        write_flat(root, flat.folder, flat.frames, mark_of(fetch.receipt.sha256))
    return fold(observe(flat_folders(root)))


def with_baseline(root: DataRoot, folder: Path, records: Sequence[dict[str, Any]], day: date) -> None:
    """Puts a small release into the root: without one there is no register."""
    flat = flatten(write_release(folder, records, published=str(day), released=str(day)))
    write_flat(root, flat.folder, flat.frames, mark_of("0" * 64))


def assert_equal(first: Register, second: Register) -> None:
    for name, frame in first.frames.items():
        ours, theirs = comparable(frame, name), comparable(second.frames[name], name)
        assert ours.equals(theirs), (name, ours.join(theirs, on=ours.columns, how="anti", nulls_equal=True))


# --- one day, every case ------------------------------------------------------------------------------------

DAY = date(2026, 9, 4)


def factory_records(scale: float) -> list[dict[str, Any]]:
    """Every record of the full and the archive file that the API would have, stamped on one day."""
    register = make_register(scale)
    found: dict[str, dict[str, Any]] = {}
    for archive in (True, False):
        frames = as_read(register, archive=archive)
        for record in as_records(frames, frames["organisations"]["ods_code"].to_list()):
            if not record.get("refOnly") or code_of(record) not in found:
                found[code_of(record)] = {**record, "LastChangeDate": str(DAY)}
    return list(found.values())


def both_registers(
    tmp_path: Path, world: World, behaviour: Behaviour | None = None
) -> tuple[Register, Register]:
    """The registers that one fetch of the day by ORD and one by ODT make."""
    made = []
    for name in ("ord", "odt"):
        root, clock = DataRoot(tmp_path / name), SimulatedClock(f"{DAY}T04:30:00+00:00")
        with_baseline(root, tmp_path / f"trud-{name}", [make_record("ZZ9")], DAY - timedelta(days=30))
        with OdtServer(world, now=clock.now, behaviour=behaviour) as server:
            sources = odt_sources_of(server, clock) if name == "odt" else sources_of(server, clock)
            fetch_stamps(root, sources, (DAY, DAY))
        made.append(folded(root))
    return made[0], made[1]


@pytest.mark.promise("odt_equals_ord")
def test_every_case_of_the_factory_is_equal(tmp_path: Path) -> None:
    records = factory_records(0.002)[::6]
    first, second = both_registers(tmp_path, world_of_records(records, concepts()))
    assert first.frames["organisations"].height > 100
    assert_equal(first, second)


@pytest.mark.slow
def test_three_thousand_records_are_equal(tmp_path: Path) -> None:
    records = factory_records(0.0085)
    assert len(records) >= 3_000
    first, second = both_registers(tmp_path, world_of_records(records, concepts()))
    assert_equal(first, second)


def test_the_twelve_real_records_come_back_equal(tmp_path: Path, shared: Path) -> None:
    found = [json.loads(p.read_bytes())["Organisation"] for p in sorted((shared / "ord-json").glob("*.json"))]
    records = [{**r, "LastChangeDate": str(DAY)} for r in found]
    lists = {**concepts()}
    known = {r["id"] for r in lists["role"]}
    for role in (r for record in records for r in record["Roles"]["Role"]):
        if role["id"] not in known:
            known.add(role["id"])
            entry = {"id": role["id"], "code": role["id"][2:], "displayName": role["id"]}
            lists["role"] = [*lists["role"], {**entry, "primaryRole": bool(role.get("primaryRole"))}]
    first, second = both_registers(tmp_path, world_of_records(records, lists))
    assert first.frames["organisations"].height == 13
    assert first.frames["successions"].height >= 10
    assert_equal(first, second)


def test_without_rule_one_nearly_every_record_would_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Legal dates that repeat the Operational ones are no news: the number of false changes."""
    records = factory_records(0.002)[::24]
    world = world_of_records(records, concepts())

    def false_changes(folder: Path) -> int:
        first, second = both_registers(folder, world)
        changed: set[str] = set()
        for name in ("organisations", "roles", "relationships"):
            ours, theirs = first.frames[name], second.frames[name]
            columns = [c for c in ours.columns if c not in DIFFERENT.get(f"history.{name}", ())]
            lost = without_equal_legal(ours).join(theirs, on=columns, how="anti", nulls_equal=True)
            changed |= set(lost["ods_code"])
        return len(changed)

    assert false_changes(tmp_path / "with") == 0
    monkeypatch.setattr(periods, "without_equal_legal", lambda given, notes: given)
    lacking = sum(_lacks_a_legal_date(record) for record in records)
    assert false_changes(tmp_path / "without") == lacking > 0.8 * len(records), lacking


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
    """The register after so many mornings, each asked of one source, and its events."""
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
    """The last so many mornings of the sample."""
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
