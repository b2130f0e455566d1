"""Marts are made one after the other, and the file of one is written while the next is made."""

import shutil
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from ods_pipeline.dataroot.builds import current_build, start_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assets import marts
from ods_pipeline.defs.assets.marts import build_marts
from ods_pipeline.defs.keys import table_key
from ods_pipeline.errors import OdsError
from ods_pipeline.marts.lineage import marts_in_order
from ods_pipeline.schema import MARTS, Table
from ods_pipeline_tests.support.rooms import copy_of, sample_root


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    """The sample with a build under way that has every table but the marts."""
    root = copy_of(sample_root(), tmp_path)
    whole = current_build(root)
    assert whole is not None
    shutil.copytree(whole, start_build(root), dirs_exist_ok=True)
    for table in MARTS:
        (root.next / table.path).unlink()
    return root


def test_each_mart_is_filled_in_once_and_after_its_file_is_written(root: DataRoot) -> None:
    filled: list[str] = []

    def fill(table: Table) -> None:
        assert (root.next / table.path).is_file()
        filled.append(table.name)

    results = list(build_marts(root, fill))
    assert filled == [table.name for table in marts_in_order()]
    reported = {str(result.asset_key): (result.metadata or {})["dagster/row_count"] for result in results}
    assert reported == {
        str(table_key(table)): dg.IntMetadataValue(pl.read_parquet(root.next / table.path).height)
        for table in marts_in_order()
    }


def test_what_was_made_before_a_mart_that_fails_is_reported(
    root: DataRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [table.name for table in marts_in_order()]
    made_by = marts.rows_of_mart

    def failing(name: str, connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
        if name == names[5]:
            connection.execute("SELECT no_such_column")
        return made_by(name, connection)

    monkeypatch.setattr(marts, "rows_of_mart", failing)
    reported: list[dg.MaterializeResult] = []
    with pytest.raises(OdsError, match=rf"marts\.{names[5]}.*no_such_column"):
        reported.extend(build_marts(root, lambda _: None))
    assert len(reported) == 5
    assert all(result.check_results for result in reported)
