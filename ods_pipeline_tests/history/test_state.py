"""state.py: a fold that starts from a state opens new captures only, and gives the same frames."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.history.state import KEPT, State
from ods_pipeline.schema import HISTORY
from ods_pipeline_tests.oracles.history import Capture, Seen
from ods_pipeline_tests.support.history.oracle_captures import write_capture
from ods_pipeline_tests.support.opened import opened_by


def releases(count: int) -> list[Capture]:
    """Return monthly releases of five organisations, one of which changes its name each month.

    In the first two releases a record is set aside.
    """
    codes = [f"C{n}" for n in range(5)]
    return [
        Capture(
            date(2018, 6, 22) + timedelta(28 * month),
            is_delta=False,
            seen={code: Seen(chr(97 + (month + 4 - n) // 5)) for n, code in enumerate(codes)},
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
    assert set(from_nothing) == {f.name for f in folders}, "every folder that is read is counted"


def test_a_release_that_arrives_late_is_applied_without_opening_the_others(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    folders = [write_capture(root, c) for c in releases(13)]
    late = folders.pop(6)
    state = State(fold(observe(folders)).frames)
    whole = fold(observe([*folders, late]))
    for folder in folders:
        shutil.rmtree(folder)
    register = fold(observe([*folders, late], state))
    assert [n for n in whole.frames if not whole.frames[n].equals(register.frames[n])] == []
