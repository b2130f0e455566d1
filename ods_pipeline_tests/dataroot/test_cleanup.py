"""The next run removes what killed runs leave, and nothing else."""

import errno
import os
from pathlib import Path

import pytest

from ods_pipeline.dataroot.builds import current_build, publish_build
from ods_pipeline.dataroot.cleanup import clear_up
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support.small_builds import words, write_build

pytestmark = pytest.mark.promise("resumed")
LEFT = (
    ".ods.duckdb.new", "ods.duckdb.partial", ".builds/.current.new", ".builds/next/tables/roles.parquet",
    ".dagster/.new-7/history/runs.db", "flat/.release=1.partial/roles.parquet", "flat/.fetch=1.old/flat.json",
    "raw/ord/.fetch=1.partial/sync.json", "raw/trud/a.zip.partial", "quarantine/fetch=1/x.parquet.partial",
)  # fmt: skip
KEPT = (
    ".lock", ".dagster/dagster.yaml", "flat/release=1/flat.json", "raw/ord/fetch=2/.work/plan.json",
    "raw/trud/a.zip", "raw/trud/a.zip.0123456789ab.part", "quarantine/b.zip", "notes.txt",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


def put(root: DataRoot, *names: str) -> None:
    for name in names:
        (root.path / name).parent.mkdir(parents=True, exist_ok=True)
        (root.path / name).write_text("left")


def files(root: DataRoot) -> set[str]:
    return {str(p.relative_to(root.path)) for p in root.path.rglob("*") if p.is_file()}


def test_half_written_files_are_removed_and_the_rest_stays(root: DataRoot) -> None:
    put(root, *LEFT, *KEPT)
    clear_up(root)
    assert files(root) == set(KEPT)
    clear_up(DataRoot(root.path / "nowhere"))
    assert not (root.path / "nowhere").exists()


def test_an_unpublished_build_is_removed_and_its_number_is_free(root: DataRoot) -> None:
    for word in ("first", "second", "third"):
        write_build(root, word)
        publish_build(root)
    write_build(root, "killed")
    root.next.rename(root.builds / "000004")
    clear_up(root)
    assert sorted(p.name for p in root.builds.iterdir()) == ["000002", "000003", "current"]
    write_build(root, "fourth")
    assert publish_build(root).name == "000004"


def test_with_nothing_published_no_build_is_kept(root: DataRoot) -> None:
    write_build(root, "killed")
    root.next.rename(root.builds / "000001")
    clear_up(root)
    assert list(root.builds.iterdir()) == []


@pytest.mark.promise("whole")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EPERM])
def test_a_link_that_fails_where_links_work_copies_nothing(root: DataRoot, number: int) -> None:
    """Files copied through a link would land in the published build."""
    write_build(root, "first")
    first = publish_build(root)
    write_build(root, "second")

    def fail(link: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(OSError, match=os.strerror(number)):
        publish_build(root, link=fail)
    assert (words(root), current_build(root)) == ({"first"}, first)


@pytest.mark.promise("whole")
def test_a_full_disk_at_the_first_flip_copies_nothing(root: DataRoot) -> None:
    write_build(root, "first")

    def fail(link: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        publish_build(root, link=fail)
    assert [p.name for p in root.path.iterdir()] == [".builds"]


@pytest.mark.promise("readers")
def test_every_wal_next_to_the_link_goes_to_its_own_build(root: DataRoot) -> None:
    """DuckDB 1.x writes these names: the log, and those of a checkpoint under way."""
    write_build(root, "first")
    first = publish_build(root)
    names = ["ods.duckdb.wal", "ods.duckdb.wal.checkpoint", "ods.duckdb.wal.recovery"]
    put(root, *names)
    write_build(root, "second")
    second = publish_build(root)
    assert [p.name for p in sorted(root.path.glob("*.wal*"))] == []
    assert [p.name for p in sorted(first.glob("*.wal*"))] == names
    assert list(second.glob("*.wal*")) == []
    assert words(root) == {"second"}
