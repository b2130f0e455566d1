"""A build becomes the published set whole or not at all, and no leftovers meet it."""

import shutil
import stat
from pathlib import Path

import duckdb
import pytest

from ods_pipeline.dataroot.builds import current_build, publish_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline_tests.support.rooms import run_python
from ods_pipeline_tests.support.small_builds import words, write_build

LINK = """
import os, sys
from pathlib import Path
from ods_pipeline.dataroot.builds import publish_build
from ods_pipeline.dataroot.layout import DataRoot
publish_build(DataRoot(Path(sys.argv[1])), link=lambda link, target: os._exit(7))
"""
COPY = """
import os, shutil, sys
from pathlib import Path
from ods_pipeline.dataroot.builds import publish_build
from ods_pipeline.dataroot.layout import DataRoot

def no_links(link, target):
    raise OSError("no symlinks here")

copy, done = shutil.copy2, []
def copy_one(source, target):
    if done:
        os._exit(7)
    done.append(copy(source, target))
shutil.copy2 = copy_one
publish_build(DataRoot(Path(sys.argv[1])), link=no_links)
"""
CRASH = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("SET wal_autocheckpoint = '1GB'")
connection.execute("CREATE TABLE foreign_table AS SELECT 42 AS answer")
connection.execute("UPDATE ord.state SET word = 'changed by a crashed session'")
os._exit(7)
"""


def no_links(link: Path, target: Path) -> None:
    raise OSError("no symlinks here")


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


@pytest.mark.promise("readers")
def test_a_build_becomes_the_published_set_and_the_last_two_are_kept(root: DataRoot) -> None:
    for number, word in enumerate(("first", "second", "third"), start=1):
        write_build(root, word)
        build = publish_build(root)
        assert build.name == f"{number:06d}"
        assert current_build(root) == build
        assert words(root) == {word}
    assert sorted(p.name for p in root.builds.iterdir()) == ["000002", "000003", "current"]


@pytest.mark.promise("private")
def test_published_files_are_read_only_and_links_are_relative(root: DataRoot, tmp_path: Path) -> None:
    write_build(root, "first")
    build = publish_build(root)
    files = [p for p in build.rglob("*") if p.is_file()]
    assert len(files) == 4
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o444}
    links = {p.name: p.readlink() for p in [*root.path.iterdir(), root.current] if p.is_symlink()}
    assert set(links) == {"tables", "marts", "ods.duckdb", "datapackage.json", "current"}
    assert not any(target.is_absolute() for target in links.values())
    root.path.rename(tmp_path / "moved")
    assert words(DataRoot(tmp_path / "moved")) == {"first"}


@pytest.mark.promise("whole")
def test_a_file_in_the_way_is_reported_before_anything_changes(root: DataRoot) -> None:
    (root.path / "marts").mkdir(parents=True)
    write_build(root, "first")
    with pytest.raises(OdsError, match=r"marts: a file or folder of that name is in the way.*Move it away"):
        publish_build(root)
    assert current_build(root) is None
    (root.path / "marts").rmdir()
    write_build(root, "again")
    publish_build(root)
    assert words(root) == {"again"}


def test_without_symlinks_the_files_are_replaced(root: DataRoot, caplog: pytest.LogCaptureFixture) -> None:
    for word in ("first", "second"):
        write_build(root, word)
        build = publish_build(root, link=no_links)
        assert words(root) == {word}
        assert current_build(root) == build
        assert "no symlinks here" in caplog.text
        caplog.clear()
    assert not (root.path / "ods.duckdb").is_symlink()


@pytest.mark.promise("whole")
def test_a_kill_while_files_are_replaced_is_not_taken_for_a_published_build(root: DataRoot) -> None:
    write_build(root, "first")
    first = publish_build(root, link=no_links)
    write_build(root, "second")
    assert run_python(COPY, root.path).returncode == 7
    assert "second" in words(root)
    assert current_build(root) == first
    write_build(root, "third")
    publish_build(root, link=no_links)
    assert words(root) == {"third"}


@pytest.mark.promise("whole")
def test_a_kill_between_rename_and_link_leaves_the_old_set(root: DataRoot) -> None:
    write_build(root, "first")
    first = publish_build(root)
    write_build(root, "second")
    assert run_python(LINK, root.path).returncode == 7
    assert not root.next.exists()
    assert words(root) == {"first"}
    assert current_build(root) == first
    write_build(root, "third")
    assert publish_build(root).name == "000003"
    assert words(root) == {"third"}


@pytest.mark.promise("readers")
def test_a_crashed_session_on_the_old_file_does_no_harm_to_the_new_one(
    root: DataRoot, tmp_path: Path
) -> None:
    write_build(root, "first")
    first = publish_build(root)
    elsewhere = tmp_path / "ods.duckdb"
    shutil.copyfile(first / "ods.duckdb", elsewhere)
    assert run_python(CRASH, elsewhere).returncode == 7
    wal = elsewhere.with_name("ods.duckdb.wal")
    assert wal.stat().st_size > 0
    # It is a danger: next to a copy of the file it is replayed.
    shutil.copytree(elsewhere.parent, tmp_path / "danger", ignore=shutil.ignore_patterns("data", "danger"))
    with duckdb.connect(str(tmp_path / "danger" / "ods.duckdb")) as connection:
        assert connection.execute("FROM foreign_table").fetchall() == [(42,)]
    shutil.copyfile(wal, root.path / "ods.duckdb.wal")
    write_build(root, "second")
    second = publish_build(root)
    assert words(root) == {"second"}
    with duckdb.connect(str(root.path / "ods.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("state",)]
    assert not (root.path / "ods.duckdb.wal").exists()
    assert (first / "ods.duckdb.wal").read_bytes() == wal.read_bytes()
    assert not (second / "ods.duckdb.wal").exists()
