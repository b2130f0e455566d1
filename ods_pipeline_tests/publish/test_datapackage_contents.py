"""datapackage.json lists every published file as it is, its sources and its licence."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ods_pipeline.schema import TABLES
from ods_pipeline.schema.derive import ATTRIBUTION
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
