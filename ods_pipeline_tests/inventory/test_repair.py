"""Files that a loss of power leaves empty stop no build: they are rewritten, or set aside and reported."""

import logging
import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.dataroot.builds import current_build, publish_build
from ods_pipeline.dataroot.flat import flat_folders, flat_mark, write_flat
from ods_pipeline.dataroot.layout import DataRoot, receipt_path
from ods_pipeline.defs import build as pipeline
from ods_pipeline.inventory.due import due_fetches, due_stamps
from ods_pipeline.inventory.held import held_captures, held_fetches, newest_publication
from ods_pipeline.inventory.repair import repair
from ods_pipeline.inventory.sample import holds_sample, reject_mixture
from ods_pipeline.inventory.state import usable_state
from ods_pipeline.publish.build_info import is_published, read_build_info
from ods_pipeline.sources.ord.source import OrdSource
from ods_pipeline.sources.plan import Plan
from ods_pipeline.sources.protocol import Page
from ods_pipeline.sources.recorded import held_releases
from ods_pipeline.sources.settings import Sources
from ods_pipeline.sources.unfinished import Unfinished
from ods_pipeline_tests.support.opened import opened_by
from ods_pipeline_tests.support.rooms import FIRST_FETCH, copy_of, published, sample_root
from ods_pipeline_tests.support.running import run_here
from ods_pipeline_tests.support.small_builds import write_build

LAST_FETCH, LAST_DAY = "fetch=20260904T043000Z", date(2026, 9, 4)


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return copy_of(sample_root(), tmp_path)


def empty(file: Path) -> Path:
    """Empty a file: its name reached the disk, its bytes did not."""
    file.chmod(0o644)
    file.write_bytes(b"")
    return file


