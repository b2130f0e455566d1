"""The data root: same bytes, whole or not at all, one build at a time, and nobody's leftovers in it."""

import shutil
import stat
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ods_pipeline.dataroot.files import whole_folder
from ods_pipeline.dataroot.layout import (
    DataRoot,
    current_build,
    flat_mark,
    publish_build,
    start_build,
    write_flat,
)
from ods_pipeline.dataroot.parquet import write_parquet
from ods_pipeline.errors import OdsError
from ods_pipeline_tests.support.rooms import run_python

A_MILLION_ROWS = """
import hashlib, sys
from pathlib import Path
import polars as pl
from ods_pipeline.dataroot.parquet import write_parquet
rows = pl.int_range(1_000_000, eager=True)
frame = pl.select(
    ods_code="X" + rows.cast(pl.String).str.zfill(7),
    name=pl.when(rows % 7 != 0).then("BODY " + (rows % 977).cast(pl.String)),
    day=pl.date(2000, 1, 1) + pl.duration(days=1) * (rows % 9000),
    uprn=rows * 31,
    flag=rows % 3 == 0,
)
path = Path(sys.argv[1])
shuffled = frame.sample(fraction=1, shuffle=True, seed=int(sys.argv[2]))
size = write_parquet(shuffled.lazy().sort("ods_code").collect(), path)
print(pl.thread_pool_size(), size, hashlib.sha256(path.read_bytes()).hexdigest())
"""
LINK = """
import os, sys
from pathlib import Path
from ods_pipeline.dataroot import layout as storage
storage.publish_build(storage.DataRoot(Path(sys.argv[1])), link=lambda link, target: os._exit(7))
"""
COPY = """
import os, shutil, sys
from pathlib import Path
from ods_pipeline.dataroot import layout as storage

def no_links(link, target):
    raise OSError("no symlinks here")

copy, done = shutil.copy2, []
def copy_one(source, target):
    if done:
        os._exit(7)
    done.append(copy(source, target))
shutil.copy2 = copy_one
storage.publish_build(storage.DataRoot(Path(sys.argv[1])), link=no_links)
"""
CRASH = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("SET wal_autocheckpoint = '1GB'")
connection.execute("CREATE TABLE foreign_table AS SELECT 42 AS answer")
connection.execute("UPDATE ord.state SET word = 'changed by a crashed session'")
os._exit(7)
"""


def write_build(root: DataRoot, word: str) -> None:
    """A build under way whose every file says the word."""
    build = start_build(root)
    write_parquet(pl.DataFrame({"word": [word]}), build / "tables" / "state.parquet")
    write_parquet(pl.DataFrame({"word": [word]}), build / "marts" / "state.parquet")
    (build / "datapackage.json").write_text(f'{{"word": "{word}"}}\n')
    with duckdb.connect(str(build / "ods.duckdb")) as connection:
        connection.execute("CREATE SCHEMA ord")
        connection.execute("CREATE TABLE ord.state AS SELECT ? AS word", [word])


def words(root: DataRoot) -> set[str]:
    """What a reader of every published file is told."""
    with duckdb.connect(str(root.path / "ods.duckdb"), read_only=True) as connection:
        found = {word for (word,) in connection.execute("SELECT word FROM ord.state").fetchall()}
    for folder in ("tables", "marts"):
        found.update(pl.read_parquet(root.path / folder / "state.parquet")["word"])
    return found | {(root.path / "datapackage.json").read_text().split('"')[3]}


def no_links(link: Path, target: Path) -> None:
    raise OSError("no symlinks here")


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


@pytest.mark.promise("same_bytes")
def test_a_million_rows_have_the_same_bytes_whatever_the_number_of_threads(tmp_path: Path) -> None:
    told = []
    for threads, seed in ((1, 5), (4, 6)):
        ran = run_python(
            A_MILLION_ROWS, tmp_path / f"{threads}.parquet", str(seed), POLARS_MAX_THREADS=str(threads)
        )
        assert ran.returncode == 0, ran.stderr
        told.append(ran.stdout.split())
    (one_thread, *one), (four_threads, *four) = told
    assert (one_thread, four_threads) == ("1", "4")
    assert one == four
    read = pl.read_parquet(tmp_path / "4.parquet")
    assert read.height == 1_000_000
    assert read["ods_code"].is_sorted()


def test_a_folder_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "flat"
    with whole_folder(target) as partial:
        (partial / "word").write_text("old")
    with pytest.raises(RuntimeError, match="half way"), whole_folder(target) as partial:
        (partial / "word").write_text("new")
        raise RuntimeError("half way")
    assert (target / "word").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["flat"]
    with whole_folder(target) as partial:
        (partial / "other").write_text("new")
    assert [p.name for p in target.iterdir()] == ["other"]
    assert [p.name for p in tmp_path.iterdir()] == ["flat"]


@pytest.mark.promise("resumed")
def test_what_a_killed_write_left_in_flat_is_no_capture(root: DataRoot) -> None:
    write_flat(root, "fetch=1", {"captures": pl.DataFrame({"n": [1]})}, {"flat_version": 1})
    (root.flat / ".fetch=2.partial").mkdir()
    (root.flat / ".release=1.old").mkdir()
    assert [p.name for p in root.flat_folders()] == ["fetch=1"]
    assert flat_mark(root, "fetch=1") == {"flat_version": 1}
    assert flat_mark(root, "fetch=2") is None


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
def test_what_stands_in_the_way_is_told_before_anything_changes(root: DataRoot) -> None:
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
    # The proof that it is a danger: beside a copy of the file it is replayed.
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


@pytest.mark.promise("one_at_a_time")
def test_a_second_process_is_told_at_once_that_the_root_is_busy(root: DataRoot) -> None:
    script = "import sys, time; from pathlib import Path; from ods_pipeline.dataroot.layout import DataRoot\n"
    script += "start = time.monotonic()\ntry:\n    with DataRoot(Path(sys.argv[1])).locked(): print('mine')\n"
    script += "except Exception as error: print(type(error).__name__, time.monotonic() - start < 2, error)\n"
    with root.locked(), root.locked():
        told = run_python(script, root.path).stdout
    assert told.startswith("Busy True")
    assert "--data-root" in told
    assert run_python(script, root.path).stdout == "mine\n"
