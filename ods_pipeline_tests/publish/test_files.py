"""Parquet files describe themselves, hold the rules of their tables, and depend on their rows alone."""

from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from ods_pipeline import __version__
from ods_pipeline.errors import OdsError
from ods_pipeline.publish.files import write_table
from ods_pipeline.schema import TABLES, Table
from ods_pipeline.schema.derive import ATTRIBUTION, DATA_LICENCE, PLACES_ATTRIBUTION
from ods_pipeline.schema.rules import broken_rules
from ods_pipeline_tests.support.rooms import sample_root

every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@pytest.fixture(scope="module")
def root() -> Path:
    return sample_root().path


@pytest.mark.promise("documented")
@every_table
def test_parquet_files_record_what_they_are_and_where_they_come_from(root: Path, table: Table) -> None:
    schema = pq.read_schema(root / table.path)
    footer = {key.decode(): value.decode() for key, value in schema.metadata.items()}
    assert footer["table"] == f"{table.schema}.{table.name}"
    assert footer["description"] == table.description
    assert footer["key"] == ", ".join(table.key)
    register = [] if table.schema == "geo" else [ATTRIBUTION]
    has_places = table.schema == "geo" or table.name == "organisation_places"
    areas = [f"{line}." for line in PLACES_ATTRIBUTION] if has_places else []
    assert (footer["licence"], footer["attribution"]) == (DATA_LICENCE, " ".join([*register, *areas]))
    assert footer["made_by"] == f"ods_pipeline {__version__}"
    assert (footer["as_of"], footer["captures"]) == ("2026-09-04", "8")
    assert footer["newest_capture"] == "fetch=20260904T043000Z"
    assert len(footer["inputs_sha256"]) == 64
    descriptions = {field.name: field.metadata[b"description"].decode() for field in schema}
    assert descriptions == {name: c.description for name, c in table.model.columns().items()}


@every_table
def test_no_column_is_unsigned(root: Path, table: Table) -> None:
    """Tableau's engine rejects a table for one such column, and pandas loses its digits next to nulls."""
    assert "uint" not in str(pq.read_schema(root / table.path).remove_metadata())
    with duckdb.connect(str(root / "ods.duckdb"), read_only=True) as connection:
        sql = "SELECT data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
        types = {kind for (kind,) in connection.execute(sql, [table.schema, table.name]).fetchall()}
    assert types
    assert not [kind for kind in types if "HUGEINT" in kind or "UBIGINT" in kind or "UINTEGER" in kind]


@pytest.mark.promise("same_bytes")
@every_table
def test_parquet_files_are_sorted_by_key_and_hold_the_rules(root: Path, table: Table) -> None:
    frame = pl.read_parquet(root / table.path)
    assert frame.equals(frame.sort(table.key))
    assert broken_rules(table, frame) == {}
    assert pq.read_metadata(root / table.path).row_group(0).num_rows == frame.height


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
