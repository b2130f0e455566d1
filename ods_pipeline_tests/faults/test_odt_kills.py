"""A fetch of ODT, and a read of the register, killed anywhere: the next run ends with the same bytes.

Lives here: kills of the fetch. Does not live here: kills of the command as a whole (`test_kills.py`).
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.faults.harness import KILLED, Case, Command, Driver, Step, copy, taken_in
from ods_pipeline_tests.faults.inputs import Inputs
from ods_pipeline_tests.odt_server import Behaviour, OdtServer
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.odt_registers import varied
from ods_pipeline_tests.support.simulated import ODT_KEY

pytestmark = [pytest.mark.slow, pytest.mark.promise("resumed")]
EVERY = 5  # one step in this many is tried; 1 tries them all, which takes some ten minutes
SURVIVED = "kills of a fetch of ODT survived: the next run gave the same bytes"
# Steps of `build --odt-backfill` at which the whole command is killed.
COMMAND_KILLS = [
    r"^rename raw/ord/.*bundle-0001\.json\.partial",
    r"^rename raw/ord/.*bundle-0002\.json\.partial",
    r"^write raw/ord/.*receipt\.json\.partial",
    r"^after STEP_SUCCESS take_ord_fetches",
    r"^rename flat/\.fetch\S*partial > flat/fetch",
    r"^rename \.builds/\.current\.new > \.builds/current",
]


@pytest.fixture(scope="module")
def server() -> Iterator[OdtServer]:
    """A server whose answers are so small that the register comes on several pages."""
    behaviour = Behaviour(largest=16_000)
    with OdtServer(varied(), odt_key=ODT_KEY.reveal(), now=Inputs.morning, behaviour=behaviour) as made:
        yield made


def environment_of(server: OdtServer) -> dict[str, str]:
    return {
        "ODS_ODT_API_KEY": ODT_KEY.reveal(),
        "ODS_ODT_URL": server.odt_url,
        "ODS_DELTAS_FROM": "odt",
    }


def fault_after(driver: Driver, command: Command, place: Path, at: Step, expected: dict[str, bytes]) -> str:
    """What is wrong after a kill at a step and another run; empty if all is well."""
    root = copy(DataRoot(place.parent / "none"), place)
    killed = driver.run(root, command, at)
    again = driver.run(root, command)
    found = taken_in(root)
    shutil.rmtree(place)
    if killed.code != KILLED or again.code != 0:
        return f"{at}: ended with {killed.code}, then with {again.code}: {again.output[-500:]}"
    different = sorted(p for p in found.keys() | expected.keys() if found.get(p) != expected.get(p))
    return f"{at}: {different}" if different else ""


@pytest.mark.parametrize("fetch", ["changes", "whole"])
def test_killed_anywhere_and_resumed(tmp_path: Path, server: OdtServer, fetch: str) -> None:
    command = Command([], environment_of(server), fetch)
    with Driver(tmp_path) as driver:
        root = copy(DataRoot(tmp_path / "none"), tmp_path / "whole")
        whole = driver.run(root, command)
        assert whole.code == 0, whole.output
        expected = taken_in(root)
        pages = [p for p in expected if "/bundle-" in p]
        assert len(pages) > 1 and any(p.startswith("flat/") for p in expected)
        steps = whole.numbered()
        assert len(steps) > 100
        faults = [
            fault_after(driver, command, tmp_path / f"at{n}", (*step, 0.0), expected)
            for n, step in enumerate(steps[::EVERY])
        ]
    wrong = [fault for fault in faults if fault]
    assert not wrong, "\n".join(wrong)
    figures.record("resumed", SURVIVED, len(faults))


@pytest.fixture(scope="module")
def backfill(tmp_path_factory: pytest.TempPathFactory, server: OdtServer) -> Iterator[tuple[Driver, Case]]:
    """The command undisturbed, on an empty data root."""
    folder = tmp_path_factory.mktemp("backfill")
    command = Command(["build", "--odt-backfill"], environment_of(server))
    with Driver(folder) as driver:
        yield driver, Case.of(driver, folder, "backfill", DataRoot(folder / "none"), command)


@pytest.mark.parametrize("step", COMMAND_KILLS)
def test_the_backfill_as_a_command_killed_and_run_again(
    tmp_path: Path, backfill: tuple[Driver, Case], step: str
) -> None:
    driver, case = backfill
    assert "archived organisations are missing" in case.whole.output
    assert "the whole register from ODT on 2026-09-04" in case.status.output
    assert case.kill(driver, tmp_path / "root", (*case.find(step), 0.0)) == []
    figures.record("resumed", SURVIVED, 1)
