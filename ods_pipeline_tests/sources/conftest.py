"""What each test of a source may take: an empty data root, and a clock of one morning."""

from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support.simulated import SimulatedClock


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock("2026-09-04T04:30:00+00:00")
