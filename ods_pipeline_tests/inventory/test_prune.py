"""prune: what is old and needed by nothing goes, and the published set, its sources and its figures stay."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.inventory.prune import prunable, prune
from ods_pipeline_tests.support.rooms import copy_of, sample_root
from ods_pipeline_tests.support.running import Main

pytestmark = pytest.mark.dagster_records
NOW = datetime(2027, 3, 1, tzinfo=UTC)
RUN = "0b9a1c9e-0000-4000-8000-00000000000{}.db"


def put(path: Path, days_old: float, size: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    at = (NOW - timedelta(days=days_old)).timestamp()
    os.utime(path, (at, at))
    return path


def filled(path: Path, days_old: float) -> DataRoot:
    """A data root in which everything is of one age."""
    root = DataRoot(path)
    for name in (
        f".dagster/history/runs/{RUN.format(1)}",
        f".dagster/history/runs/{RUN.format(1)}-wal",
        ".dagster/history/runs/index.db",
        ".dagster/history/runs/index.db-wal",
        ".dagster/history/runs.db",
        ".dagster/schedules/schedules.db",
        "quarantine/bad.zip",
        "quarantine/bad.zip.reason.txt",
        "raw/trud/x.zip.0123456789ab.part",
        "raw/trud/x.zip",
        "raw/trud/x.zip.receipt.json",
        "raw/ord/fetch=20260824T043000Z/receipt.json",
        "raw/reports/epraccur.csv",
        "raw/accepted-deletions.json",
        "flat/release=2026-08-28/captures.parquet",
        ".builds/000001/ods.duckdb",
    ):
        put(root.path / name, days_old)
    return root


GOES = {
    f".dagster/history/runs/{RUN.format(1)}",
    f".dagster/history/runs/{RUN.format(1)}-wal",
    "quarantine/bad.zip",
    "quarantine/bad.zip.reason.txt",
    "raw/trud/x.zip.0123456789ab.part",
    "raw/reports/epraccur.csv",
}


@pytest.mark.parametrize(
    ("days_old", "older_than", "gone"),
    [
        (91, 90, GOES),
        (89, 90, set()),
        (30, 7, {name for name in GOES if not name.startswith("quarantine")}),
        (63, 7, GOES),
    ],
)
def test_only_what_is_old_and_needed_by_nothing_goes(
    tmp_path: Path, days_old: int, older_than: int, gone: set[str]
) -> None:
    root = filled(tmp_path, days_old)
    before = {p for p in tmp_path.rglob("*") if p.is_file()}
    age = timedelta(days=older_than)
    listed = {str(item.path.relative_to(tmp_path)) for item in prunable(root, NOW, age)}
    assert listed == gone
    assert {p for p in tmp_path.rglob("*") if p.is_file()} == before, "a list removes nothing"
    prune(root, NOW, age)
    after = {p for p in tmp_path.rglob("*") if p.is_file() and p.name != ".lock"}
    assert {str(p.relative_to(tmp_path)) for p in before - after} == gone


def test_a_folder_is_as_old_as_the_newest_file_in_it(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    put(tmp_path / "quarantine" / "fetch=1" / "old", 300)
    put(tmp_path / "quarantine" / "fetch=1" / "new", 10)
    put(tmp_path / "quarantine" / "fetch=2" / "old", 300, size=7)
    at = (NOW - timedelta(days=300)).timestamp()
    for folder in tmp_path.rglob("fetch=*"):
        os.utime(folder, (at, at))
    (item,) = prunable(root, NOW, timedelta(days=90))
    assert (item.path.name, item.kind) == ("fetch=2", "set aside")


def test_after_a_prune_of_all_that_may_go_the_set_is_whole_and_a_build_finds_nothing_new(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_of(sample_root(), tmp_path)
    for path in root.path.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (1_000_000_000, 1_000_000_000))
    kept = {p for p in root.path.rglob("*") if ".dagster" not in p.parts}
    assert run_main("prune", "--data-root", root.path) == 0
    listed = capsys.readouterr().out
    assert "log of a run" in listed and "prune --older-than 90 --delete" in listed
    assert run_main("prune", "--data-root", root.path, "--delete") == 0
    assert "Removed" in capsys.readouterr().out
    assert kept <= {*root.path.rglob("*")}
    assert run_main("build", "--data-root", root.path) == 0
    assert "Nothing new" in capsys.readouterr().out
    assert run_main("prune", "--data-root", root.path) == 0
    assert "Nothing here" in capsys.readouterr().out
    assert run_main("prune", "--data-root", tmp_path / "nowhere") == 1
    assert "nowhere: there is no such folder." in capsys.readouterr().err
