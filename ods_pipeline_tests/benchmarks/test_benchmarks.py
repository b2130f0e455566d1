"""The benchmarks: each stage runs in its own process, and the plain yardstick reads the same rows."""

import json
from pathlib import Path

import polars as pl
import pytest

from benchmarks.bare import iterparse
from benchmarks.flattener import flattener
from benchmarks.flattening import flat, make_release
from benchmarks.inputs import copy_of
from benchmarks.report import as_text, write_results
from benchmarks.run import Cost, measure
from ods_pipeline.dataroot.flat import flat_folders
from ods_pipeline.dataroot.layout import DataRoot

SCALE = 0.002


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("bench")
    make_release(room, SCALE)
    return room


def test_the_yardsticks_read_what_the_pipeline_reads(room: Path) -> None:
    plain, pipeline = flattener(room, SCALE), flat(room, SCALE)
    assert iterparse(room, SCALE)["rows"] > plain["rows"]
    assert pipeline["bytes"] > 0
    tables = room / "flat" / "flat" / "release=2026-08-28"
    for name, key in (("roles", "unique_role_id"), ("relationships", "unique_rel_id")):
        ours = pl.read_parquet(tables / f"{name}.parquet").sort(key)
        theirs = pl.read_parquet(room / "flattener" / f"{name}.parquet").unique(key)
        both = theirs.join(ours.select(key), on=key, how="semi").sort(key)
        assert both.equals(ours), name


def test_a_stage_is_measured_from_outside(room: Path) -> None:
    cost = measure("iterparse", room, SCALE)
    assert cost.ok, cost.why
    assert 0 < cost.seconds < 60
    assert 0 < cost.cpu < 60
    assert 1e6 < cost.peak < 2e9
    assert cost.rows > 10_000


def test_a_stage_that_fails_records_why_and_has_no_result(room: Path) -> None:
    cost = measure("no_such_stage", room, SCALE)
    assert not cost.ok
    assert cost.why == "KeyError: 'no_such_stage'"
    assert "failed: KeyError" in as_text([cost], SCALE)


def test_ratios_are_of_one_run_and_bars_show_whether_they_are_met(tmp_path: Path) -> None:
    costs = []
    for slower in (1.0, 3.0, 2.0):
        costs += [
            Cost("iterparse", 1.0, True, 20 * slower, 20 * slower, 10**8, 1, 0),
            Cost("flattener", 1.0, True, 70 * slower, 70 * slower, 10**9, 1, 1),
            Cost("flat", 1.0, True, 8 * slower, 16 * slower, 10**9, 1, 1, {"write": 1.0}),
            Cost("fetch_onto_12", 1.0, True, 40.0, 40.0, 1, 1, 1, {"outside of the steps": 9.0}),
        ]
    costs += [Cost("flat", 3.0, True, 50.0, 100.0, 10**9, 3, 3)]
    text = as_text(costs, 1.0)
    assert "| zip to flat: at most 0.45 x iterparse | 0.40 x | yes |" in text
    assert "| zip to flat: at least 7 x faster than the flattener | 8.8 x | yes |" in text
    assert "| growth to 3 x: time per record within 25 % | 1.04 x | yes |" in text
    assert "| a fetch onto 12 releases: at most 32 s | 40.0 s | no |" in text
    assert "(Dagster itself): at most 8 s | 9.0 s | no |" in text
    bars, _, information = text.partition("for information, in processor time")
    assert "| zip to flat: flat / iterparse | 0.80 x |\n" in information
    assert "processor" not in bars and "CPU time" not in text
    write_results(costs, 1.0, tmp_path / "RESULTS.md")
    assert "national size" in (tmp_path / "RESULTS.md").read_text()


def test_a_copied_data_root_links_the_files_that_are_never_written_again(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "one")
    for day in ("2026-07-31", "2026-08-28"):
        folder = root.flat / f"release={day}"
        folder.mkdir(parents=True)
        (folder / "roles.parquet").write_text("x")
        (folder / "flat.json").write_text(json.dumps({"mark": {}, "tables": ["roles"]}))
    (root.path / ".lock").touch()
    copy = copy_of(root, tmp_path / "two", releases=1)
    assert [f.name for f in flat_folders(copy)] == ["release=2026-08-28"]
    kept = copy.flat / "release=2026-08-28"
    original = root.flat / "release=2026-08-28"
    assert (kept / "roles.parquet").samefile(original / "roles.parquet")
    assert not (kept / "flat.json").samefile(original / "flat.json")
    assert not (copy.path / ".lock").exists()
    assert len(flat_folders(root)) == 2
