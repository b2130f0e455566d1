"""A path that cannot be written is reported in one line, with what to do; then the next run finishes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.faults.harness import copy, listing, set_differences
from ods_pipeline_tests.faults.inputs import BUILT, Inputs
from ods_pipeline_tests.faults.small_disk import on_a_small_disk
from ods_pipeline_tests.support.rooms import run_cli
from ods_pipeline_tests.support.running import error_line, run_here

pytestmark = [pytest.mark.dagster_records, pytest.mark.promise("resumed"), pytest.mark.promise("whole")]
Main = Callable[..., tuple[int, str]]
# Names in the way, in the order in which a run meets them, and what the message names.
EARLY = [
    (".lock/", ".lock"),
    (".dagster", ".dagster"),
    (".dagster/dagster.yaml/", "dagster.yaml"),
    ("raw", "raw"),
]
LATE = [
    ("flat", "flat"),
    ("quarantine", "quarantine"),
    (".builds", ".builds"),
    ("marts", "marts"),
    ("ods.duckdb/", "ods.duckdb"),
]


@pytest.fixture
def main(capsys: pytest.CaptureFixture[str]) -> Main:
    """Run `ods-pipeline …` in this process and return its exit code and stderr."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        return run_here(*arguments), capsys.readouterr().err

    return run


def put_in_the_way(root: DataRoot, name: str) -> Path:
    """Make a file of that name in the data root; a folder if the name ends with a slash."""
    place = root.path / name
    place.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith("/"):
        place.mkdir()
    else:
        place.write_text("in the way\n")
    return place


def take_away(place: Path) -> None:
    place.rmdir() if place.is_dir() else place.unlink()


@pytest.mark.parametrize(("name", "named"), EARLY)
def test_what_is_in_the_way_is_named(tmp_path: Path, main: Main, name: str, named: str) -> None:
    root, inputs = DataRoot(tmp_path / "data"), Inputs(tmp_path / "inputs").write()
    put_in_the_way(root, name)
    code, words = main("build", *inputs.arguments(1), "--data-root", root.path)
    assert code == 1
    assert named in error_line(words) and "Move away what is in its place" in error_line(words)


def test_a_file_in_place_of_the_data_root_is_reported(tmp_path: Path, main: Main) -> None:
    (tmp_path / "data").write_text("a file")
    code, words = main("build", "--data-root", tmp_path / "data")
    assert (code, error_line(words)) == (
        1,
        f"error: {tmp_path / 'data'}: the data root cannot be created here (File exists). "
        "Give another --data-root.",
    )  # fmt: skip


@pytest.mark.slow
def test_once_nothing_is_in_the_way_the_run_finishes(tmp_path: Path, main: Main) -> None:
    """One name after another is in the way of the same data root; each run gets a little further."""
    inputs = Inputs(tmp_path / "inputs").write()
    whole, root = DataRoot(tmp_path / "whole"), DataRoot(tmp_path / "data")
    assert main("build", *inputs.arguments(1), "--data-root", whole.path)[0] == BUILT
    for name, named in (*EARLY, *LATE):
        place = put_in_the_way(root, name)
        code, words = main("build", *inputs.arguments(1), "--data-root", root.path)
        assert (code, named in error_line(words)) == (1, True), words
        assert not root.current.exists()
        take_away(place)
    assert main("build", *inputs.arguments(1), "--data-root", root.path)[0] == BUILT
    assert set_differences(root, whole) == []
    assert listing(root) == listing(whole)


@pytest.mark.slow
def test_on_a_read_only_disk_the_set_can_be_read_and_a_build_reports_it(tmp_path: Path) -> None:
    inputs = Inputs(tmp_path / "inputs").write()
    begun = copy(DataRoot(tmp_path / "none"), tmp_path / "begun")
    assert run_cli("build", *inputs.arguments(1), "--data-root", begun.path).returncode == BUILT
    outcome = on_a_small_disk(begun.path, tmp_path / "disk", "ro", "build", *inputs.arguments(2), finish=True)
    assert (outcome["code"], outcome["untouched"], outcome["half"]) == (1, True, []), outcome["error"]
    assert "Read-only file system" in error_line(outcome["error"])
    assert (outcome["status"], outcome["find"]) == (BUILT, 0)
    assert outcome["again"] == BUILT, outcome["again_error"]
