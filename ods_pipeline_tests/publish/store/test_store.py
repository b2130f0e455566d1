"""Publishing, reading, pulling and pruning, on a folder and on S3."""

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.errors import Busy, OdsError
from ods_pipeline.publish.store.lease import LEASE, writing
from ods_pipeline.publish.store.manifest import CURRENT, read_current
from ods_pipeline.publish.store.opening import LostRace, Store, hide
from ods_pipeline.publish.store.pruning import prune_store
from ods_pipeline.publish.store.publishing import publish_to
from ods_pipeline.publish.store.pulling import pull
from ods_pipeline.sources.clock import SystemClock
from ods_pipeline_tests.publish.store.conftest import SECRETS
from ods_pipeline_tests.support.rooms import FETCHES, copy_of, published, release_root, sample_root
from ods_pipeline_tests.support.running import Main


def next_build(root: DataRoot) -> DataRoot:
    """The same data root with one more build: the same tables under the next number."""
    old = current_build(root)
    assert old is not None
    new = old.with_name(f"{int(old.name) + 1:06d}")
    old.rename(new)
    root.current.unlink()
    root.current.symlink_to(new.name)
    return root


def current(store: Store) -> dict[str, object]:
    read = read_current(store)
    assert read is not None
    return {**read[0].content, "path": read[0].path}


def test_every_file_is_there_and_every_table_is_a_delta_table(store: Store) -> None:
    done = publish_to(sample_root(), store, who="a test")
    content = current(store)
    tables = content["tables"]
    assert isinstance(tables, dict)
    assert done.is_new and done.commits == len(tables) and done.files_written == len(tables) + 2
    options = {k: v for k, v in os.environ.items() if k.startswith(("AWS_", "AZURE_"))}
    for name, entry in tables.items():
        found = store.get(entry["path"])
        assert found is not None and hashlib.sha256(found.content).hexdigest() == entry["sha256"]
        table = DeltaTable(f"{store.address}/tables/{name}")
        assert table.version() == entry["delta_version"] == 0
        assert [uri.rsplit("/", 1)[-1] for uri in table.file_uris()] == [entry["path"].rsplit("/", 1)[-1]]
        assert table.transaction_version("ods_pipeline") == done.build
    address = f"{store.address}/tables/ord.organisations"
    frame = pl.scan_delta(address, storage_options=None if address.startswith("file") else options)
    assert frame.select(pl.len()).collect().item() == tables["ord.organisations"]["rows"]
    assert frame.collect().equals(pl.read_parquet(sample_root().path / "tables" / "organisations.parquet"))


def test_a_second_publication_writes_nothing_and_an_unchanged_table_costs_nothing(
    any_store: Store, tmp_path: Path
) -> None:
    root = copy_of(sample_root(), tmp_path)
    publish_to(root, any_store, who="a test")
    before = {path: moment for path, _, moment in any_store.list("")}
    again = publish_to(root, any_store, who="a test")
    assert not again.is_new and (again.files_written, again.commits) == (0, 0)
    assert {path: moment for path, _, moment in any_store.list("")} == before
    third = publish_to(next_build(root), any_store, who="a test")
    assert third.is_new and (third.files_written, third.commits) == (0, 0)
    versions = [entry["delta_version"] for entry in current(any_store)["tables"].values()]  # type: ignore[attr-defined]
    assert set(versions) == {0}


@pytest.mark.slow
@pytest.mark.parametrize("before", [0, 5])
def test_pull_into_an_empty_folder_then_one_more_fetch_gives_the_same_bytes(
    folder: Store, tmp_path: Path, before: int
) -> None:
    """Two whole builds; with fetches ``before`` the pull a third, which only the slow group pays for."""
    fetches = sorted(FETCHES.glob("fetch=*"))
    last = fetches[before]
    old, new = copy_of(release_root(), tmp_path / "old"), DataRoot(tmp_path / "new")
    if before:
        pipeline.build(old, recorded=fetches[:before])
    publish_to(old, folder, who="a test")
    pulled = pull(new, folder)
    assert pulled.files == len(published(old)) - 1
    assert published(new) == published(old)
    assert pull(new, folder).files == 0
    for root in (old, new):
        pipeline.build(root, recorded=[last])
    differing = {name for name, value in published(old).items() if published(new)[name] != value}
    assert differing == {"ods.duckdb"}  # DuckDB's own bytes differ from one build to the next
    number = 3 if before else 2
    assert publish_to(new, folder, who="a test").build == number
    with pytest.raises(OdsError, match=f"another build {number:06d}"):
        publish_to(old, folder, who="a test")
    with pytest.raises(OdsError, match="were pulled without their records"):
        pipeline.rebuild_history(new)


def test_two_writers_one_wins(any_store: Store) -> None:
    publish_to(sample_root(), any_store, who="a test")
    read = read_current(any_store)
    assert read is not None
    any_store.replace(CURRENT, b'{"format": 1}', read[1])
    with pytest.raises(LostRace):
        any_store.replace(CURRENT, b"{}", read[1])
    with writing(any_store, "the first"), pytest.raises(Busy, match="the first is writing to the store"):
        publish_to(sample_root(), any_store, who="the second")


class _Later(SystemClock):
    def __init__(self, days: float) -> None:
        self.days = days

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)


