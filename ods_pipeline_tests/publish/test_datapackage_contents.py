"""datapackage.json lists every published file as it is, its sources and its licence."""

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from ods_pipeline.publish.datapackage import write_datapackage
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.derive import ATTRIBUTION
from ods_pipeline.sources.settings import ODT_PRODUCTION, ORD_PRODUCTION, TRUD
from ods_pipeline_tests.support.rooms import sample_root


@pytest.fixture(scope="module")
def root() -> Path:
    return sample_root().path


@pytest.fixture(scope="module")
def package(root: Path) -> dict[str, Any]:
    return json.loads((root / "datapackage.json").read_bytes())


def test_the_package_lists_every_file_as_it_is(root: Path, package: dict[str, Any]) -> None:
    resources = {r["path"]: r for r in package["resources"]}
    assert list(resources) == [*(t.path for t in TABLES.values()), "ods.duckdb"]
    for table in TABLES.values():
        resource, file = resources[table.path], root / table.path
        assert resource["bytes"] == file.stat().st_size
        assert resource["hash"] == f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        assert resource["rows"] == pq.read_metadata(file).num_rows
        assert resource["description"] == table.description
        assert [f["name"] for f in resource["schema"]["fields"]] == pq.read_schema(file).names
        assert resource["schema"]["primaryKey"] == table.key
    on_disk = {
        f"{folder}/{f.name}"
        for folder in ("tables", "history", "geo", "marts", "compat")
        for f in (root / folder).iterdir()
    }
    assert on_disk == set(resources) - {"ods.duckdb"}


def test_the_package_has_no_hash_of_ods_duckdb(package: dict[str, Any]) -> None:
    assert "hash" not in package["resources"][-1]
    assert "bytes" not in package["resources"][-1]


def test_the_package_names_its_sources_and_licence(package: dict[str, Any]) -> None:
    assert package["version"] == "2026-09-04"
    assert package["description"] == ATTRIBUTION
    assert [licence["name"] for licence in package["licenses"]] == ["OGL-UK-3.0"]
    assert len(package["sources"]) == 8
    titles = " ".join(s["title"] for s in package["sources"])
    assert "hscorgrefdataxml_data_8.0.0_20260828000001.zip" in titles
    assert titles.count("delta fetch=") == 6
    assert {s["path"] for s in package["sources"] if s["title"].startswith("delta")} == {ORD_PRODUCTION}
    assert {s["path"] for s in package["sources"] if not s["title"].startswith("delta")} == {TRUD}


def test_what_came_from_odt_has_its_address(tmp_path: Path) -> None:
    captures = TABLES["captures"]
    rows = [
        {"capture_id": "fetch=1/delta", "kind": "delta", "source": "ord", "file_name": "a"},
        {"capture_id": "fetch=2/delta", "kind": "delta", "source": "odt", "file_name": "b"},
        {"capture_id": "fetch=3/full", "kind": "full", "source": "odt", "file_name": "c"},
        {"capture_id": "release=4/full", "kind": "full", "source": "trud", "file_name": "d"},
    ]
    (tmp_path / captures.path).parent.mkdir(parents=True)
    pl.concat([captures.empty(), pl.DataFrame(rows)], how="diagonal_relaxed").write_parquet(
        tmp_path / captures.path
    )
    write_datapackage(tmp_path, [], {"as_of": "2026-09-04"})
    package = json.loads((tmp_path / "datapackage.json").read_bytes())
    assert [source["path"] for source in package["sources"]] == [
        ORD_PRODUCTION,
        ODT_PRODUCTION,
        ODT_PRODUCTION,
        TRUD,
    ]
