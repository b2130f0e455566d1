"""`build` from end to end: what it takes in and leaves alone; the same inputs give the same bytes."""

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from ods_pipeline.dataroot.builds import current_build, publish_build
from ods_pipeline.dataroot.flat import flat_folders
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.instance import open_instance
from ods_pipeline.errors import OdsError
from ods_pipeline.marts.column_lineage import columns_read
from ods_pipeline.schema import MARTS, ORD, TABLES
from ods_pipeline_tests.support.builders import make_record, put, write_release
from ods_pipeline_tests.support.rooms import (
    ENVIRONMENT,
    FETCHES,
    FIRST_FETCH,
    RELEASE,
    copy_of,
    published,
    release_root,
    run_python,
    sample_root,
    without_duckdb,
)

READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
sql = "SELECT (SELECT count(*) FROM ord.organisations), (SELECT max(as_of) FROM ord.captures)"
for _ in sys.stdin:
    print(*connection.execute(sql).fetchone(), flush=True)
"""
KILLED = """
import os, sys
from pathlib import Path
from ods_pipeline.defs import build as pipeline
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assets import published
published.complete_duckdb = lambda *_: os._exit(7)
pipeline.build(DataRoot(Path(sys.argv[1])), again=True)
"""


def duckdb_rows(file: Path) -> dict[str, list[tuple]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        names = [f"{t.schema}.{t.name}" for t in TABLES.values()]
        return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in names}


@contextmanager
def reader_of(root: DataRoot) -> Iterator[subprocess.Popen[str]]:
    """A process that keeps ods.duckdb open and answers once for every line on stdin."""
    process = subprocess.Popen(
        [sys.executable, "-c", READER, str(root.path / "ods.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ask(reader: subprocess.Popen[str]) -> str:
    assert reader.stdin and reader.stdout
    reader.stdin.write("\n")
    reader.stdin.flush()
    return reader.stdout.readline().strip()


def fetches_without(tmp_path: Path, *left_out: str) -> Path:
    """Copy the sample's fetches, apart from some, into their own folder."""
    folder = tmp_path / "recorded"
    shutil.copytree(FETCHES, folder, ignore=shutil.ignore_patterns(*left_out))
    return folder


def test_the_sample_is_published_whole() -> None:
    root = sample_root()
    assert set(without_duckdb(published(root))) == {*(t.path for t in TABLES.values()), "datapackage.json"}
    assert len(list(root.raw_fetches.iterdir())) == 6
    assert [p.name for p in flat_folders(root)][-1] == "release=2026-08-28"
    assert [p.name for p in root.builds.iterdir() if p.is_dir() and not p.is_symlink()] == ["000001"]
    assert not root.quarantine.exists()


