"""Publishing follows every load that is started in the UI, once, by the daemon itself.

Lives here: loads from asset pages and backfills, real ones. Does not live here: what the sensor looks at
(``test_automation.py``), and losses of power (``faults/test_power_cut.py``).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.sources.recorded import take_release
from ods_pipeline_tests.support.builders import make_record, write_release
from ods_pipeline_tests.support.dagster_ui import RunningUi, running_ui, wait_until

pytestmark = [pytest.mark.dagster_records, pytest.mark.slow]
LOADED = ("ods/raw/trud_release", "ods/flat/release")
# Two looks of the sensor, which looks every 30 seconds.
TWO_LOOKS = 70.0
FIRST = date(2026, 1, 30)
DAYS = [str(FIRST + timedelta(days=7 * n)) for n in range(13)]


@dataclass
class Running:
    """A data root with thirteen releases held, of which none is flat, and the UI with its daemon on it."""

    root: DataRoot
    ui: RunningUi

    def captures(self) -> int:
        """The number of captures in the published set."""
        file = self.root.path / "tables" / "captures.parquet"
        return pl.read_parquet(file).height if file.exists() else 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("loads")
    root = DataRoot(folder / "data")
    for n, day in enumerate(DAYS):
        record = make_record("RX1", Name=f"NAME {n}", LastChangeDate=day)
        published = str(date.fromisoformat(day) - timedelta(days=7))
        take_release(root, write_release(folder / day, [record], published=published, released=day), day)
    with running_ui(root) as ui:
        yield Running(root, ui)


def test_a_load_from_an_asset_page_is_published_once(running: Running) -> None:
    ui = running.ui
    run = ui.launch("__ASSET_JOB", assets=LOADED, tags={"dagster/partition": DAYS[0]})
    assert ui.wait_for(run) == "SUCCESS"
    wait_until("it is published", lambda: ui.runs_of("publish_job") == ["SUCCESS"])
    assert running.captures() == 2, "the full and the archive file"
    time.sleep(TWO_LOOKS)
    assert ui.runs_of("publish_job") == ["SUCCESS"], "nobody publishes it again"


def test_a_backfill_of_twelve_releases_is_published_once(running: Running) -> None:
    ui, before = running.ui, running.ui.runs_of("publish_job")
    backfill = ui.backfill(LOADED, DAYS[1:])
    wait_until("the backfill ends", lambda: ui.backfill_status(backfill).startswith("COMPLETED"), 580)
    assert ui.backfill_status(backfill) == "COMPLETED_SUCCESS"
    published = ["SUCCESS", *before]
    wait_until("it is published", lambda: ui.runs_of("publish_job") == published)
    assert running.captures() == 2 * len(DAYS)
    time.sleep(TWO_LOOKS)
    assert ui.runs_of("publish_job") == published, "twelve releases are one publication"
    assert len(ui.runs()) == len(published) + len(DAYS), "one run per release, and no other"
