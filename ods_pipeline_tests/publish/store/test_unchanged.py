"""A table that did not change keeps its object in the store: no byte, no Delta commit, the version stays."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.errors import OdsError
from ods_pipeline.publish.store.manifest import Manifest
from ods_pipeline.publish.store.opening import Store
from ods_pipeline.publish.store.publishing import publish_to
from ods_pipeline.publish.store.pulling import pull
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support import small_stores
from ods_pipeline_tests.support.rooms import FETCHES, copy_of, published, release_root, room
from ods_pipeline_tests.support.running import Main
from ods_pipeline_tests.support.small_stores import current_of, delta_state, small_build

FIRST, *_ = FETCH = sorted(FETCHES.glob("fetch=*"))
SAME = "ord.code_systems"


def _one_fetch_later(root: DataRoot) -> None:
    copy_of(release_root(), root.path.parent)
    pipeline.build(root, recorded=[FIRST])


def later_root() -> DataRoot:
    """The sample's release, published as build 1, and one fetch, published as build 2."""
    return room("release_and_fetch", _one_fetch_later)


def files_of(root: DataRoot) -> Path:
    build = current_build(root)
    assert build is not None
    return build


def frames_of(root: DataRoot) -> dict[str, pl.DataFrame]:
    return {f"{t.schema}.{t.name}": pl.read_parquet(files_of(root) / t.path) for t in TABLES.values()}


def equal_tables() -> set[str]:
    """The tables of both builds that have the same rows: read and compared value by value."""
    before, after = frames_of(release_root()), frames_of(later_root())
    return {name for name, frame in after.items() if frame.equals(before[name])}


def entries(manifest: Manifest, *keys: str) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(entry[key] for key in keys) for name, entry in manifest.content["tables"].items()}


def test_after_a_fetch_exactly_the_tables_that_changed_are_sent(any_store: Store) -> None:
    publish_to(release_root(), any_store, who="a test")
    before, objects, delta = current_of(any_store), {o[0] for o in any_store.list("")}, delta_state(any_store)
    done = publish_to(later_root(), any_store, who="a test")
    after, same = current_of(any_store), equal_tables()
    names = set(after.content["tables"])
    assert 10 < len(same) < len(names) - 10, "some tables changed, and others did not"
    kept = ("path", "sha256", "bytes", "rows", "delta_version")
    old, new = entries(before, *kept), entries(after, *kept)
    assert {name for name in names if new[name] == old[name]} == same
    assert done.commits == len(names - same) and done.files_written == len(names - same) + 2
    sent = {o[0] for o in any_store.list("")} - objects
    assert {path.split("/")[1] for path in sent if path.startswith("tables/")} == names - same
    for name, state in delta_state(any_store).items():
        version, files = after.content["tables"][name]["delta_version"], [new[name][0].rsplit("/", 1)[-1]]
        assert state == (delta[name] if name in same else (version, files, done.build))
        assert version == (name not in same)


def test_an_object_that_is_kept_is_the_table_of_the_build_row_for_row(any_store: Store) -> None:
    for root in (release_root(), later_root()):
        publish_to(root, any_store, who="a test")
    manifest, frames = current_of(any_store), frames_of(later_root())
    origin = {key.encode() for key in manifest.content["datapackage"]["provenance"]}
    other_footers = 0
    for name, entry in manifest.content["tables"].items():
        found, here = any_store.get(entry["path"]), files_of(later_root()) / entry["published_as"]
        assert found is not None
        frame = pl.read_parquet(io.BytesIO(found.content))
        assert frame.equals(frames[name]) and frame.schema == frames[name].schema, name
        schemas = [pq.read_schema(io.BytesIO(found.content)), pq.read_schema(here)]
        plain = [s.with_metadata({k: v for k, v in s.metadata.items() if k not in origin}) for s in schemas]
        assert plain[0].equals(plain[1], check_metadata=True), name
        other_footers += not schemas[0].equals(schemas[1], check_metadata=True)
    assert other_footers == len(equal_tables()), "the footer names the build that last changed the table"


