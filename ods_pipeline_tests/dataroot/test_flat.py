"""Flat folders: what counts as one, and its mark."""

from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.dataroot.flat import flat_folders, flat_mark, write_flat
from ods_pipeline.dataroot.layout import DataRoot


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


@pytest.mark.promise("resumed")
def test_leftovers_of_a_killed_write_in_flat_are_not_captures(root: DataRoot) -> None:
    write_flat(root, "fetch=1", {"captures": pl.DataFrame({"n": [1]})}, {"flat_version": 1})
    (root.flat / ".fetch=2.partial").mkdir()
    (root.flat / ".release=1.old").mkdir()
    assert [p.name for p in flat_folders(root)] == ["fetch=1"]
    assert flat_mark(root, "fetch=1") == {"flat_version": 1}
    assert flat_mark(root, "fetch=2") is None
