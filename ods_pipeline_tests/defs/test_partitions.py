"""Partitions are true: green is only what is held, and what the ORD API was asked for."""

import shutil
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.instance import open_instance, run_job
from ods_pipeline.defs.upkeep import restore_partitions
from ods_pipeline.inventory.missing import ranges_without
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline_tests.support.builders import make_record, write_release
from ods_pipeline_tests.support.rooms import FETCHES, copy_of, release_root

pytestmark = pytest.mark.dagster_records

FLAT_FETCHES = dg.AssetKey(["ods", "flat", "fetches"])
RAW_FETCHES = dg.AssetKey(["ods", "raw", "ord_fetches"])
DAY = "2026-08-28"


@pytest.mark.promise("hostile")
@pytest.mark.parametrize("wrong", ["no release", "the release of another day"])
def test_a_wrong_file_makes_the_raw_release_red_and_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.chdir(tmp_path)
    root, file = DataRoot(Path("data")), tmp_path / "x.zip"
    if wrong == "no release":
        file.write_text("code,name")
    else:
        made = write_release(tmp_path, [make_record("RX1")], published="2026-07-24", released="2026-07-31")
        file = made
    with open_instance(root) as instance:
        instance.add_dynamic_partitions("ods_release", [DAY])
        config = {"take_trud_release": {"config": {"file": str(file)}}}
        outcome = run_job(instance, build_definitions(root.path), "release_job", partition=DAY, config=config)
        events = instance.all_logs(outcome.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    assert (outcome.success, outcome.materialized) == (False, [])
    assert not list(root.raw_releases.glob("*.zip"))
    (failure,) = [event.get_dagster_event().step_failure_data for event in events]
    shown = failure.user_failure_data
    assert shown is not None and shown.description == outcome.message
    assert shown.metadata["what is wrong"].value in outcome.message
    assert failure.error is not None and len(failure.error.stack) < 15
    assert failure.error.cause is None and failure.error.context is None
    if wrong == "the release of another day":
        assert shown.metadata["set aside"].value == str(tmp_path / root.quarantine / file.name)
        assert len(str(shown.metadata["SHA-256"].value)) == 64


@pytest.mark.slow
def test_a_stamp_that_nobody_asked_for_is_in_no_run_of_the_command_line(tmp_path: Path) -> None:
    root, folder = copy_of(release_root(), tmp_path), tmp_path / "recorded"
    fetches = sorted(p for p in FETCHES.iterdir() if p.is_dir())
    for fetch in (fetches[0], fetches[-1]):
        shutil.copytree(fetch, folder / fetch.name)
    asked = {
        day.isoformat()
        for receipt in map(read_fetch_receipt, (fetches[0], fetches[-1]))
        for day in _days(receipt.stamps_from, receipt.stamps_to)
    }
    built = pipeline.build(root, recorded=[folder])
    assert built.problems == [] and built.missing
    with open_instance(root) as instance:
        assert instance.get_materialized_partitions(RAW_FETCHES) == asked
        assert instance.get_materialized_partitions(FLAT_FETCHES) == asked
        outcome = run_job(
            instance, build_definitions(root.path), "delta_job", partition_range=(min(asked), max(asked))
        )
        assert not outcome.success
        assert f"no fetch asked for the stamp {built.missing[0]} and" in outcome.message
        assert "source: ord" in outcome.message
        assert instance.get_materialized_partitions(RAW_FETCHES) == asked


def _days(first: str, last: str) -> list[date]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [date.fromordinal(n) for n in range(begin.toordinal(), end.toordinal() + 1)]


def test_the_stamps_of_the_sample_end_with_the_last_one_held() -> None:
    graph = build_definitions(release_root().path, (date(2026, 8, 21), date(2026, 9, 4)))
    stamps = graph.resolve_asset_graph().get(FLAT_FETCHES).partitions_def
    assert isinstance(stamps, dg.TimeWindowPartitionsDefinition)
    assert stamps.get_last_partition_key() == "2026-09-04"


def test_a_new_instance_has_the_partitions_of_the_releases_held() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        restore_partitions(instance, release_root())
        assert instance.get_dynamic_partitions("ods_release") == [DAY]


def test_ranges_are_those_between_missing_days() -> None:
    days = [date(2026, 9, n) for n in range(1, 8)]
    window = (days[0], days[-1])
    assert ranges_without(window, []) == [window]
    assert ranges_without(window, [days[2], days[3]]) == [(days[0], days[1]), (days[4], days[6])]
    assert ranges_without(window, [days[0], days[-1]]) == [(days[1], days[5])]
    assert ranges_without(window, days) == []
