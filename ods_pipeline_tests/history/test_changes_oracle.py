"""Events and drift compared with slow oracles, on random registers over three weeks."""

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.history.drift import drift
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.marts.checking import findings
from ods_pipeline.schema.changes import CHANGE_KINDS, DRIFT_KINDS, PARENT_KINDS
from ods_pipeline_tests.oracles.changes import slow_changes
from ods_pipeline_tests.oracles.drift import slow_drift
from ods_pipeline_tests.oracles.steps import Event
from ods_pipeline_tests.support.builders import Held
from ods_pipeline_tests.support.history.folding import events_of, history_of, written
from ods_pipeline_tests.support.history.random_registers import watched

# One entry a day: R a release, D a delta (two on one day, or one on a release's day); empty: no capture.
PLAN = ["R", "", "D", "D", "", "DD", "", "RD", "D", "", "D", "", "", "R", "D", "", "D", "R"]
ORGANISATIONS = 200
SEEDS = [0, pytest.param(1, marks=pytest.mark.slow)]
AS_EVENT = [
    "ods_code",
    "change_kind",
    "effective_on",
    "detected_on",
    "field",
    "old_value",
    "new_value",
    "related_code",
    pl.coalesce("rel_id", "role_id"),
    pl.coalesce("unique_rel_id", "unique_role_id"),
    "is_unstamped",
]


@pytest.fixture(scope="module", params=SEEDS)
def register(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Register:
    folder = tmp_path_factory.mktemp("register")
    held = Held(folder)
    flats = watched(request.param, folder / "raw", ORGANISATIONS, PLAN)
    assert sum(flat.frames["organisations"].height for flat in flats) > 1400
    # A late release and late fetches make no difference: the last capture comes first.
    return fold(observe([held.add(flat) for flat in reversed(flats)]))


@pytest.mark.promise("audited")
def test_the_events_are_those_of_the_oracle(register: Register) -> None:
    history = history_of(register)
    rows = events_of(history)
    events = Counter(Event(*row) for row in rows.select(AS_EVENT).iter_rows())
    expected = slow_changes(history)
    assert (expected - events, events - expected) == (Counter(), Counter())
    assert rows["change_id"].n_unique() == rows.height > 1500


@pytest.mark.promise("audited")
def test_versions_and_events_correspond(register: Register) -> None:
    """Every version after the first release has an event of its day, and every event a reason for its day."""
    history = history_of(register)
    events, versions = events_of(history), history.organisations
    first = min(history.captures.filter(kind="full")["as_of"])
    new = versions.filter(pl.col("known_from") > first).select("ods_code", detected_on="known_from")
    assert new.height > 600
    of_versions = events.filter(~pl.col("change_kind").is_in(["archived", "deleted"]))
    assert new.join(of_versions, on=["ods_code", "detected_on"], how="anti").is_empty()
    others = of_versions.join(new, on=["ods_code", "detected_on"], how="anti")
    assert set(others["change_kind"]) <= {"opened", "closed", "legally_closed"}  # an announced day that came
    on_a_day = pl.col("effective_on") <= pl.col("detected_on")
    assert others.filter(~on_a_day).is_empty()


def test_every_case_occurs(register: Register) -> None:
    rows = events_of(history_of(register))
    assert set(CHANGE_KINDS) - set(rows["change_kind"]) <= {"succession_removed"}
    assert {"returned", "removed", "fax", "uprn", "country", "legal_end", *PARENT_KINDS} <= set(rows["field"])
    assert rows["is_unstamped"].any() and rows["corrects_drift"].any()
    assert set(rows.filter(change_kind="deleted")["field"]) == {
        "ord_notifications",
        "absent_from_release",
    } | set(register.frames["deletions"].filter(state="unconfirmed")["source"])
    stubs = register.frames["history.observations"].filter("ref_only")
    assert stubs.height > 20


def test_the_drift_is_that_of_the_oracle(register: Register) -> None:
    history = history_of(register)
    rows = drift(history)
    kinds = {(r["release_as_of"], r["ods_code"]): r["drift_kind"] for r in rows.iter_rows(named=True)}
    assert kinds == slow_drift(history)
    assert set(kinds.values()) == set(DRIFT_KINDS)


def test_an_event_that_corrects_a_drift_was_first_seen_in_that_release(register: Register) -> None:
    history = history_of(register)
    rows = events_of(history)
    key = ["ods_code", "capture_id"]
    marked = rows.filter("corrects_drift").select(key).unique()
    in_drift = drift(history).select(key)
    assert marked.join(in_drift, on=key, how="anti").is_empty()
    assert rows.filter(~pl.col("corrects_drift")).join(in_drift, on=key, how="semi").is_empty()
    assert rows.filter("corrects_drift")["capture_id"].str.starts_with("release=").all()


def test_the_checks_of_the_tables_pass_and_notice_missing_rows(register: Register, tmp_path: Path) -> None:
    written(register, tmp_path)
    rows = pl.read_parquet(tmp_path / "marts" / "code_changes.parquet")
    for table, frame in (("code_changes", rows), ("code_changes", rows.tail(rows.height // 2))):
        outcome = {f.name: f.passed for f in findings(table, frame, tmp_path, register.as_of)}
        whole = frame.height == rows.height
        assert outcome == {"unique_key": True, "tells_every_change": whole}
    rows = pl.read_parquet(tmp_path / "marts" / "drift.parquet")
    (unique, warning) = findings("drift", rows, tmp_path, register.as_of)
    assert (unique.passed, warning.passed, warning.blocking) == (True, False, False)
    for (day, kind), group in rows.group_by("release_as_of", "drift_kind"):
        assert f"{group.height:,} {kind} in the release of {day}" in warning.summary
