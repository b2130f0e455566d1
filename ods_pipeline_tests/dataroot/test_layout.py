"""The data root: one process at a time, and a path that tools can read."""

from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline_tests.support.rooms import run_python


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


@pytest.mark.promise("one_at_a_time")
def test_a_second_process_learns_at_once_that_the_root_is_busy(root: DataRoot) -> None:
    script = "import sys, time; from pathlib import Path; from ods_pipeline.dataroot.layout import DataRoot\n"
    script += "start = time.monotonic()\ntry:\n    with DataRoot(Path(sys.argv[1])).locked(): print('mine')\n"
    script += "except Exception as error: print(type(error).__name__, time.monotonic() - start < 2, error)\n"
    with root.locked(), root.locked():
        output = run_python(script, root.path).stdout
    assert output.startswith("Busy True")
    assert "--data-root" in output
    assert run_python(script, root.path).stdout == "mine\n"


@pytest.mark.parametrize("name", ["a*", "b?", "[c]"])
def test_a_path_that_tools_take_for_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OdsError, match=r"cannot contain .*Give another --data-root"):
        DataRoot(tmp_path / name)