def test_a_lease_of_a_killed_writer_does_not_stop_the_next(any_store: Store) -> None:
    lease = {
        "who": "elsewhere",
        "host": "elsewhere",
        "process": 1,
        "until": str(datetime.now(UTC) + timedelta(1)),
    }
    any_store.put_new(LEASE, json.dumps(lease).encode())
    with pytest.raises(Busy, match="elsewhere is writing"), writing(any_store, "a test"):
        pass
    with writing(any_store, "a test", _Later(2)):
        pass
    assert any_store.get(LEASE) is None


def test_prune_drops_old_builds_and_never_the_current_one(any_store: Store, tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    publish_to(root, any_store, who="a test")
    (orphan,) = ["tables/ord.organisations/" + "0" * 64 + ".parquet"]
    any_store.put_new(orphan, b"left by a killed writer")
    foreign = [
        "tables/notes.txt",
        "tables/ord.organisations/mine.parquet",
        "builds/notes.json",
        "duckdb/my.duckdb",
    ]
    for path in foreign:
        any_store.put_new(path, b"{}")
    publish_to(next_build(root), any_store, who="a test")
    ninety = timedelta(days=90)
    assert prune_store(any_store, ninety, who="a test", dry_run=False).files == []
    late = _Later(100)
    expected = [orphan, ".current.json.lock"] if any_store.folder else [orphan]
    would = prune_store(any_store, ninety, who="a test", clock=late)
    assert len(would.builds) == 1 and would.files == expected and any_store.has(orphan)
    assert prune_store(any_store, ninety, who="a test", dry_run=False, clock=late) == would
    assert not any_store.has(orphan) and current(any_store)["build"] == 2
    assert all(any_store.has(path) for path in foreign), "what others have put there is theirs"
    assert pull(DataRoot(tmp_path / "pulled"), any_store).build == 2


def _damage(path: str, content: bytes) -> Callable[[Store], None]:
    def damage(store: Store) -> None:
        assert store.folder is not None
        (store.folder / path).write_bytes(content)

    return damage


def _flip(store: Store) -> None:
    assert store.folder is not None
    file = store.folder / str(current(store)["tables"]["ord.roles"]["path"])  # type: ignore[index]
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def _drop(store: Store) -> None:
    store.delete([str(current(store)["tables"]["ord.roles"]["path"])])  # type: ignore[index]


def _half(store: Store) -> None:
    assert store.folder is not None
    file = store.folder / str(current(store)["path"])
    file.write_bytes(file.read_bytes()[:1000])


DAMAGE = {
    "somebody else's": (_damage(CURRENT, b'{"version": 3}'), "did not write this object"),
    "a newer format": (_damage(CURRENT, b'{"format": 2}'), "a newer version of ods-pipeline wrote it"),
    "no JSON": (_damage(CURRENT, b"<html>"), "it is not JSON"),
    "half a manifest": (_half, "is damaged|is not the one that was published"),
    "a changed file": (_flip, "its SHA-256 differs"),
    "a missing file": (_drop, "a file of the published set is missing"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_in_the_store_is_named_and_the_old_state_stands(
    folder: Store, tmp_path: Path, kind: str
) -> None:
    publish_to(sample_root(), folder, who="a test")
    damage, words = DAMAGE[kind]
    damage(folder)
    root = DataRoot(tmp_path / "pulled")
    with pytest.raises(OdsError, match=words):
        pull(root, folder)
    assert current_build(root) is None


@pytest.mark.parametrize(
    "address",
    ["", "data", "http://x/y", "s3://key:word@bucket/x", "s3://bucket/x?sig=abc", "file:///nowhere/x"],
)
def test_what_is_not_a_store_is_rejected(address: str) -> None:
    with pytest.raises(OdsError) as raised:
        Store(address)
    assert "word" not in str(raised.value).replace("password", "") and "abc" not in str(raised.value)


def test_a_missing_bucket_is_named_and_no_credential_is(bucket: str) -> None:
    store = Store(bucket.replace("s3://b", "s3://c"))
    with pytest.raises(OdsError) as raised:
        publish_to(sample_root(), store, who="a test")
    words = repr(raised.value) + str(raised.value) + str(raised.value.__cause__)
    assert "bucket" in words and not any(secret in words for secret in SECRETS.values())
    assert hide(f"x {SECRETS['AWS_SECRET_ACCESS_KEY']} y?sig=abcdef&z") == "x (key) y?sig=(key)&z"


def test_no_credential_is_written_into_the_store(bucket: str) -> None:
    store = Store(bucket)
    publish_to(sample_root(), store, who="a test")
    written = [found.content for path, _, _ in store.list("") if (found := store.get(path)) is not None]
    assert len(written) > 80
    assert not any(s.encode() in content for s in SECRETS.values() for content in written)


def test_the_commands(tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"file://{tmp_path / 'store'}"
    assert run_main("publish", address, "--data-root", sample_root().path) == 0
    assert "Published build 000001 to" in capsys.readouterr().out
    assert run_main("pull", address, "--data-root", tmp_path / "pulled") == 0
    assert "has build 000001, as of 2026-09-04" in capsys.readouterr().out
    with duckdb.connect(str(tmp_path / "pulled" / "ods.duckdb"), read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM ord.organisations").fetchall() != [(0,)]
    assert run_main("publish", address, "--data-root", tmp_path / "nothing") == 1
    assert "nothing is published here" in capsys.readouterr().err
