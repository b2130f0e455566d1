"""state.py: what is published is all the state there is. If it fits it is used, and nothing old is read."""

import json
import logging
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from ods_pipeline.cli import main
from ods_pipeline.dataroot.layout import DataRoot, current_build
from ods_pipeline.defs import build as pipeline
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.history.state import KEPT, State, usable_state
from ods_pipeline.schema import HISTORY
from ods_pipeline_tests.oracles.history import Capture, Seen
from ods_pipeline_tests.support.history.made import write_capture
from ods_pipeline_tests.support.opened import opened_by
from ods_pipeline_tests.support.rooms import (
    FETCHES,
    copy_of,
    published,
    release_root,
    run_python,
    sample_root,
)


def without_duckdb(root: DataRoot) -> dict[str, str]:
    return {name: sha for name, sha in published(root).items() if name != "ods.duckdb"}


def told(root: DataRoot, caplog: pytest.LogCaptureFixture) -> tuple[State | None, str]:
    """The state that can be used, and what the log says."""
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="ods_pipeline"):
        logging.getLogger("ods_pipeline").propagate = True
        state = usable_state(root)
    return state, " ".join(r.getMessage() for r in caplog.records)


@pytest.mark.promise("same_bytes")
def test_rebuild_history_tells_it_from_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = copy_of(sample_root(), tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["rebuild-history", "--data-root", str(root.path)])
    assert ended.value.code == 0
    out, err = capfd.readouterr()
    assert "Published the register as of 2026-09-04 (build 000002)" in out
    assert "783 versions, 7 captures read" in err
    assert without_duckdb(root) == without_duckdb(sample_root())


def releases(count: int) -> list[Capture]:
    """Releases a month apart; every month another body of five changes its name. In the first two something
    is set aside."""
    bodies = [f"C{n}" for n in range(5)]
    return [
        Capture(
            date(2018, 6, 22) + timedelta(28 * month),
            is_delta=False,
            seen={code: Seen(chr(97 + (month + 4 - n) // 5)) for n, code in enumerate(bodies)},
            codeless=month < 2,
        )
        for month in range(count)
    ]


@pytest.mark.promise("conserved")
def test_the_thirteenth_release_is_applied_without_opening_the_twelve(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    folders = [write_capture(root, c) for c in releases(13)]
    whole = fold(observe(folders))
    twelve = fold(observe(folders[:12]))
    state = State({id_: twelve.frames[id_] for id_ in [*(t.id for t in HISTORY), *KEPT]})
    registers: list[Register] = []
    opened = opened_by(lambda: registers.append(fold(observe(folders, state))), folders)
    assert set(opened) == {folders[12].name}
    assert [n for n in whole.frames if not whole.frames[n].equals(registers[0].frames[n])] == []
    assert registers[0].frames["history.organisations"].height == 5 + 12
    from_nothing = opened_by(lambda: fold(observe(folders)), folders)
    assert set(from_nothing) == {f.name for f in folders}, "the count sees every folder that is read"


def test_a_release_that_comes_late_is_applied_without_opening_the_others(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    folders = [write_capture(root, c) for c in releases(13)]
    late = folders.pop(6)
    state = State(fold(observe(folders)).frames)
    whole = fold(observe([*folders, late]))
    for folder in folders:
        shutil.rmtree(folder)
    register = fold(observe([*folders, late], state))
    assert [n for n in whole.frames if not whole.frames[n].equals(register.frames[n])] == []


def test_what_is_published_is_the_state(caplog: pytest.LogCaptureFixture) -> None:
    state, said = told(sample_root(), caplog)
    assert state is not None and said == ""
    assert set(state.labels) == {f.name for f in sample_root().flat_folders()}


def forget_history(build: Path) -> None:
    """The layout of a set published before there was history."""
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
def test_a_published_set_that_cannot_be_the_state_is_told_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], None], reason: str
) -> None:
    root = copy_of(sample_root(), tmp_path)
    build = current_build(root)
    assert build is not None
    harm(build)
    state, said = told(root, caplog)
    assert state is None and reason in said


@pytest.mark.parametrize("gone", [True, False], ids=["taken away", "made from another file"])
def test_a_capture_that_is_not_held_as_it_was_makes_history_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, gone: bool
) -> None:
    root = copy_of(sample_root(), tmp_path)
    folder = root.flat / "fetch=20260828T043000Z"
    mark = json.loads((folder / "flat.json").read_text())
    mark["mark"]["input_sha256"] = "0" * 64
    (folder / "flat.json").write_text(json.dumps(mark))
    if gone:
        shutil.rmtree(folder)
    state, said = told(root, caplog)
    assert state is None
    assert "fetch=20260828T043000Z of the published set is not held as it was" in said


def test_the_state_of_an_upgraded_program_is_due(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    build = current_build(root)
    assert build is not None
    forget_history(build)
    built = pipeline.build(root)
    assert not built.nothing_new
    assert without_duckdb(root) == without_duckdb(sample_root())
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


@pytest.mark.promise("resumed")
@pytest.mark.promise("same_bytes")
@pytest.mark.promise("newest_counts")
def test_fetches_in_any_order_and_a_kill_between_give_the_same_bytes(
    tmp_path: Path,
) -> None:
    """The newest fetch comes first, and the first attempt is killed among the files of history; older ones
    that arrive late overwrite nothing."""
    root, newest = copy_of(release_root(), tmp_path), "fetch=20260904T043000Z"
    before = published(root)
    shutil.copytree(FETCHES / newest, tmp_path / "recorded" / newest)
    assert run_python(KILLED, root.path, tmp_path / "recorded").returncode == 7
    assert published(root) == before
    first = pipeline.build(root)
    assert (first.missing[0], len(first.missing), first.problems) == (date(2026, 8, 21), 11, [])
    assert pipeline.build(root, recorded=[FETCHES]).missing == []
    assert without_duckdb(root) == without_duckdb(sample_root())
