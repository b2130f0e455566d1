"""Writers that are killed, readers and prune next to writers, and writers that race.

A few of each run in every run of the tests; the slow group has the full counts, and S3 and Azure too.
``ODS_STORE_ROUNDS=0.1`` takes a tenth of these, ``2`` twice as many.
"""

import multiprocessing
import os
import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.publish.store.lease import LEASE
from ods_pipeline.publish.store.manifest import read_current
from ods_pipeline.publish.store.opening import Store
from ods_pipeline.publish.store.pruning import prune_store
from ods_pipeline.publish.store.publishing import publish_to
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.small_stores import (
    current_of,
    delta_state,
    objects,
    publish_and_die,
    publish_in_race,
    read_until,
    read_whole,
    small_build,
)

ROUNDS = float(os.environ.get("ODS_STORE_ROUNDS", "1"))
WRITES = 15  # of the first publication: lease, 6 files, manifest, pointer, 4 Delta tables, their mark
MOMENTS = ("before", "during", "after")


@pytest.fixture(scope="module")
def processes() -> Any:
    """Processes that have our modules loaded before they begin, and threads of no one else."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ods_pipeline_tests.support.small_stores", "deltalake"])
    return context


@dataclass
class Place:
    """Where stores are made: below the address of an empty one."""

    root: Path
    address: str
    made: int = 0

    def new(self) -> Store:
        """An empty store."""
        self.made += 1
        return Store(f"{self.address}/{self.made}", create=self.is_folder)

    @property
    def kind(self) -> str:
        """``file``, ``s3`` or ``az``."""
        return self.address.partition(":")[0]

    @property
    def is_folder(self) -> bool:
        return self.kind == "file"

    def data_root(self, name: str) -> DataRoot:
        """An empty data root."""
        shutil.rmtree(self.root / name, ignore_errors=True)
        return DataRoot(self.root / name)


@pytest.fixture
def place(any_store: Store, tmp_path: Path) -> Place:
    return Place(tmp_path, any_store.address)


def times(place: Place, most: int) -> int:
    """How often something is tried: on a folder ``most`` times, on a server a tenth of that."""
    return max(4, round(most * ROUNDS * (1 if place.is_folder else 0.1)))


def credentials() -> dict[str, str]:
    """What a child needs of the environment: its own is that of the process it was forked from."""
    return {k: v for k, v in os.environ.items() if k.startswith(("AWS_", "AZURE_"))}


def kill_and_finish(processes: Any, place: Place, at: int, when: str, *, is_first: bool) -> bool:
    """Kill a publication at a write and publish again. Return whether the kill came in time."""
    root, store, other = place.data_root("data"), place.new(), place.new()
    if not is_first:
        small_build(root, 1, "build1")
        for each in (store, other):
            publish_to(root, each, who="a test")
    number = 1 if is_first else 2
    small_build(root, number, f"build{number}")
    child = processes.Process(
        target=publish_and_die, args=(credentials(), root.path, store.address, at, when)
    )
    child.start()
    child.join(60)
    was_killed = child.exitcode == -9
    assert was_killed or child.exitcode == 0, child.exitcode
    if read_current(store) is not None:
        build, word = read_whole(store)
        assert word == f"build{build}" and build in (number - 1, number)
    publish_to(root, store, who="the next")
    publish_to(root, other, who="undisturbed")
    assert read_whole(store) == (number, f"build{number}")
    assert objects(store) == objects(other) and LEASE not in objects(store)
    assert delta_state(store) == delta_state(other)
    return was_killed


@pytest.mark.promise("whole")
@pytest.mark.parametrize("at", [2, 8, 9, 10])
def test_killed_at_a_write_the_next_run_finishes(processes: Any, place: Place, at: int) -> None:
    assert kill_and_finish(processes, place, at, "before" if at < 10 else "after", is_first=at != 9)


@pytest.mark.slow
@pytest.mark.promise("whole")
def test_killed_at_every_write_the_next_run_finishes(processes: Any, place: Place) -> None:
    began, killed, tries = time.monotonic(), 0, times(place, 300)
    points = [(at, when, is_first) for is_first in (True, False) for at in range(1, WRITES + 1)
              for when in MOMENTS]  # fmt: skip
    # A step that shares no factor with the number of points spreads few tries over all of them.
    for n in range(tries):
        at, when, is_first = points[n * 7 % len(points)]
        killed += kill_and_finish(processes, place, at, when, is_first=is_first)
    figures.record("resumed", f"store ({place.kind}): kills at writes, of {tries}", killed)
    figures.record(
        "resumed", f"store ({place.kind}): seconds of the kills", round(time.monotonic() - began, 1)
    )
    assert killed > 0.8 * tries


def publish_under_readers(processes: Any, place: Place, publications: int, readers: int) -> tuple[int, int]:
    """Publish and prune while others read. Return the number of reads and of builds that were seen."""
    root, store = place.data_root("data"), place.new()
    small_build(root, 1, "build1")
    publish_to(root, store, who="a test")
    stop, answers = processes.Event(), processes.Queue()
    arguments = (credentials(), store.address, stop, answers)
    children = [processes.Process(target=read_until, args=arguments) for _ in range(readers)]
    for child in children:
        child.start()
    pruned = 0
    try:
        for number in range(2, publications + 1):
            old = root.current.resolve()
            small_build(root, number, f"build{number}")
            shutil.rmtree(old)
            assert publish_to(root, store, who="a test").is_new
            if number % 20 == 0:  # a reader takes less than these seconds for a build
                gone = prune_store(store, timedelta(seconds=5), who="a test", dry_run=False)
                pruned += len(gone.builds)
    finally:
        stop.set()
    results = [answers.get(timeout=60) for _ in children]
    for child in children:
        child.join(60)
    assert [torn for _, _, torn in results if torn] == []
    seen = {build for _, builds, _ in results for build in builds}
    assert read_whole(store) == (publications, f"build{publications}")
    if publications >= 100:
        assert pruned > 0, "prune had old builds to remove while others read"
        figures.record("readers", f"store ({place.kind}): builds pruned under readers", pruned)
    return sum(reads for reads, _, _ in results), len(seen)


@pytest.mark.promise("readers")
def test_readers_never_meet_two_builds(processes: Any, place: Place) -> None:
    reads, seen = publish_under_readers(processes, place, 8, 2)
    assert reads > 0 and seen > 0


@pytest.mark.slow
@pytest.mark.promise("readers")
def test_many_readers_never_meet_two_builds(processes: Any, place: Place) -> None:
    began, publications, readers = time.monotonic(), times(place, 200), 10 if place.is_folder else 3
    reads, seen = publish_under_readers(processes, place, publications, readers)
    what = f"store ({place.kind}): builds read by {readers} under {publications} publications"
    figures.record("readers", what, reads)
    figures.record("readers", f"store ({place.kind}): seconds of these", round(time.monotonic() - began, 1))
    assert reads > publications and seen > min(10, publications // 3)


def race(processes: Any, place: Place, *, with_lease: bool) -> tuple[str, str]:
    """Two writers with different builds of one number. Return the winner and the words of the loser."""
    store = place.new()
    start, answers = processes.Barrier(2), processes.Queue()
    children = []
    for name in ("left", "right"):
        root = place.data_root(name)
        small_build(root, 1, "build1")
        publish_to(root, store, who="a test")
        small_build(root, 2, name)
        arguments = (credentials(), root.path, store.address, start, answers)
        children.append(
            processes.Process(target=publish_in_race, args=arguments, kwargs={"with_lease": with_lease})
        )
    for child in children:
        child.start()
    results = [answers.get(timeout=60) for _ in children]
    for child in children:
        child.join(60)
    ((winner, _, _),) = [r for r in results if r[1]]
    ((_, _, words),) = [r for r in results if not r[1]]
    assert read_whole(store) == (2, winner)
    delta = delta_state(store)
    tables = current_of(store).content["tables"]
    assert {name: files for name, (_, files, _) in delta.items()} == {
        name: [entry["path"].rsplit("/", 1)[-1]] for name, entry in tables.items()
    }
    return winner, words


@pytest.mark.promise("one_at_a_time")
@pytest.mark.parametrize("with_lease", [True, False])
def test_of_two_writers_exactly_one_wins(processes: Any, place: Place, with_lease: bool) -> None:
    _, words = race(processes, place, with_lease=with_lease)
    assert "writing to the store" in words or "000002" in words


@pytest.mark.slow
@pytest.mark.promise("one_at_a_time")
def test_of_two_writers_exactly_one_wins_in_every_race(processes: Any, place: Place) -> None:
    """Every second race is without the lease, so that the conditional write alone decides."""
    began, tries = time.monotonic(), times(place, 50)
    results = [race(processes, place, with_lease=n % 2 == 0) for n in range(tries)]
    assert {winner for winner, _ in results} <= {"left", "right"}
    said = [words for _, words in results]
    lost = sum("was faster" in words for words in said)
    what = f"store ({place.kind}): races, of {tries}, that the conditional write decided"
    figures.record("one_at_a_time", what, lost)
    figures.record(
        "one_at_a_time", f"store ({place.kind}): seconds of races", round(time.monotonic() - began, 1)
    )
    assert all("writing to the store" in words or "000002" in words for words in said)