def test_what_is_pulled_agrees_with_its_datapackage_and_passes_the_audit(
    folder: Store, tmp_path: Path, run_main: Main
) -> None:
    for root in (release_root(), later_root()):
        publish_to(root, folder, who="a test", mirror_raw=True)
    new = DataRoot(tmp_path / "pulled")
    pull(new, folder, raw=True)
    package = json.loads((new.path / "datapackage.json").read_bytes())
    resources = [r for r in package["resources"] if r["format"] == "parquet"]
    assert len(resources) == len(TABLES)
    for resource in resources:
        content = (new.path / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert (resource["bytes"], resource["rows"]) == (
            len(content),
            pq.read_metadata(io.BytesIO(content)).num_rows,
        )
    assert package["provenance"]["newest_capture"] == FIRST.name
    assert run_main("audit", "--data-root", new.path) == 0
    # The data root that published it has it already, under other footers; so has the one that pulled it.
    assert pull(later_root(), folder).files == pull(new, folder).files == 0
    for root in (later_root(), new):
        again = publish_to(root, folder, who="a test")
        assert not again.is_new and (again.files_written, again.commits) == (0, 0)


@pytest.mark.slow
@pytest.mark.promise("same_bytes")
def test_the_next_build_of_a_pulled_set_has_the_same_bytes(folder: Store, tmp_path: Path) -> None:
    for root in (release_root(), later_root()):
        publish_to(root, folder, who="a test")
    old, new = copy_of(later_root(), tmp_path / "old"), DataRoot(tmp_path / "new")
    pull(new, folder)
    pulled = published(new)
    assert {name for name, value in published(old).items() if pulled[name] != value} > {"datapackage.json"}
    for root in (old, new):
        assert pipeline.build(root).nothing_new, "what is pulled counts as published"
        pipeline.build(root, recorded=[FETCH[1]])
    differing = {name for name, value in published(old).items() if published(new)[name] != value}
    assert differing == {"ods.duckdb"}  # DuckDB's own bytes differ from one build to the next
    assert publish_to(new, folder, who="a test").is_new


def rewrite(build: Path, **changes: str) -> None:
    """Write the table that never changes again, with another description or another origin."""
    table = TABLES[SAME.partition(".")[2]]
    file = build / table.path
    content = pq.read_table(file)
    recorded = {key.decode(): value for key, value in content.schema.metadata.items()}
    pq.write_table(content.replace_schema_metadata({**recorded, **changes}), file)
    package = json.loads((build / "datapackage.json").read_bytes())
    (resource,) = [r for r in package["resources"] if r["path"] == table.path]
    resource["bytes"] = file.stat().st_size
    resource["hash"] = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    (build / "datapackage.json").write_text(json.dumps(package))


def test_another_description_is_another_table_and_another_origin_is_not(
    any_store: Store, tmp_path: Path
) -> None:
    root, versions, paths = DataRoot(tmp_path / "data"), [], []
    for number, changes in enumerate(
        [{"as_of": "1"}, {"as_of": "2"}, {"description": "New."}, {"description": "New.", "as_of": "4"}], 1
    ):
        rewrite(small_build(root, number, f"build{number}"), **changes)
        publish_to(root, any_store, who="a test")
        ((version, path),) = [v for k, v in entries(current_of(any_store), "delta_version", "path").items()
                              if k == SAME]  # fmt: skip
        assert delta_state(any_store)[SAME][0] == version
        versions.append(version)
        paths.append(path)
    assert versions == [0, 0, 1, 1]
    assert paths[0] == paths[1] != paths[2] == paths[3]


def test_a_manifest_of_an_older_version_makes_every_table_new_once(
    folder: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ods_pipeline.publish.store import publishing  # noqa: PLC0415 - to write a manifest as it was

    make = publishing.make_manifest

    def as_it_was(*arguments: Any) -> Any:
        content, files = make(*arguments)
        for entry in content["tables"].values():
            del entry["data_sha256"]
        return content, files

    root = DataRoot(tmp_path / "data")
    with monkeypatch.context() as older:
        older.setattr(publishing, "make_manifest", as_it_was)
        small_build(root, 1, "build1")
        publish_to(root, folder, who="a test")
    assert not publish_to(root, folder, who="a test").is_new
    counts = []
    for number in (2, 3):
        small_build(root, number, f"build{number}")
        counts.append(publish_to(root, folder, who="a test").commits)
    changing = len(small_stores.CHANGING)
    assert counts == [changing + 1, changing]


def test_an_object_that_somebody_removed_is_written_again(folder: Store, tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    small_build(root, 1, "build1")
    publish_to(root, folder, who="a test")
    folder.delete([current_of(folder).content["tables"][SAME]["path"]])
    with pytest.raises(OdsError, match=r"is missing.*publish a new build: ods-pipeline build --again"):
        pull(DataRoot(tmp_path / "pulled"), folder)
    small_build(root, 2, "build2")
    publish_to(root, folder, who="a test")
    assert small_stores.read_whole(folder) == (2, "build2")
    assert delta_state(folder)[SAME][0] == 1


def test_a_file_that_is_not_the_one_that_was_built_is_not_published(folder: Store, tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    build = small_build(root, 1, "build1")
    file = build / TABLES["organisations"].path
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    with pytest.raises(OdsError, match="is not the one that was built"):
        publish_to(root, folder, who="a test")
    assert folder.list("builds/") == []
