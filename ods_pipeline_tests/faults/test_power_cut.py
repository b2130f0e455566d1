"""After a loss of power the daemon goes on by itself: no run stays STARTED, what was loaded is published.

The whole tree of `ods-pipeline ui` is killed (stopped first, so that no process sees another one die).
"""

import signal
import time
from pathlib import Path

import pytest

from ods_pipeline_tests.support.dagster_ui import RunningUi
from ods_pipeline_tests.support.rooms import copy_of, sample_root

pytestmark = [pytest.mark.dagster_records, pytest.mark.slow, pytest.mark.promise("resumed")]


def test_a_run_cut_by_a_loss_of_power_blocks_nothing(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    ui = RunningUi(root)
    cut = ui.launch()
    ui.wait_for(cut, "STARTED")
    time.sleep(2)
    ui.cut_power()
    ui = RunningUi(root)
    try:
        assert ui.runs()[cut] == "FAILURE"
        assert ui.wait_for(ui.launch()) == "SUCCESS"
        assert set(ui.runs().values()) <= {"SUCCESS", "FAILURE"}
    finally:
        ui.end(signal.SIGTERM)


def test_sigterm_ends_every_process(tmp_path: Path) -> None:
    ui = RunningUi(copy_of(sample_root(), tmp_path))
    tree = ui.tree()
    assert len(tree) > 4
    begun = time.monotonic()
    ui.process.send_signal(signal.SIGTERM)
    assert ui.process.wait(40) == 0
    print(time.monotonic() - begun)  # noqa: T201
    assert [pid for pid in tree if Path(f"/proc/{pid}").exists()] == []
