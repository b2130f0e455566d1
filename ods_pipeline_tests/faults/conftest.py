"""A data root with the first month published, on which faults are tried."""

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.faults.inputs import BUILT, Inputs
from ods_pipeline_tests.support.rooms import run_cli


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return Inputs(tmp_path_factory.mktemp("inputs")).write()


@pytest.fixture(scope="module")
def begun(inputs: Inputs) -> DataRoot:
    """The first month, published."""
    root = DataRoot(inputs.folder / "begun" / "data")
    assert run_cli("build", *inputs.arguments(1), "--data-root", root.path).returncode == BUILT
    return root
