"""What each test of the definitions may take: an empty data root."""

from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")
