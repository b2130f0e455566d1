"""The committed sample: its script writes the same files, and its deltas match its plan."""

import csv
import gzip
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.flatten.flat import Flat
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline_tests.sample import FACTS, SAMPLE, read, write_sample
from ods_pipeline_tests.support.builders import Held, assert_conserved

PLAN = read(FACTS, "planned_changes")
# A change in the world may leave the record as it is: T3B9K was published before it opened.
ONLY_STAMPED = ("", "opened")


def contents(folder: Path) -> dict[str, bytes]:
    files = [
        path for name in ("trud", "ord", "places") for path in (folder / name).rglob("*") if path.is_file()
    ]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def register(sample_flats: list[Flat], tmp_path_factory: pytest.TempPathFactory) -> Register:
    held = Held(tmp_path_factory.mktemp("sample"))
    return fold(observe([held.add(flat) for flat in sample_flats]))


def planned(*kinds: str) -> set[tuple[str, str]]:
    return {(f"fetch={row['fetch']}", row["ods_code"]) for row in PLAN if row["change_kind"] in kinds}


def codes_with(register: Register, *effects: str) -> set[tuple[str, str]]:
    rows = register.effects.rows(named=True)
    return {(row["capture_id"], row["ods_code"]) for row in rows if row["effect"] in effects}


def test_the_script_writes_the_committed_files(tmp_path: Path) -> None:
    write_sample(tmp_path)
    fresh, committed = contents(tmp_path), contents(SAMPLE)
    assert sorted(fresh) == sorted(committed)
    assert [name for name, content in fresh.items() if committed[name] != content] == []
    assert sum(map(len, committed.values())) + sum(p.stat().st_size for p in FACTS.iterdir()) < 1_000_000


def test_every_capture_of_the_sample_is_whole_and_nothing_in_it_is_broken(sample_flats: list[Flat]) -> None:
    assert len(sample_flats) == 7
    for flat in sample_flats:
        assert_conserved(flat)
        assert flat.frames["quarantined_records"].is_empty()
        assert flat.frames["unknown_elements"].is_empty()
        assert set(flat.captures["publication_source"]) == {"ods_pipeline sample"}


def test_new_and_changed_records_are_those_of_the_plan(register: Register) -> None:
    kinds = {row["change_kind"] for row in PLAN} - {*ONLY_STAMPED, "created", "deleted"}
    assert codes_with(register, "new") == planned("created")
    assert codes_with(register, "changed") == planned(*kinds) - planned("created")


def test_planned_records_without_a_change_are_unchanged(register: Register) -> None:
    unchanged = codes_with(register, "unchanged", "stub_of_a_complete_record")
    assert planned(*ONLY_STAMPED) - planned("deleted") <= unchanged
    assert {code for _, code in codes_with(register, "stub_of_a_complete_record")} == {"FBL"}


def test_deletions_are_those_of_the_plan_and_of_the_removals(register: Register) -> None:
    rows = {row["ods_code"]: row for row in register.frames["deletions"].rows(named=True)}
    assert rows.keys() == {row["ods_code"] for row in read(FACTS, "removals")}
    assert {code for _, code in planned("deleted")} <= rows.keys()
    held = set(register.frames["organisations"]["ods_code"])
    for row in read(FACTS, "removals"):
        deletion = rows[row["ods_code"]]
        gone = row["kind"] == "gone"
        assert (deletion["state"], row["ods_code"] in held) == (
            ("unconfirmed", True) if gone else ("confirmed", False)
        )
        assert gone or str(deletion["deleted_on"]) == row["date"]


FIELDS = {"name": "name", "operational_end": "operational_end"}


@pytest.mark.parametrize(
    "change", [row for row in PLAN if row["field"] in FIELDS], ids=lambda row: row["ods_code"]
)
def test_the_register_holds_the_new_value_of_the_plan(register: Register, change: dict[str, Any]) -> None:
    (row,) = register.frames["organisations"].filter(ods_code=change["ods_code"]).rows(named=True)
    assert str(row[FIELDS[change["field"]]] or "") == change["new_value"]
    assert str(row["known_from"]) == change["detected_on"]


def test_the_oddities_put_in_on_purpose_are_handled(register: Register) -> None:
    lost = register.frames["superseded_records"].filter(ref_only=False)
    assert sorted(lost.select("ods_code", "reason").rows()) == [
        ("FEF03", "reused_code"),
        ("T1201", "reused_code"),
    ]
    organisations = {row["ods_code"]: row for row in register.frames["organisations"].rows(named=True)}
    assert [code for code, row in organisations.items() if row["status_is_inferred"]] == ["Y63"]
    assert (organisations["FBL"]["ref_only"], organisations["FBL"]["published_in"]) == (False, "archive")
    fax = register.frames["contacts"].filter(ods_code="V99001", contact_type="fax")
    assert fax.height == 1, "the API left it out, TRUD has it"
    assert register.frames["unresolved_targets"].is_empty()


# --- successions of real codes ------------------------------------------------------------------------------

