"""What killed writers leave in a folder: ``prune`` removes it when it is old, and nothing else."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.publish.store.leftovers import leftovers, remove_leftover
from ods_pipeline.publish.store.opening import Store
from ods_pipeline.publish.store.pruning import prune_store
from ods_pipeline.publish.store.publishing import publish_to
from ods_pipeline_tests.support.small_stores import objects, read_whole, small_build

LARGE = 200 << 20
PUT = """
import sys
from pathlib import Path
from ods_pipeline.publish.store.opening import Store
Store(sys.argv[1]).put_new(sys.argv[2], Path(sys.argv[3]))
"""
HASH = "0" * 64
OLD, KEEP = timedelta(days=100), timedelta(days=90)
STAGED = [
    "current.json#1",
    "writer.json#12",
    "builds/000001-0123456789ab.json#1",
    "builds/000001-0123456789ab.delta#1",
    f"tables/ord.organisations/{HASH}.parquet#2",
    "tables/ord.organisations/_delta_log/00000000000000000001.json#1",
    f"duckdb/{HASH}.duckdb#1",
    f"state/{HASH}.tar#1",
    "raw/releases/release.zip#1",
    ".current.json.new",
    ".writer.json.lock",
]
THEIRS = ["notes#1", "tables/notes.txt#1", f"tables/{HASH}.parquet#1", "duckdb/mine.duckdb#1", ".lock"]


def place(folder: Path, path: str, age: timedelta) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"left")
    moment = (datetime.now(UTC) - age).timestamp()
    os.utime(file, (moment, moment))


def test_prune_removes_what_is_old_and_ours(folder: Store, tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    small_build(root, 1, "build1")
    publish_to(root, folder, who="a test")
    assert folder.folder is not None
    young = [path.replace("#", "#9") for path in STAGED if "#" in path]
    for path in [*STAGED, *THEIRS]:
        place(folder.folder, path, OLD)
    for path in young:
        place(folder.folder, path, timedelta(days=1))
    before = objects(folder)
    would = prune_store(folder, KEEP, who="a test")
    assert would.files == sorted(STAGED) and would.bytes == 4 * len(STAGED)
    assert all((folder.folder / path).exists() for path in STAGED)
    assert prune_store(folder, KEEP, who="a test", dry_run=False) == would
    assert not any((folder.folder / path).exists() for path in STAGED)
    assert all((folder.folder / path).exists() for path in [*THEIRS, *young])
    assert objects(folder) == before and read_whole(folder) == (1, "build1")


def test_what_a_killed_writer_really_leaves_is_found(folder: Store, tmp_path: Path) -> None:
    root, path = DataRoot(tmp_path / "data"), f"duckdb/{HASH}.duckdb"
    small_build(root, 1, "build1")
    publish_to(root, folder, who="a test")
    assert folder.folder is not None
    large = tmp_path / "large"
    large.write_bytes(bytes(LARGE))
    child = subprocess.Popen([sys.executable, "-c", PUT, folder.address, path, large])
    staged = folder.folder / f"{path}#1"
    while not staged.exists() and child.poll() is None:
        time.sleep(0.001)
    child.kill()
    child.wait(60)
    assert staged.exists(), "it was killed during the write"
    assert not folder.has(path) and path not in {p for p, _, _ in folder.list("duckdb/")}
    late = datetime.now(UTC) + timedelta(minutes=1)
    assert [p for p, _, _ in leftovers(folder.folder, late)] == [f"{path}#1"]
    assert leftovers(folder.folder, datetime.now(UTC) - KEEP) == []


def test_a_lock_that_somebody_holds_stays(tmp_path: Path) -> None:
    file = tmp_path / ".current.json.lock"
    with FileLock(file):
        remove_leftover(file)
        assert file.exists()
    remove_leftover(file)
    assert not file.exists()
