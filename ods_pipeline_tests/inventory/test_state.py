"""state.py: whether the published set can be the state. If it can, no old capture is read."""

import json
import logging
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.flat import flat_folders
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.history.state import State
from ods_pipeline.inventory.state import usable_state
from ods_pipeline_tests.support.rooms import (
    FETCHES,
    copy_of,
    published,
    release_root,
    run_python,
    sample_root,
    without_duckdb,
)
from ods_pipeline_tests.support.running import run_here


def state_and_log(root: DataRoot, caplog: pytest.LogCaptureFixture) -> tuple[State | None, str]:
    """Return the state that can be used, and the text of the log."""
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="ods_pipeline"):
        logging.getLogger("ods_pipeline").propagate = True
        state = usable_state(root)
    return state, " ".join(r.getMessage() for r in caplog.records)


@pytest.mark.promise("same_bytes")
@pytest.mark.slow
def test_rebuild_history_gives_the_same_bytes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = copy_of(sample_root(), tmp_path)
    assert run_here("rebuild-history", "--data-root", root.path) == 0
    out, err = capfd.readouterr()
    assert "Published the register as of 2026-09-04 (build 000002)" in out
    assert "785 versions, 7 captures read" in err
    assert without_duckdb(published(root)) == without_duckdb(published(sample_root()))


def test_the_published_set_is_the_state(caplog: pytest.LogCaptureFixture) -> None:
    state, text = state_and_log(sample_root(), caplog)
    assert state is not None and text == ""
    assert set(state.labels) == {f.name for f in flat_folders(sample_root())}


def forget_history(build: Path) -> None:
    """Leave the layout of a set that was published before there was history."""
    shutil.rmtree(build / "history")
    info = json.loads((build / "build.json").read_text())
    for name in ("history_version", "flat_version"):
        info.pop(name)
    (build / "build.json").write_text(json.dumps(info))


def lose_a_file(build: Path) -> None:
    (build / "history" / "observations.parquet").unlink()


def damage_a_file(build: Path) -> None:
    path = build / "history" / "roles.parquet"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (forget_history, "was made by another version"),
        (lose_a_file, "cannot be read"),
        (damage_a_file, "cannot be read"),
    ],
)
def test_history_is_rebuilt_if_the_published_set_cannot_be_the_state(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], None], reason: str
) -> None:
    root = copy_of(sample_root(), tmp_path)
    build = current_build(root)
    assert build is not None
    harm(build)
    state, text = state_and_log(root, caplog)
    assert state is None and reason in text


@pytest.mark.parametrize("gone", [True, False], ids=["missing", "made from another file"])
def test_history_is_rebuilt_if_a_capture_has_changed_or_is_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, gone: bool
) -> None:
    root = copy_of(sample_root(), tmp_path)
    folder = root.flat / "fetch=20260828T043000Z"
    mark = json.loads((folder / "flat.json").read_text())
    mark["mark"]["input_sha256"] = "0" * 64
    (folder / "flat.json").write_text(json.dumps(mark))
    if gone:
        shutil.rmtree(folder)
    state, text = state_and_log(root, caplog)
    assert state is None
    assert "fetch=20260828T043000Z in the published set is missing or changed on disk" in text


@pytest.mark.slow
def test_after_an_upgrade_the_state_is_due(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    build = current_build(root)
    assert build is not None
    forget_history(build)
    built = pipeline.build(root)
    assert not built.nothing_new
    assert without_duckdb(published(root)) == without_duckdb(published(sample_root()))
    assert pipeline.build(root).nothing_new


KILLED = """
import os, sys
from pathlib import Path
from ods_pipeline.defs import build as pipeline
from ods_pipeline.publish import files as publish
from ods_pipeline.dataroot import layout as storage
write = publish.write_table
def write_some(table, *rest):
    if table.id == "history.relationships":
        os._exit(7)
    return write(table, *rest)
publish.write_table = write_some
pipeline.build(storage.DataRoot(Path(sys.argv[1])), recorded=[Path(sys.argv[2])])
"""


@pytest.mark.slow
@pytest.mark.promise("resumed")
@pytest.mark.promise("same_bytes")
@pytest.mark.promise("newest_counts")
def test_fetches_in_any_order_and_a_kill_between_give_the_same_bytes(
    tmp_path: Path,
) -> None:
    """The newest fetch arrives first, and its first build is killed while it writes history.

    Older fetches that arrive later overwrite nothing.
    """
    root, newest = copy_of(release_root(), tmp_path), "fetch=20260904T043000Z"
    before = published(root)
    shutil.copytree(FETCHES / newest, tmp_path / "recorded" / newest)
    assert run_python(KILLED, root.path, tmp_path / "recorded").returncode == 7
    assert published(root) == before
    first = pipeline.build(root)
    assert (first.missing[0], len(first.missing), first.problems) == (date(2026, 8, 21), 11, [])
    assert pipeline.build(root, recorded=[FETCHES]).missing == []
    assert without_duckdb(published(root)) == without_duckdb(published(sample_root()))
