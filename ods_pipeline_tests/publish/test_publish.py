"""What is published says what it is: descriptions, provenance, counts and sums, the same in every form."""

import hashlib
import json
import struct
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from ods_pipeline import __version__
from ods_pipeline.errors import OdsError
from ods_pipeline.publish.files import filling_duckdb, provenance, write_table
from ods_pipeline.schema import TABLES, Table
from ods_pipeline.schema.derive import ATTRIBUTION, DATA_LICENCE
from ods_pipeline.schema.rules import broken_rules
from ods_pipeline_tests.support.rooms import sample_root

# DuckDB's number of the file format that 1.2 and later read; 64 is read by 0.10 and later.
STORAGE_OF_1_2 = 65
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@pytest.fixture(scope="module")
def root() -> Path:
    return sample_root().path


@pytest.fixture(scope="module")
def package(root: Path) -> dict[str, Any]:
    return json.loads((root / "datapackage.json").read_bytes())


def query(root: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(root / "ods.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.promise("documented")
@every_table
def test_parquet_files_say_what_they_are_and_where_from(root: Path, table: Table) -> None:
    schema = pq.read_schema(root / table.path)
    said = {key.decode(): value.decode() for key, value in schema.metadata.items()}
    assert said["table"] == f"{table.schema}.{table.name}"
    assert said["description"] == table.description
    assert said["key"] == ", ".join(table.key)
    assert (said["licence"], said["attribution"]) == (DATA_LICENCE, ATTRIBUTION)
    assert said["made_by"] == f"ods_pipeline {__version__}"
    assert (said["as_of"], said["captures"]) == ("2026-09-04", "8")
    assert said["newest_capture"] == "fetch=20260904T043000Z"
    assert len(said["inputs_sha256"]) == 64
    descriptions = {field.name: field.metadata[b"description"].decode() for field in schema}
    assert descriptions == {name: c.description for name, c in table.model.columns().items()}


@pytest.mark.promise("same_bytes")
@every_table
def test_parquet_files_are_sorted_by_key_and_hold_the_rules(root: Path, table: Table) -> None:
    frame = pl.read_parquet(root / table.path)
    assert frame.equals(frame.sort(table.key))
    assert broken_rules(table, frame) == {}
    assert pq.read_metadata(root / table.path).row_group(0).num_rows == frame.height


def test_ods_duckdb_has_just_the_published_tables(root: Path) -> None:
    found = query(root, "SELECT schema_name || '.' || table_name FROM duckdb_tables()")
    assert sorted(name for (name,) in found) == sorted(f"{t.schema}.{t.name}" for t in TABLES.values())


@pytest.mark.promise("documented")
def test_ods_duckdb_describes_every_table_and_column(root: Path) -> None:
    tables = dict(query(root, "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables()"))
    assert tables == {f"{t.schema}.{t.name}": t.description for t in TABLES.values()}
    name = "schema_name || '.' || table_name"
    sql = f"SELECT {name}, column_name, comment FROM duckdb_columns() WHERE NOT internal"
    columns = {(table, column): comment for table, column, comment in query(root, sql)}
    expected = {
        (f"{t.schema}.{t.name}", n): c.description
        for t in TABLES.values()
        for n, c in t.model.columns().items()
    }
    assert columns == expected


@pytest.mark.promise("whole")
@every_table
def test_ods_duckdb_has_the_rows_of_the_parquet_files(root: Path, table: Table) -> None:
    name, file = f"{table.schema}.{table.name}", f"'{root / table.path}'"
    ((here, there),) = query(root, f"SELECT (SELECT count(*) FROM {name}), (SELECT count(*) FROM {file})")
    assert here == there == pl.read_parquet(root / table.path).height
    assert query(root, f"FROM {name} EXCEPT ALL FROM {file}") == []
    assert query(root, f"FROM {file} EXCEPT ALL FROM {name}") == []


@pytest.mark.promise("whole")
def test_ods_duckdb_takes_text_of_any_length(tmp_path: Path) -> None:
    table = TABLES["contacts"]
    # Longer than a block of DuckDB's, none at all, and the same in every row.
    long = [hashlib.sha256(bytes([n])).hexdigest() * (10_000 if n % 5 == 0 else 1) for n in range(50)]
    rows = [(f"A{n:02}", "tel", 1, text) for n, text in enumerate(long)]
    frame = pl.DataFrame([*rows, ("B1", "tel", 1, "")], schema=table.dtypes, orient="row")
    write_table(table, frame, tmp_path, {})
    with filling_duckdb(tmp_path) as fill:
        fill(table)
    assert query(tmp_path, "FROM ord.contacts ORDER BY ods_code") == frame.rows()


def test_what_goes_wrong_beside_the_marts_is_told_at_the_next_table(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(duckdb.Error, match=r"contacts\.parquet"), filling_duckdb(tmp_path) as fill:
        for _ in range(1000):
            fill(TABLES["contacts"])  # no such file has been written
            time.sleep(0.01)
        told.append("all tables were given")
    assert told == []


def test_ods_duckdb_packs_text_by_whether_it_repeats(root: Path) -> None:
    table = "ord.organisations"
    ((sql,),) = query(
        root, f"SELECT sql FROM duckdb_tables() WHERE schema_name || '.' || table_name = '{table}'"
    )
    assert '"name" VARCHAR USING COMPRESSION FSST' in sql
    assert "primary_role_id VARCHAR USING COMPRESSION Dictionary" in sql
    assert "uprn BIGINT," in sql


def test_ods_duckdb_can_be_opened_by_1_2(root: Path) -> None:
    with (root / "ods.duckdb").open("rb") as stream:
        _checksum, magic, version = struct.unpack("<Q4sQ", stream.read(20))
    assert magic == b"DUCK"
    assert version <= STORAGE_OF_1_2


def test_ods_duckdb_is_self_contained(root: Path, tmp_path: Path) -> None:
    alone = tmp_path / "ods.duckdb"
    alone.write_bytes((root / "ods.duckdb").read_bytes())
    ((trusts,),) = query(
        tmp_path, "SELECT count(*) FROM marts.provider_hierarchy_current WHERE kind = 'trust'"
    )
    hierarchy = pl.read_parquet(root / "marts" / "provider_hierarchy_current.parquet")
    assert trusts == hierarchy.filter(pl.col("kind") == "trust").height > 100


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
        f"{folder}/{f.name}" for folder in ("tables", "history", "marts") for f in (root / folder).iterdir()
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


def test_provenance_depends_on_the_captures_and_not_on_their_order() -> None:
    captures = pl.read_parquet(sample_root().path / TABLES["captures"].path)
    told = provenance(captures, date(2026, 9, 4))
    assert provenance(captures.reverse(), date(2026, 9, 4)) == told
    other = captures.with_columns(sha256=pl.col("sha256").str.reverse())
    assert provenance(other, date(2026, 9, 4))["inputs_sha256"] != told["inputs_sha256"]
    assert provenance(captures.head(7), date(2026, 9, 4))["captures"] == "7"


@pytest.mark.promise("whole")
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        pytest.param(pl.lit("RC9").alias("record_class"), "record_class|check__known_value 3", id="value"),
        pytest.param(pl.lit(None, pl.String).alias("name"), "name|nullability 3", id="null"),
        pytest.param(pl.lit("A1").alias("ods_code"), "primary_key 3", id="key"),
    ],
)
def test_a_table_that_breaks_its_rules_is_not_written(
    root: Path, tmp_path: Path, change: pl.Expr, rule: str
) -> None:
    table = TABLES["organisations"]
    good = pl.read_parquet(root / table.path).head(3)
    with pytest.raises(OdsError) as raised:
        write_table(table, good.with_columns(change), tmp_path, {})
    assert str(raised.value).startswith("ord.organisations: rows break the table's own rules")
    assert rule in str(raised.value)
    assert list(tmp_path.iterdir()) == []
    assert write_table(table, good, tmp_path, {}) == (tmp_path / table.path).stat().st_size


@pytest.mark.promise("same_bytes")
def test_a_table_has_the_same_bytes_whatever_the_order_of_its_rows(tmp_path: Path) -> None:
    table = TABLES["unknown_elements"]
    rows = [("release=2026-08-28/full", name, 1) for name in ("@a", "B", "C")]
    frame = pl.DataFrame(rows, schema=table.dtypes, orient="row")
    for folder, given in (("one", frame), ("other", frame.reverse())):
        write_table(table, given, tmp_path / folder, {})
    assert (tmp_path / "one" / table.path).read_bytes() == (tmp_path / "other" / table.path).read_bytes()
