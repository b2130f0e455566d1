"""A run that is killed at any step is finished by the next one, with the same result to the byte.

The slow group kills at every boundary of every stage, at random steps, shortly after such steps (while C and
Rust code writes), and from outside at given times, and it lets Linux kill for want of memory. In every run of
the tests four runs on one data root are killed one after the other.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.faults.harness import KILLED, Case, Command, Driver, copy
from ods_pipeline_tests.faults.inputs import Inputs
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.memory_limit import memory_limited_to, run_in
from ods_pipeline_tests.support.rooms import ENVIRONMENT
from ods_pipeline_tests.support.times import TIMES

pytestmark = [
    pytest.mark.dagster_records,
    pytest.mark.promise("resumed"),
    pytest.mark.promise("whole"),
    pytest.mark.promise("no_lost_day"),
]
KEY = "k3y0fTheKills-never-to-be-seen"
# Case, step, its number among the steps that match, seconds from it to the kill.
KILLS = [
    ("first", r"^write \.dagster/dagster\.yaml", 1, 0.0),
    ("first", r"^write \.dagster/dagster\.yaml", 1, 0.03),
    ("first", r"^mkdir \.dagster/history", 1, 0.0),
    ("first", r"^mkdir \.dagster/history", 1, 0.02),
    ("first", r"^mkdir \.dagster/schedules", 1, 0.0),
    ("first", r"^mkdir \.dagster/schedules", 1, 0.02),
    ("first", r"^before PIPELINE_START release_job", 1, 0.0),
    ("first", r"^rename raw/trud/.*zip\.partial > ", 1, 0.0),
    ("first", r"^write raw/trud/.*receipt\.json\.partial", 1, 0.0),
    ("first", r"^rename raw/trud/.*receipt\.json\.partial", 1, 0.0),
    ("first", r"^after STEP_SUCCESS take_trud_release", 1, 0.0),
    ("first", r"^write flat/\.release.*flat\.json", 1, 0.0),
    ("first", r"^rename flat/\.release\S*partial > flat/release", 1, 0.0),
    ("first", r"^after PIPELINE_SUCCESS release_job", 1, 0.0),
    ("first", r"^write raw/ord/\.fetch.*organisations", 1, 0.0),
    ("first", r"^rename raw/ord/\.fetch", 1, 0.0),
    ("first", r"^rename \.builds/next > \.builds/000001", 1, 0.0),
    ("first", r"^symlink .*\.history\.new", 1, 0.0),
    ("first", r"^rename \.ods\.duckdb\.new > ods\.duckdb", 1, 0.0),
    ("first", r"^rename \.builds/\.current\.new > \.builds/current", 1, 0.0),
    ("first", r"^after STEP_SUCCESS publish_set", 1, 0.0),
    ("month", r"^after STEP_START flatten_release", 1, 0.0),
    ("month", r"^rename quarantine/", 1, 0.0),
    ("month", r"^rename flat/\.fetch\S*partial > flat/fetch", 1, 0.0),
    ("month", r"^before PIPELINE_START publish_job", 1, 0.0),
    ("month", r"^after STEP_START publish_set", 1, 0.0),
    ("month", r"^write \.builds/next/build\.json", 1, 0.0),
    ("month", r"^rename \.builds/next/history/observations", 1, 0.0),
    ("month", r"^rename \.builds/next/marts/code_changes", 1, 0.0),
    ("month", r"^rename \.builds/next/marts/organisation_status", 1, 0.0),
    ("month", r"^rename \.builds/next/marts/coverage", 1, 0.0),
    ("month", r"^rename \.builds/next/marts/coverage", 1, 0.04),
    ("month", r"^write \.builds/next/datapackage\.json", 1, 0.0),
    ("month", r"^chmod \.builds/next/marts", 3, 0.0),
    ("month", r"^rename \.builds/next > \.builds/000003", 1, 0.0),
    ("month", r"^symlink \S+ > \.builds/\.current\.new", 1, 0.0),
    ("month", r"^rename \.builds/\.current\.new > \.builds/current", 1, 0.0),
    ("month", r"^chmod \.builds/000001/", 1, 0.0),
    ("month", r"^rmdir ", 1, 0.0),
    ("month", r"^after PIPELINE_SUCCESS publish_job", 1, 0.0),
    ("live", r"^write raw/trud/.*\.part$", 1, 0.0),
    ("live", r"^rename raw/trud/.*\.part > ", 1, 0.0),
    ("live", r"^rename raw/trud/.*receipt\.json\.partial", 1, 0.0),
    ("live", r"^mkdir raw/ord/fetch=20260904T043000Z/organisations", 1, 0.0),
    ("live", r"^rename raw/ord/.*plan\.json\.partial", 1, 0.0),
    ("live", r"^rename raw/ord/.*search-0001\.json\.partial", 1, 0.0),
    ("live", r"^rename raw/ord/.*sync\.json\.partial", 1, 0.0),
    ("live", r"^rename raw/ord/.*organisations/RX2\.json\.partial", 1, 0.0),
    ("live", r"^write raw/ord/.*/gone/", 1, 0.0),
    ("live", r"^rename raw/ord/.*receipt\.json\.partial", 1, 0.0),
    ("live", r"^rmdir ", 1, 0.0),
    ("live", r"^after STEP_SUCCESS take_ord_fetches", 1, 0.0),
    ("rebuild", r"^rename \.builds/next/tables/roles", 1, 0.0),
    ("rebuild", r"^rename \.builds/next > ", 1, 0.0),
]
AT_RANDOM = [(case, number) for case in ("first", "month", "live") for number in range(3 * TIMES)]
SURVIVED = "kills survived: the next run gave the same bytes"
FROM_OUTSIDE = range(7 * TIMES)
# Megabytes. With 220 the month is published after all.
MEMORY = (60, 80, 100, 120, 140, 160, 180)
FOUR = [
    r"^rename raw/trud/.*receipt\.json\.partial",
    r"^rename flat/\.fetch\S*partial > flat/fetch",
    r"^rename \.builds/next/tables/roles",
    r"^before ASSET_MATERIALIZATION ods/ord/organisations",  # reported after the flip
]


class Room:
    """The cases; each is run undisturbed when it is first used."""

    def __init__(self, folder: Path, driver: Driver, server: OrdServer) -> None:
        self.folder, self.driver, self.server = folder, driver, server
        self.inputs = Inputs(folder / "inputs").write()

    def case(self, name: str, begin: DataRoot, words: list[str], **environment: str) -> Case:
        return Case.of(self.driver, self.folder, name, begin, Command(words, environment))

    @cached_property
    def first(self) -> Case:
        """An empty data root, a release and fetches."""
        return self.case("first", DataRoot(self.folder / "none"), ["build", *self.inputs.arguments(1)])

    @cached_property
    def begun(self) -> DataRoot:
        """Two builds of the first month."""
        return self.case("again", self.first.undisturbed, ["build", "--again"]).undisturbed

    @cached_property
    def month(self) -> Case:
        """The next release and its fetches."""
        return self.case("month", self.begun, ["build", *self.inputs.arguments(2)])

    @cached_property
    def live(self) -> Case:
        """The same month from TRUD and the ORD API."""
        environment = {
            "TRUD_API_KEY": KEY,
            "ODS_ORD_URL": self.server.ord_url,
            "ODS_TRUD_URL": self.server.trud_url,
        }
        return self.case("live", self.begun, ["build"], **environment)

    @cached_property
    def rebuild(self) -> Case:
        """History rebuilt."""
        return self.case("rebuild", self.begun, ["rebuild-history"])


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("kills")
    world = Inputs.world()
    with OrdServer(world, key=KEY, now=Inputs.morning) as server, Driver(folder) as driver:
        made = Room(folder, driver, server)
        (zip_file,) = (made.inputs.folder / "release2").glob("*.zip")
        world.zips = {zip_file.name: zip_file.read_bytes()}
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("kill", KILLS, ids=lambda kill: f"{kill[0]}, {kill[1]}")
def test_killed_at_a_step(room: Room, tmp_path: Path, kill: tuple[str, str, int, float]) -> None:
    name, step, number, seconds = kill
    case: Case = getattr(room, name)
    assert case.kill(room.driver, tmp_path / "root", (*case.find(step, number), seconds)) == []
    figures.record("resumed", SURVIVED, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "number"), AT_RANDOM)
def test_killed_moments_after_a_random_step(room: Room, tmp_path: Path, name: str, number: int) -> None:
    case: Case = getattr(room, name)
    dice = random.Random(f"{name} {number}")
    steps = case.whole.numbered()
    step = steps[dice.randrange(len(steps) * 9 // 10)]
    assert case.kill(room.driver, tmp_path / "root", (*step, dice.uniform(0.001, 0.1))) == []
    figures.record("resumed", SURVIVED, 1)


@pytest.mark.slow
@pytest.mark.parametrize("number", FROM_OUTSIDE)
def test_killed_from_outside_at_a_given_time(room: Room, tmp_path: Path, number: int) -> None:
    """Kill the real command and all its processes. If it has ended already, try an earlier time."""
    seconds = 2 + random.Random(number).uniform(number, number + 1) * 12 / len(FROM_OUTSIDE)
    for attempt in range(6):
        root = copy(room.begun, tmp_path / f"root{attempt}")
        command = [sys.executable, "-m", "ods_pipeline.cli", *room.month.command.words, "--quiet"]
        process = subprocess.Popen(
            [*command, "--data-root", str(root.path)], env=ENVIRONMENT, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(seconds * 0.7**attempt)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        if process.wait(60) == KILLED:
            break
    assert process.returncode == KILLED
    assert room.month.faults_after(room.driver, root) == []
    figures.record("resumed", SURVIVED, 1)


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", MEMORY)
def test_killed_by_linux_for_want_of_memory(room: Room, tmp_path: Path, megabytes: int) -> None:
    root = copy(room.begun, tmp_path / "root")
    command = [sys.executable, "-m", "ods_pipeline.cli", *room.month.command.words, "--quiet"]
    with memory_limited_to(megabytes) as group:
        code = run_in(group, [*command, "--data-root", str(root.path)], ENVIRONMENT)
    assert code == KILLED
    assert room.month.faults_after(room.driver, root) == []
    figures.record("resumed", "kills by Linux for want of memory survived", 1)


@pytest.mark.slow
def test_four_kills_on_the_way_to_one_published_set(tmp_path: Path) -> None:
    """Each run gets further than the one before it and is killed; the last one finishes.

    Dagster stores no events of steps here, which halves the time.
    """
    with Driver(tmp_path, keep_events=False) as driver:
        inputs = Inputs(tmp_path / "inputs").write()
        command = Command(["build", *inputs.arguments(1)])
        case = Case.of(driver, tmp_path, "first", DataRoot(tmp_path / "none"), command)
        root = copy(case.begin, tmp_path / "killed")
        for step in FOUR:
            ran = driver.run(root, command, (*case.find(step), 0.0))
            assert (ran.code, ran.steps[-1]) == (KILLED, case.find(step)[0])
        assert case.faults_after(driver, root) == []