def test_the_same_input_twice_changes_nothing(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    before = published(root)
    built = pipeline.build(root)
    assert (built.nothing_new, built.outcomes, built.problems, built.missing) == (True, [], [], [])
    built = pipeline.build(root, releases=[RELEASE], recorded=[FETCHES])
    assert built.nothing_new
    assert published(root) == before


@pytest.mark.promise("same_bytes")
@pytest.mark.slow
def test_a_deleted_file_is_rebuilt_with_the_same_bytes_under_another_number(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    before = published(root)
    (root.path / "ods.duckdb").unlink()
    built = pipeline.build(root)
    assert (built.nothing_new, built.published) == (False, root.builds.resolve() / "000002")
    assert current_build(root) == built.published
    assert without_duckdb(published(root)) == without_duckdb(before)
    assert duckdb_rows(root.path / "ods.duckdb") == duckdb_rows(root.builds / "000001" / "ods.duckdb")


@pytest.mark.slow
@pytest.mark.promise("readers")
def test_a_reader_keeps_its_answer_through_a_build_and_a_new_one_sees_the_news(tmp_path: Path) -> None:
    root = copy_of(release_root(), tmp_path)
    with reader_of(root) as old:
        before = ask(old)
        assert before == "776 2026-08-21"
        during: list[str] = []
        done = threading.Event()

        def keep_asking() -> None:
            while not done.wait(0.02):
                during.append(ask(old))

        asking = threading.Thread(target=keep_asking)
        asking.start()
        built = pipeline.build(root, recorded=[FETCHES])
        done.set()
        asking.join()
        assert (built.problems, built.missing) == ([], [])
        assert len(during) > 10
        assert {*during, ask(old)} == {before}
        with reader_of(root) as new:
            assert ask(new) == "776 2026-09-04"
        shutil.copytree(root.current.resolve(), root.next)
        publish_build(root)
        assert not (root.builds / "000001").exists()
        assert ask(old) == before


@pytest.mark.slow
def test_fetches_that_cannot_be_used_do_not_stop_the_others(tmp_path: Path) -> None:
    root = copy_of(release_root(), tmp_path)
    folder = fetches_without(tmp_path)
    names = sorted(p.name for p in folder.iterdir())
    (folder / names[0] / "organisations" / "H8Q2Z.json").unlink()
    (folder / names[1] / "receipt.json").write_text("{")
    receipt = json.loads((folder / names[3] / "receipt.json").read_bytes())
    receipt["codes"].append("ZZ1")
    (folder / names[3] / "receipt.json").write_text(json.dumps(receipt))  # a code without an answer
    built = pipeline.build(root, recorded=[folder])
    problems = " ".join(built.problems)
    assert f"{names[0]}: organisations/H8Q2Z.json is named in the receipt and is not there" in problems
    assert f"{names[1]}: its receipt is damaged" in problems
    assert f"{names[3]}: 1 codes were asked for and have no answer (ZZ1)" in problems
    assert [day.day for day in built.missing] == [21, 22, 23, 24, 29, 30]
    captures = pl.read_parquet(root.path / TABLES["captures"].path).filter(pl.col("kind") == "delta")
    assert captures["capture_id"].to_list() == [names[2], names[4], names[5]]
    assert sorted(p.name for p in root.quarantine.iterdir()) == [names[3], f"{names[3]}.reason.json"]


@pytest.mark.slow
def test_another_fetch_under_a_held_name_is_reported(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    before = published(root)
    folder = fetches_without(tmp_path)
    payload = (folder / FIRST_FETCH / "organisations" / "H8Q2Z.json").read_bytes()
    put(folder / FIRST_FETCH, "organisations/H8Q2Z.json", payload.replace(b"ORCHARD", b"CHERRY!"))
    built = pipeline.build(root, recorded=[folder])
    assert [p for p in built.problems if f"{FIRST_FETCH}: another fetch of that name is already held" in p]
    assert without_duckdb(published(root)) == without_duckdb(before)


def test_sample_and_register_are_never_mixed(tmp_path: Path) -> None:
    root = copy_of(release_root(), tmp_path)
    before = published(root)
    other = write_release(tmp_path, [make_record("RX1")], [], published="2026-09-18", released="2026-09-25")
    with pytest.raises(OdsError, match=r"holds the embedded sample, and this is real data.*--data-root"):
        pipeline.build(root, releases=[other])
    assert published(root) == before
    assert (root.quarantine / other.name).exists()
    assert pipeline.build(root).nothing_new


def test_another_file_for_a_held_release_is_rejected(tmp_path: Path) -> None:
    root = copy_of(release_root(), tmp_path)
    before = published(root)
    other = write_release(tmp_path, [make_record("RX1")], [], released="2026-08-28").rename(
        tmp_path / RELEASE.name
    )
    with pytest.raises(OdsError, match="another file of that name is already held"):
        pipeline.build(root, releases=[other])
    assert published(root) == before
    assert (root.raw_releases / RELEASE.name).read_bytes() == RELEASE.read_bytes()


@pytest.mark.dagster_records
@pytest.mark.slow
@pytest.mark.promise("whole")
def test_a_kill_in_the_middle_leaves_the_old_set_and_the_next_build_works(tmp_path: Path) -> None:
    root = copy_of(release_root(), tmp_path)
    before = published(root)
    assert run_python(KILLED, root.path).returncode == 7
    assert root.next.is_dir()
    assert published(root) == before
    (root.flat / ".fetch=20260824T043000Z.partial").mkdir()
    assert pipeline.build(root, again=True).published == root.builds.resolve() / "000002"
    assert without_duckdb(published(root)) == without_duckdb(before)
    with open_instance(root) as instance:
        statuses = [run.status for run in instance.get_runs() if run.job_name == "publish_job"]
    success, failure = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE
    assert statuses == [success, failure]  # newest first; the release was built without records of its own


@pytest.mark.dagster_records
def test_dagster_has_the_runs_the_rows_and_the_checks() -> None:
    root = sample_root()
    with open_instance(root) as instance:
        runs = [(run.job_name, run.status) for run in reversed(instance.get_runs())]
        success = dg.DagsterRunStatus.SUCCESS
        assert runs == [("release_job", success), ("delta_job", success), ("publish_job", success)]
        assert instance.get_dynamic_partitions("ods_release") == ["2026-08-28"]
        for table in TABLES.values():
            event = instance.get_latest_materialization_event(dg.AssetKey(["ods", table.schema, table.name]))
            assert event is not None and event.asset_materialization is not None
            metadata = event.asset_materialization.metadata
            file = root.path / table.path
            assert metadata["dagster/row_count"].value == pl.read_parquet(file).height
            assert metadata["bytes"].value == file.stat().st_size
            assert metadata["dagster/uri"].value == file.as_uri()
            tags = event.asset_materialization.tags or {}
            assert tags["dagster/data_version"] == hashlib.sha256(file.read_bytes()).hexdigest()
        keys = [dg.AssetCheckKey(dg.AssetKey(["ods", "ord", t.name]), "unique_key") for t in ORD]
        checks = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        assert len(checks) == len(ORD)
        assert {record.status.value for record in checks.values()} == {"SUCCEEDED"}


@pytest.mark.dagster_records
def test_dagster_has_the_columns_that_each_column_of_a_mart_is_made_of() -> None:
    with open_instance(sample_root()) as instance:
        for mart in MARTS:
            event = instance.get_latest_materialization_event(dg.AssetKey(["ods", mart.schema, mart.name]))
            assert event is not None and event.asset_materialization is not None
            lineage = event.asset_materialization.metadata["dagster/column_lineage"].value
            assert isinstance(lineage, dg.TableColumnLineage)
            made_of = {
                column: sorted(("/".join(dep.asset_key.path), dep.column_name) for dep in deps)
                for column, deps in lineage.deps_by_column.items()
            }
            assert made_of == {
                column: sorted((f"ods/{table.schema}/{table.name}", read) for table, read in pairs)
                for column, pairs in columns_read(mart).items()
            }


@pytest.mark.dagster_records
def test_dagster_has_a_row_count_for_each_stamp() -> None:
    key = dg.AssetKey(["ods", "flat", "fetches"])
    with open_instance(sample_root()) as instance:
        records = instance.fetch_materializations(key, limit=100).records
    rows: dict[str, int] = {}
    for record in reversed(records):
        materialization = record.event_log_entry.asset_materialization
        assert materialization is not None and materialization.partition is not None
        count = materialization.metadata["dagster/partition_row_count"].value
        assert isinstance(count, int)
        rows[materialization.partition] = count
    assert set(rows) == {f"2026-08-{n}" for n in range(21, 32)} | {f"2026-09-0{n}" for n in range(1, 5)}
    fetched = [json.loads(f.read_bytes())["Organisation"] for f in FETCHES.glob("*/organisations/*.json")]
    stamped = {(record["OrgId"]["extension"], record["LastChangeDate"]) for record in fetched}
    assert {day: n for day, n in rows.items() if n} == dict(Counter(day for _, day in stamped))
