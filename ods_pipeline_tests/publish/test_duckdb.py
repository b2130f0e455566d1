"""ods.duckdb has the rows, descriptions and file format that analysts need."""

import hashlib
import shutil
import struct
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from ods_pipeline.publish.duckdb import filling_duckdb
from ods_pipeline.publish.files import write_table
from ods_pipeline.publish.search import READS
from ods_pipeline.schema import TABLES, Table
from ods_pipeline_tests.support.rooms import sample_root

# DuckDB's number of the file format that 1.2 and later read; 0.10 and later read 64.
STORAGE_OF_1_2 = 65
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@pytest.fixture(scope="module")
def root() -> Path:
    return sample_root().path


def query(root: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(root / "ods.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_ods_duckdb_has_just_the_published_tables_and_what_the_look_up_searches(root: Path) -> None:
    rows = query(
        root, "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE schema_name <> 'search'"
    )
    assert sorted(name for (name,) in rows) == sorted(f"{t.schema}.{t.name}" for t in TABLES.values())


@pytest.mark.promise("documented")
def test_ods_duckdb_describes_every_table_and_column(root: Path) -> None:
    tables = dict(query(root, "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables()"))
    assert all(tables.values())
    tables = {name: comment for name, comment in tables.items() if not name.startswith("search.")}
    assert tables == {f"{t.schema}.{t.name}": t.description for t in TABLES.values()}
    name = "schema_name || '.' || table_name"
    published = "NOT internal AND schema_name NOT IN ('search', 'plain')"
    sql = f"SELECT {name}, column_name, comment FROM duckdb_columns() WHERE {published}"
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
    ((in_duckdb, in_parquet),) = query(
        root, f"SELECT (SELECT count(*) FROM {name}), (SELECT count(*) FROM {file})"
    )
    assert in_duckdb == in_parquet == pl.read_parquet(root / table.path).height
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


def test_an_error_in_the_filling_thread_is_raised_at_the_next_table(tmp_path: Path) -> None:
    steps: list[str] = []
    with pytest.raises(duckdb.Error, match=r"contacts\.parquet"), filling_duckdb(tmp_path) as fill:
        for _ in range(1000):
            fill(TABLES["contacts"])  # no such file has been written
            time.sleep(0.01)
        steps.append("all tables were given")
    assert steps == []


def test_the_search_tables_are_made_with_the_last_table_that_they_need(root: Path, tmp_path: Path) -> None:
    tables = [table for table in TABLES.values() if table.id in READS]
    for table in tables:
        (tmp_path / table.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / table.path, tmp_path / table.path)
    with filling_duckdb(tmp_path, date(2026, 9, 4)) as fill:
        for table in tables:
            fill(table)
    count = "SELECT count(*) FROM search.listings WHERE former_name IS NULL"
    assert (
        query(tmp_path, count) == query(root, count) == query(root, "SELECT count(*) FROM marts.code_finder")
    )


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