@pytest.mark.promise("no_lost_day")
def test_a_fetch_with_an_empty_receipt_is_set_aside_and_its_stamps_are_due(
    root: DataRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    others = [f for f in held_fetches(root) if f.folder.name != FIRST_FETCH]
    assert due_stamps(root, LAST_DAY) == (date(2026, 8, 27), LAST_DAY)
    empty(root.raw_fetches / FIRST_FETCH / "receipt.json")
    assert held_fetches(root) == others
    assert due_stamps(root, LAST_DAY) == (date(2026, 8, 21), LAST_DAY)
    code = run_here("status", "--data-root", root.path)
    assert (code, f"damaged receipts: {FIRST_FETCH}; run: " in capsys.readouterr().out) == (
        4,
        True,
    )
    (problem,) = repair(root)
    assert problem.startswith(f"{FIRST_FETCH}: its receipt is damaged")
    assert problem.endswith(f"It is set aside as quarantine/{FIRST_FETCH}.")
    assert (root.quarantine / FIRST_FETCH / "organisations").is_dir()
    assert (root.quarantine / f"{FIRST_FETCH}.reason.json").exists()
    assert (repair(root), held_fetches(root)) == ([], others)


@pytest.mark.promise("resumed")
def test_a_release_with_an_empty_receipt_gets_the_same_again(root: DataRoot) -> None:
    (before,) = held_releases(root)
    release = root.raw_releases / before.file_name
    whole = receipt_path(release).read_bytes()
    empty(receipt_path(release))
    assert held_releases(root) == []
    assert repair(root) == []
    assert (held_releases(root), receipt_path(release).read_bytes()) == ([before], whole)


@pytest.mark.promise("explained")
def test_a_release_that_is_empty_itself_is_set_aside(root: DataRoot) -> None:
    (before,) = held_releases(root)
    release = empty(root.raw_releases / before.file_name)
    empty(receipt_path(release))
    (problem,) = repair(root)
    assert problem.startswith(f"{release.name}: the file is empty.") and "quarantine/" in problem
    assert [p.name for p in root.raw_releases.iterdir()] == []


@pytest.mark.promise("resumed")
@pytest.mark.parametrize("left", ["", "{", "[]", '{"tables": 1, "mark": {}}', '{"tables": [], "mark": "x"}'])
def test_a_damaged_mark_counts_as_none(root: DataRoot, left: str) -> None:
    mark = empty(root.flat / LAST_FETCH / "flat.json")
    mark.write_text(left)
    assert flat_mark(root, LAST_FETCH) is None
    assert [f.folder.name for f in due_fetches(root)] == [LAST_FETCH]
    assert repair(root) == [], "it is flattened again"


@pytest.mark.promise("no_lost_day")
def test_a_damaged_flat_folder_without_its_raw_files_is_reported(root: DataRoot) -> None:
    empty(root.flat / LAST_FETCH / "flat.json")
    shutil.rmtree(root.raw_fetches / LAST_FETCH)
    (problem,) = repair(root)
    assert f"{LAST_FETCH}: it is damaged" in problem and "the register lacks this capture" in problem


@pytest.mark.promise("resumed")
@pytest.mark.parametrize("left", ["", "[1]"])
def test_a_build_with_damaged_build_info_is_built_again(
    root: DataRoot, caplog: pytest.LogCaptureFixture, left: str
) -> None:
    build, captures = current_build(root), held_captures(root)
    assert build is not None and captures is not None and is_published(root, captures, None)
    empty(build / "build.json").write_text(left)
    assert read_build_info(build) == {}
    assert not is_published(root, captures, None)
    logging.getLogger("ods_pipeline").propagate = True
    with caplog.at_level(logging.INFO, logger="ods_pipeline"):
        assert usable_state(root) is None
    assert "build.json is missing or damaged" in caplog.text


@pytest.mark.slow
@pytest.mark.promise("resumed")
def test_a_build_continues_after_all_of_that(root: DataRoot) -> None:
    before = published(root)
    empty(root.raw_fetches / LAST_FETCH / "receipt.json")
    empty(receipt_path(root.raw_releases / held_releases(root)[0].file_name))
    for name in ("flat.json", "captures.parquet"):
        empty(next(root.flat.glob("release=*")) / name)
    empty(root.current / "build.json")
    built = pipeline.build(root)
    assert (len(built.problems), built.nothing_new) == (1, False)
    after = published(root)
    assert [name for name in after if after[name] != before[name]] in ([], ["ods.duckdb"])
    again = pipeline.build(root)
    assert (again.problems, again.nothing_new) == ([], True)


class Flushed:
    """Records the inodes that are flushed while ``too_late`` is false."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, too_late: Callable[[], bool]) -> None:
        self.inodes: set[int] = set()
        flush = os.fsync

        def fsync(file: int) -> None:
            if not too_late():
                self.inodes.add(os.fstat(file).st_ino)
            flush(file)

        monkeypatch.setattr(os, "fsync", fsync)

    def has(self, *files: Path) -> bool:
        return {f.stat().st_ino for f in files} <= self.inodes


@pytest.mark.promise("whole")
def test_files_are_on_the_disk_before_their_names_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = DataRoot(tmp_path / "data")
    flat = root.flat / "fetch=1"
    flushed = Flushed(monkeypatch, flat.exists)
    write_flat(root, flat.name, {"captures": pl.DataFrame({"n": [1]})})
    assert flushed.has(flat / "flat.json", flat / "captures.parquet", flat)
    write_build(root, "first")
    flushed = Flushed(monkeypatch, root.current.exists)
    build = publish_build(root)
    assert flushed.has(build, *build.rglob("*"))
    plan = Plan("2026-09-04T04:30:00Z", "2026-09-04", "2026-09-04", "2026-09-04", "http://localhost", "json")
    folder = root.raw_fetches / "fetch=2"
    (folder / ".work" / "gone").mkdir(parents=True)
    (folder / "organisations").mkdir()
    flushed = Flushed(monkeypatch, (folder / "sync.json").exists)
    fetch = Unfinished(folder, plan, OrdSource(Sources()))
    fetch.keep_page(Page("sync.json", "/sync", b'{"Organisations": []}'))
    assert flushed.has(folder / "sync.json")
    flushed = Flushed(monkeypatch, (folder / "receipt.json").exists)
    fetch.finish(datetime(2026, 9, 4, 4, 31, tzinfo=UTC))
    assert flushed.has(folder / "receipt.json", folder / "organisations")


def test_whether_it_is_the_sample_is_read_from_one_folder(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)  # the shared one may be read by another process meanwhile
    folders, captures = flat_folders(root), held_captures(root)
    assert captures is not None and len(folders) == 7

    def read_sample_mark() -> None:
        assert holds_sample(root)
        reject_mixture(root, captures, "here")

    assert set(opened_by(read_sample_mark, folders)) == {folders[0].name}
    assert set(opened_by(lambda: newest_publication(root), folders)) == {"release=2026-08-28"}
