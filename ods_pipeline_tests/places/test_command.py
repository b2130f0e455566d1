"""`postcodes FILE` from end to end: any order gives the same bytes, and nothing is missing without a file."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.places import sample_extract, take_in
from ods_pipeline_tests.support.builders import make_record, write_release
from ods_pipeline_tests.support.postcodes import nspl_zip, place, uprn_zip
from ods_pipeline_tests.support.rooms import published
from ods_pipeline_tests.support.running import Main

RAW = dg.AssetKey(["ods", "raw", "places"])


def assets(root: DataRoot) -> set[dg.AssetKey]:
    return set(build_definitions(root.path).resolve_asset_graph().get_all_asset_keys())


@pytest.mark.slow
@pytest.mark.promise("same_bytes")
def test_files_and_releases_in_any_order_give_the_same_bytes(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    release = write_release(tmp_path, [make_record("RX1"), make_record("RX2")])
    uprn = 100000000000
    postcodes = nspl_zip(tmp_path, [place("LS1 1AA", 53.8, -1.55), place("TS18 1HU"), place("BT1 5GS")])
    properties = uprn_zip(tmp_path, [(uprn, 53.8, -1.5), (1, 54.0, -1.0)])
    first, second = DataRoot(tmp_path / "first"), DataRoot(tmp_path / "second")

    def run(root: DataRoot, *arguments: str | Path) -> int:
        return run_main(*arguments, "--data-root", root.path, "--quiet")

    assert run(first, "build", "--release", release) == 0
    assert RAW not in assets(first), "an asset that nobody asked for would be missing for ever"
    take_in(first, properties)
    assert run(first, "postcodes", postcodes) == 0
    take_in(second, postcodes)
    assert run(second, "postcodes", properties) == 0
    assert RAW in assets(second)
    assert "It is used by the next build" in capsys.readouterr().out
    assert run(second, "build", "--release", release) == 0
    ours, theirs = published(first), published(second)
    assert {n for n in ours if ours[n] != theirs.get(n)} <= {"ods.duckdb"} and len(ours) == len(theirs)
    rows = pl.read_parquet(first.path / "geo" / "postcodes.parquet")
    assert rows["postcode"].to_list() == ["LS1 1AA"]

    before = published(first)
    older = nspl_zip(tmp_path / "older", [place("LS1 1AA")], "2025")
    elsewhere = nspl_zip(tmp_path / "elsewhere", [place("TS18 1HU")], name="NSPL_NOV_2026_UK")
    extract = sample_extract()
    assert extract is not None
    problems = {
        older: "a newer edition, of 2026-08, is held",
        elsewhere: "it knows none of the 1 postcodes of the register",
        extract: "this is the extract of the embedded sample",
    }
    for file, problem in problems.items():
        with pytest.raises(OdsError, match=problem):
            take_in(first, file)
    assert run(first, "build") == 0
    assert published(first) == before
    assert sorted(p.name for p in first.flat.glob("postcodes=*")) == ["postcodes=2026-08"]
