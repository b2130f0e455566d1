"""A full disk: explained in one line; the published set stays; with room again the next run finishes."""

from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.faults.harness import listing
from ods_pipeline_tests.faults.inputs import BUILT, Inputs
from ods_pipeline_tests.faults.small_disk import on_a_small_disk
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.rooms import copy_of, published, run_cli, without_duckdb
from ods_pipeline_tests.support.running import error_line

pytestmark = [pytest.mark.promise("resumed"), pytest.mark.promise("whole")]
# Space left on the disk, in kB: enough for nothing, for raw files, for flat ones, for a part of a build.
ROOM_LEFT = (0, 60, 200, 700, 1500, 2500, 8000)


@pytest.fixture(scope="module")
def whole(inputs: Inputs, begun: DataRoot) -> DataRoot:
    """The next month on a disk with room."""
    root = copy_of(begun, inputs.folder / "whole")
    assert run_cli("build", *inputs.arguments(2), "--data-root", root.path).returncode == BUILT
    return root


def test_a_full_disk_is_explained_in_one_line(inputs: Inputs, tmp_path: Path) -> None:
    outcome = on_a_small_disk(tmp_path / "nothing", tmp_path / "disk", 60, "build", *inputs.arguments(1))
    assert outcome["code"] == 1
    assert "the disk is full or failing" in error_line(outcome["error"])
    assert "Free some space and run the command again" in error_line(outcome["error"])


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", ROOM_LEFT)
def test_a_disk_that_fills_leaves_the_old_set_and_the_next_run_finishes(
    inputs: Inputs, begun: DataRoot, whole: DataRoot, tmp_path: Path, kilobytes: int
) -> None:
    arguments = ["build", *inputs.arguments(2)]
    outcome = on_a_small_disk(begun.path, tmp_path / "disk", kilobytes, *arguments, finish=True)
    assert (outcome["code"], outcome["untouched"]) == (1, True), outcome["error"]
    assert "the disk is full or failing" in error_line(outcome["error"])
    assert outcome["half"] == [], "unfinished files are removed to free their space"
    assert outcome["again"] == BUILT, outcome["again_error"]
    ours, theirs = outcome["published"], published(whole)
    assert without_duckdb(ours) == without_duckdb(theirs)
    assert set(outcome["listing"]) == listing(whole)
    figures.record("resumed", f"disk full with {kilobytes} kB left", "finished by the next run")
