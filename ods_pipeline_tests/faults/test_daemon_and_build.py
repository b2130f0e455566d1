"""A daemon that starts four runs at once, each step in a process of its own, next to a `build` in a shell.

Nothing fails because another one has the data root, and nothing is published twice.
"""

import time
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.instance import instance_home, instance_text, open_instance
from ods_pipeline.defs.upkeep import restore_partitions
from ods_pipeline.sources.recorded import take_release
from ods_pipeline_tests.faults.inputs import BUILT, Inputs
from ods_pipeline_tests.faults.side_by_side import BUSY, begin, end
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.builders import make_record, write_release
from ods_pipeline_tests.support.dagster_ui import Dagster, running_ui, wait_until
from ods_pipeline_tests.support.rooms import copy_of

pytestmark = [pytest.mark.dagster_records, pytest.mark.slow, pytest.mark.promise("one_at_a_time")]
LOADED = ("ods/raw/trud_release", "ods/flat/release")
DAYS = [str(date(2026, 3, 27) + timedelta(days=28 * n)) for n in range(4)]
TWO_LOOKS = 70.0
DEFINITIONS = """
import os
from pathlib import Path
import dagster as dg
from ods_pipeline.defs.assembly import build_definitions
defs = build_definitions(Path(os.environ["ODS_DATA_ROOT"]), executor=dg.multiprocess_executor)
"""
VERSIONS = """{ assetNodeOrError(assetKey: {path: ["ods", "ord", "captures"]}) { ... on AssetNode {
  assetMaterializations(limit: 100) { tags { key value } }
} } }"""


def workspace_of(root: DataRoot) -> Path:
    """A workspace whose steps run in processes of their own, in an instance that starts four runs at once."""
    settings = yaml.safe_load(instance_text())
    settings["concurrency"] = {"runs": {"max_concurrent_runs": 4}}  # our pool has no limit here
    (instance_home(root) / "dagster.yaml").write_text(yaml.safe_dump(settings))
    module = root.path.parent / "with_processes.py"
    module.write_text(DEFINITIONS)
    location = {"python_file": {"relative_path": str(module), "location_name": "ods_pipeline"}}
    (root.path.parent / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [location]}))
    return root.path.parent / "workspace.yaml"


def published_versions(ui: Dagster) -> list[str]:
    """The data version of `ord.captures` in each set that was published, the newest first."""
    found = ui.ask(VERSIONS)["assetNodeOrError"]["assetMaterializations"]
    return [tag["value"] for one in found for tag in one["tags"] if tag["key"] == "dagster/data_version"]


def build_until_it_is_let_in(root: DataRoot, *arguments: str) -> int:
    """Run `build` until no other process has the data root; how often it was refused."""
    for refused in range(100):
        code, _ = end(begin(root, "build", *arguments))
        if code != BUSY:
            assert code == BUILT
            return refused
        time.sleep(3)
    raise AssertionError("it is never let in")


def test_nothing_fails_for_the_lock_and_nothing_is_published_twice(
    tmp_path: Path, inputs: Inputs, begun: DataRoot
) -> None:
    root = copy_of(begun, tmp_path)
    for day in DAYS:
        record = make_record("RX1", LastChangeDate=day)
        published = str(date.fromisoformat(day) - timedelta(days=7))
        take_release(root, write_release(tmp_path / day, [record], published=published, released=day), day)
    with open_instance(root) as instance:
        restore_partitions(instance, root)
    home = {"DAGSTER_HOME": str(root.path / ".dagster"), "ODS_DATA_ROOT": str(root.path)}
    home |= {"PYTHONWARNINGS": "ignore"}
    with running_ui(root, home, workspace_of(root)) as ui:
        backfill = ui.backfill(LOADED, DAYS)
        wait_until("a run works", lambda: "STARTED" in ui.runs().values())
        refused = build_until_it_is_let_in(root, *inputs.arguments(2))
        wait_until("the backfill ends", lambda: ui.backfill_status(backfill).startswith("COMPLETED"), 580)
        begun_at = time.monotonic()
        while time.monotonic() - begun_at < TWO_LOOKS or not ui.is_idle():
            time.sleep(2)
        assert set(ui.runs().values()) == {"SUCCESS"}
        versions = published_versions(ui)
    assert len(versions) >= 2 and len(set(versions)) == len(versions), "each set has other captures"
    figures.record("one_at_a_time", "sets published by four runs and a build, none twice", len(versions))
    figures.record("one_at_a_time", "times that the build next to them ended with 3", refused)