SOURCES = {(row["old_code"], row["new_code"]): row for row in read(FACTS, "succession_sources")}
COMPOSED = {("T1201", "T1201"), ("Y99901", "Y99902")}
PAGE = (SAMPLE / "README.md").read_text(encoding="utf-8")


def recorded() -> dict[tuple[str, str], list[dict[str, str]]]:
    """Return the rows of both sides of each succession, by old and new code."""
    pairs = defaultdict(list)
    for row in read(FACTS, "successions"):
        codes = row["ods_code"], row["target_ods_code"]
        pairs[codes if row["succession_type"] == "Successor" else codes[::-1]].append(row)
    return dict(pairs)


def test_every_succession_of_real_codes_is_the_one_of_its_source() -> None:
    pairs = recorded()
    assert pairs.keys() - SOURCES.keys() == COMPOSED
    assert SOURCES.keys() - pairs.keys() == set()
    for pair, source in SOURCES.items():
        assert sorted(row["succession_type"] for row in pairs[pair]) == ["Predecessor", "Successor"], pair
        assert {row["legal_start"] for row in pairs[pair]} == {source["legal_start"]}, pair
        assert {row["basis"] for row in pairs[pair]} == {"real"}, pair
    assert {row["basis"] for pair in COMPOSED for row in pairs[pair]} == {"composed"}


def test_a_succession_is_recorded_within_a_day_of_the_end_of_the_old_code_or_while_it_lives() -> None:
    """ODS records the last day of the old organisation, or the first of the new one."""
    ends = {
        row["ods_code"]: row["legal_end"] or row["operational_end"]
        for row in read(FACTS, "organisations")
        if row["basis"] == "real"
    }
    late = {}
    for (old, new), source in SOURCES.items():
        if ends.get(old):
            gap = (date.fromisoformat(source["legal_start"]) - date.fromisoformat(ends[old])).days
            if gap not in (0, 1):
                late[old, new] = gap
    # Before its end: North Manchester left RW6 first, and 13W lived on next to its successors.
    assert late == {("RW6", "R0A"): -182, ("13W", "14J"): -1460, ("13W", "14K"): -1460}


def test_the_page_of_the_sample_names_every_source_with_its_count() -> None:
    counts = Counter(row["source"] for row in SOURCES.values())
    table = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (\d+) \|", PAGE, re.MULTILINE))
    assert {source: int(count) for source, count in table.items()} == counts


def test_the_page_of_the_sample_has_the_figures_of_its_tables() -> None:
    files = Counter(row["file"] for row in read(FACTS, "organisations") if not row["fetch"])
    stubs = Counter(row["file"] for row in read(FACTS, "stubs"))
    for file in ("full", "archive"):
        assert f"| {file} file | {files[file] + stubs[file]} records, {stubs[file]} of them stubs |" in PAGE
    of_release = {
        name: sum(not row["fetch"] for row in read(FACTS, name))
        for name in ("organisations", "roles", "relationships", "successions")
    }
    figures = "{organisations:,} complete records (two codes appear twice), {roles:,} roles, "
    figures += "{relationships:,} relationships, {successions:,} succession entries"
    assert figures.format(**of_release) in PAGE


def test_the_page_of_the_sample_counts_the_closed_real_codes_without_a_successor() -> None:
    followed = {old for old, _ in recorded()}
    closed = {
        row["ods_code"]
        for row in read(FACTS, "organisations")
        if row["basis"] == "real" and (row["operational_end"] or row["legal_end"])
    }
    assert f"**Closed real codes without a successor ({len(closed - followed)}).**" in PAGE


# --- names and days of real codes ---------------------------------------------------------------------------

REPORTS = {
    "etr-2025-12": "etr_2025-12.csv",
    "eccg-2025-12": "eccg_2025-12.csv",
    "epraccur-2019-10": "epraccur_2019-10.csv.gz",
    "ebranchs-2017-05": "ebranchs_2017-05.csv.gz",
    "eauth-2018-04": "eauth_2018-04.csv",
}
# What happened after the report: D4U1Y ended with its ICB, Q71 and Q85 end with the last link to them.
LATER = {"D4U1Y", "Q71", "Q85"}


def report(path: Path) -> dict[str, tuple[str, str, str]]:
    """Return name, first and last day (yyyymmdd, empty where there is none) of each code of a report."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="replace", newline="") as file:
        return {row[0]: (row[1], row[10], row[11]) for row in csv.reader(file)}


def test_real_codes_have_the_names_and_days_of_the_reports(shared: Path) -> None:
    reports = {source: report(shared / "reports" / name) for source, name in REPORTS.items()}
    differing, compared = set(), 0
    for row in read(FACTS, "organisations"):
        found = reports.get(row["source"], {}).get(row["ods_code"])
        if row["basis"] != "real" or row["fetch"] or not found:
            continue
        compared += 1
        days = {
            (row[f"{kind}_start"].replace("-", ""), row[f"{kind}_end"].replace("-", ""))
            for kind in ("legal", "operational")
        }
        if found[0] != row["name"] or found[1:] not in days:
            differing.add(row["ods_code"])
    assert (differing, compared) == (LATER, 645)
