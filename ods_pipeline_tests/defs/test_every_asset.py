"""Every asset of the catalogue, materialised by itself in the UI: published, or rejected in a sentence.

Lives here: the click on each asset, and whether the catalogue shows what is on disk afterwards. Does not live
here: what the assets hold, and loads that a publication follows (``test_publish_after_load.py``).
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.faults.inputs import BUILT, Inputs
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.dagster_ui import REPOSITORY_SELECTOR, RunningUi, running_ui, wait_until
from ods_pipeline_tests.support.rooms import published, run_cli

pytestmark = [pytest.mark.dagster_records, pytest.mark.slow]
# One of so many tables is tried, and every asset that is not a table; 1 tries all.
EVERY = int(os.environ.get("ODS_EVERY_NTH_TABLE", "6"))
RELEASE, STAMP, NOT_HELD = "2026-07-31", "2026-08-03", "2026-06-26"
PARTITIONS = {"release": RELEASE, "trud_release": RELEASE, "fetches": STAMP, "ord_fetches": STAMP}
NO_TABLES = ("raw/trud_release", "flat/release", "raw/ord_fetches", "flat/fetches")
NO_TABLES += ("published/ods_duckdb", "published/site")
NODES = """{ assetNodes { assetKey { path } assetMaterializations(limit: 1) {
  runId tags { key value } metadataEntries { label ... on TextMetadataEntry { text } }
} } }"""
ADD = """mutation($repository: RepositorySelector!, $day: String!) {
  addDynamicPartition(
    repositorySelector: $repository, partitionsDefName: "ods_release", partitionKey: $day
  ) { __typename }
}"""


@dataclass
class Catalogue:
    """The UI on a small register with one release and one fetch, as the command line built it."""

    root: DataRoot
    ui: RunningUi

    def newest(self) -> dict[str, dict[str, Any]]:
        """The newest materialisation of each asset, by its key without our prefix."""
        nodes = self.ui.ask(NODES)["assetNodes"]
        return {
            "/".join(node["assetKey"]["path"][1:]): materialisation
            for node in nodes
            for materialisation in node["assetMaterializations"]
        }

    def assert_it_shows_what_is_on_disk(self) -> None:
        newest = self.newest()
        for table in TABLES.values():
            tags = {t["key"]: t["value"] for t in newest[f"{table.schema}/{table.name}"]["tags"]}
            content = (self.root.path / table.path).read_bytes()
            assert tags["dagster/data_version"] == hashlib.sha256(content).hexdigest(), table.id
        texts = {e["label"]: e.get("text") for e in newest["published/ods_duckdb"]["metadataEntries"]}
        build = current_build(self.root)
        assert build is not None and texts["build"] == build.name

    def materialise(self, asset: str, partition: str | None = None) -> tuple[str, str]:
        """Click on "Materialize" of one asset; the id of its run, and how it ended."""
        tags = {"dagster/partition": partition} if partition else {}
        run = self.ui.launch("__ASSET_JOB", assets=[f"ods/{asset}"], tags=tags)
        return run, self.ui.wait_for(run)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    folder = tmp_path_factory.mktemp("assets")
    root = DataRoot(folder / "data")
    arguments = Inputs(folder).write().arguments(1)
    assert run_cli("build", *arguments, "--data-root", root.path).returncode == BUILT
    with running_ui(root) as ui:
        yield Catalogue(root, ui)


def test_the_list_of_assets_is_whole(catalogue: Catalogue) -> None:
    nodes = catalogue.ui.ask("{ assetNodes { assetKey { path } } }")["assetNodes"]
    names = {"/".join(node["assetKey"]["path"][1:]) for node in nodes}
    assert names == {*NO_TABLES, *(f"{table.schema}/{table.name}" for table in TABLES.values())}


@pytest.mark.parametrize("asset", NO_TABLES)
def test_an_asset_that_is_not_a_table(catalogue: Catalogue, asset: str) -> None:
    run, status = catalogue.materialise(asset, PARTITIONS.get(asset.rpartition("/")[2]))
    assert status == "SUCCESS", catalogue.ui.sentence_of(run)
    assert catalogue.newest()[asset]["runId"] == run
    wait_until("nothing runs", catalogue.ui.is_idle)
    catalogue.assert_it_shows_what_is_on_disk()


@pytest.mark.parametrize("table", sorted(TABLES)[::EVERY])
def test_one_table_is_the_whole_set(catalogue: Catalogue, table: str) -> None:
    asset = f"{TABLES[table].schema}/{TABLES[table].name}"
    before = current_build(catalogue.root)
    run, status = catalogue.materialise(asset)
    assert status == "SUCCESS", catalogue.ui.sentence_of(run)
    build = current_build(catalogue.root)
    assert before is not None and build is not None
    assert int(build.name) == int(before.name) + 1, "published, and once"
    newest = catalogue.newest()
    tables = {f"{t.schema}/{t.name}" for t in TABLES.values()}
    assert {newest[name]["runId"] for name in (*tables, "published/ods_duckdb")} == {run}
    catalogue.assert_it_shows_what_is_on_disk()
    figures.record("whole", "tables materialised by themselves in the UI, published whole", 1)


@pytest.mark.parametrize("asset", ["raw/trud_release", "flat/release"])
def test_a_partition_that_is_not_held_is_rejected_in_a_sentence(catalogue: Catalogue, asset: str) -> None:
    before = published(catalogue.root)
    catalogue.ui.ask(ADD, {"repository": REPOSITORY_SELECTOR, "day": NOT_HELD})
    run, status = catalogue.materialise(asset, NOT_HELD)
    sentence = catalogue.ui.sentence_of(run)
    assert status == "FAILURE" and sentence.endswith(".") and len(sentence) < 400, sentence
    assert published(catalogue.root) == before
    catalogue.assert_it_shows_what_is_on_disk()
