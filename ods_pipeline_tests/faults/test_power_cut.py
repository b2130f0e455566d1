"""After a loss of power the daemon goes on by itself: no run stays STARTED, what was loaded is published.

The whole tree of `ods-pipeline ui` is killed (stopped first, so that no process sees another one die).
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.partitions import range_tags
from ods_pipeline.inventory.due import unpublished
from ods_pipeline.sources.clock import uk_date
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.builders import make_record, write_release
from ods_pipeline_tests.support.dagster_ui import RunningUi
from ods_pipeline_tests.support.payloads import code_of
from ods_pipeline_tests.support.rooms import copy_of, sample_root
from ods_pipeline_tests.support.worlds import Made

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


# --- at any moment of a load and a publication --------------------------------------------------------------

CUTS = int(os.environ.get("ODS_POWER_CUTS", "4"))
# A morning of this register: some three seconds to begin the run, three to fetch, and ten to publish.
LATEST_CUT = 30.0
NOTHING_HAPPENS = 40.0  # the sensor looks every 30 seconds, and the daemon starts a run again within 10


@dataclass
class Morning:
    """A real register with the API on this machine: what the schedule requests, and what is published."""

    root: DataRoot
    world: Made
    environment: dict[str, str]

    def change(self, name: str) -> None:
        self.world.put(make_record("RX1", Name=name, LastChangeDate=str(uk_date(datetime.now(UTC)))))

    def organisations(self) -> pl.DataFrame:
        # Polars opens a path twice, so the links on it are followed once, before.
        return pl.read_parquet((self.root.path / "tables" / "organisations.parquet").resolve())

    def name_published(self) -> str:
        rows = self.organisations()
        return rows.row(by_predicate=pl.col("ods_code") == "RX1", named=True)["name"]

    def request(self, ui: RunningUi) -> str:
        """Launch what the schedule ``last_three_stamps`` requests at its tick."""
        today = uk_date(datetime.now(UTC))
        fetch = {"source": "ord", "ignore_maintenance_window": True}  # the test may run in the evening
        config = {"ops": {"take_ord_fetches": {"config": fetch}}}
        tags = range_tags(str(today - timedelta(days=2)), str(today))
        return ui.launch("delta_job", config=config, tags=tags)


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Morning]:
    today = uk_date(datetime.now(UTC))
    records = [make_record(f"RX{n}", LastChangeDate="2026-08-01") for n in range(1, 4)]
    world, root = Made({code_of(record): record for record in records}), DataRoot(tmp_path / "data")
    days = {"published": str(today - timedelta(days=3)), "released": str(today)}
    pipeline.build(root, releases=[write_release(tmp_path / "trud", records, **days)])
    with OrdServer(world) as server:
        yield Morning(root, world, {"ODS_ORD_URL": server.ord_url})


def test_losses_of_power_at_any_moment(morning: Morning) -> None:
    """Killed at a moment by chance; started again, and at the latest at the next tick all is published.

    Nobody else does anything: a run that died is started again by the daemon, and the sensor publishes.
    """
    chance, by_itself, at_the_tick = random.Random(26), 0, 0
    ui = RunningUi(morning.root, morning.environment)
    try:
        for number in range(1, CUTS + 1):
            morning.change(name := f"CHANGE {number}")
            morning.request(ui)
            time.sleep(chance.uniform(0.0, LATEST_CUT))
            ui.cut_power()
            ui = RunningUi(morning.root, morning.environment)
            if settled_with(morning, ui, name):
                by_itself += 1
            else:
                assert ui.wait_for(morning.request(ui)) == "SUCCESS"
                at_the_tick += 1
                assert settled_with(morning, ui, name), (number, ui.runs())
            assert set(ui.runs().values()) <= {"SUCCESS", "FAILURE"}, "no run is left STARTED"
            assert morning.organisations().height == 3
    finally:
        ui.end(signal.SIGTERM)
    figures.record("resumed", "losses of power by chance, made good by the daemon alone", by_itself)
    figures.record("resumed", "losses of power by chance, made good by the next tick", at_the_tick)


def settled_with(morning: Morning, ui: RunningUi, name: str) -> bool:
    """Wait until nothing runs and the change is published. False if nothing has happened for a while."""
    begun = busy = time.monotonic()
    while morning.name_published() != name or not ui.is_idle():
        now = time.monotonic()
        if not ui.is_idle() or unpublished(morning.root) is not None:
            busy = now
        if now - busy > NOTHING_HAPPENS:
            return False
        assert now - begun < 300, ui.runs()
        time.sleep(1)
    return True
