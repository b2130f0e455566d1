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


@pytest.mark.parametrize("name", ["a*", "b?", "[c]", "a\\b", "a%20b", "100%25", "%c3%A9"])
def test_a_path_that_tools_take_for_a_pattern_is_rejected(tmp_path: Path, name: str) -> None:
    with pytest.raises(OdsError, match=r"cannot contain .*Give another --data-root"):
        DataRoot(tmp_path / name)


@pytest.mark.parametrize("name", ["a[b]", "a%2Fb", "a\\b"])
def test_the_folders_above_a_data_root_count(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / name)
    monkeypatch.chdir(tmp_path / name)
    for path in (Path("data"), tmp_path / "link" / "data"):
        with pytest.raises(OdsError, match="cannot contain"):
            DataRoot(path)


@pytest.mark.parametrize("name", ["100%", "a%zz", "a b", "é", "a'b", "#1", "a;b"])
def test_other_odd_characters_are_fine(tmp_path: Path, name: str) -> None:
    assert DataRoot(tmp_path / name).path == tmp_path / name
