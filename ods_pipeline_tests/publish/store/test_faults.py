"""Writers that are killed, readers and prune next to writers, and writers that race.

A few of each run in every run of the tests; the slow group has the full counts. ``ODS_STORE_ROUNDS=0.1``
takes a tenth of these, ``2`` twice as many.
"""

import multiprocessing
import os
import shutil
import time
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
KILLS, PUBLICATIONS, READERS, RACES = (max(2, round(n * ROUNDS)) for n in (300, 200, 10, 50))
WRITES = 15  # of the first publication: lease, 6 files, manifest, pointer, 4 Delta tables, their mark
MOMENTS = ("before", "during", "after")


@pytest.fixture(scope="module")
def processes() -> Any:
    """Processes that have our modules loaded before they begin, and threads of no one else."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ods_pipeline_tests.support.small_stores", "deltalake"])
    return context


def kill_and_finish(processes: Any, tmp_path: Path, at: int, when: str, *, is_first: bool) -> bool:
    """Kill a publication at a write and publish again. Return whether the kill came in time."""
    root, address = DataRoot(tmp_path / "data"), (tmp_path / "store").as_uri()
    for folder in (root.path, tmp_path / "store", tmp_path / "other"):
        shutil.rmtree(folder, ignore_errors=True)
    store, other = Store(address, create=True), Store((tmp_path / "other").as_uri(), create=True)
    if not is_first:
        small_build(root, 1, "build1")
        for each in (store, other):
            publish_to(root, each, who="a test")
    number = 1 if is_first else 2
    small_build(root, number, f"build{number}")
    child = processes.Process(target=publish_and_die, args=(root.path, address, at, when))
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
    assert delta_state(store, None) == delta_state(other, None)
    return was_killed


@pytest.mark.promise("whole")
@pytest.mark.parametrize("at", [2, 8, 9, 10])
def test_killed_at_a_write_the_next_run_finishes(processes: Any, tmp_path: Path, at: int) -> None:
    assert kill_and_finish(processes, tmp_path, at, "before" if at < 10 else "after", is_first=at != 9)


@pytest.mark.slow
@pytest.mark.promise("whole")
def test_killed_at_every_write_the_next_run_finishes(processes: Any, tmp_path: Path) -> None:
    began, killed = time.monotonic(), 0
    points = [(at, when, is_first) for is_first in (True, False) for at in range(1, WRITES + 1)
              for when in MOMENTS]  # fmt: skip
    for n in range(KILLS):
        at, when, is_first = points[n % len(points)]
        killed += kill_and_finish(processes, tmp_path, at, when, is_first=is_first)
    figures.record("resumed", f"store: kills at writes ({KILLS} tried)", killed)
    figures.record("resumed", "store: seconds of the kills", round(time.monotonic() - began, 1))
    assert killed > 0.8 * KILLS


def publish_under_readers(processes: Any, tmp_path: Path, publications: int, readers: int) -> tuple[int, int]:
    """Publish and prune while others read. Return the number of reads and of builds that were seen."""
    root, address = DataRoot(tmp_path / "data"), (tmp_path / "store").as_uri()
    store = Store(address, create=True)
    small_build(root, 1, "build1")
    publish_to(root, store, who="a test")
    stop, answers = processes.Event(), processes.Queue()
    children = [processes.Process(target=read_until, args=(address, stop, answers)) for _ in range(readers)]
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
        figures.record("readers", "store: builds pruned under readers", pruned)
    return sum(reads for reads, _, _ in results), len(seen)


@pytest.mark.promise("readers")
def test_readers_never_meet_two_builds(processes: Any, tmp_path: Path) -> None:
    reads, seen = publish_under_readers(processes, tmp_path, 8, 2)
    assert reads > 0 and seen > 0


@pytest.mark.slow
@pytest.mark.promise("readers")
def test_many_readers_never_meet_two_builds(processes: Any, tmp_path: Path) -> None:
    began = time.monotonic()
    reads, seen = publish_under_readers(processes, tmp_path, PUBLICATIONS, READERS)
    figures.record("readers", f"store: whole builds read under {PUBLICATIONS} publications", reads)
    figures.record("readers", "store: seconds of these publications", round(time.monotonic() - began, 1))
    assert reads > PUBLICATIONS and seen > 10


def race(processes: Any, tmp_path: Path, *, with_lease: bool) -> tuple[str, str]:
    """Two writers with different builds of one number. Return the winner and the words of the loser."""
    address = (tmp_path / "store").as_uri()
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
    store = Store(address, create=True)
    start, answers = processes.Barrier(2), processes.Queue()
    children = []
    for name in ("left", "right"):
        root = DataRoot(tmp_path / name)
        shutil.rmtree(root.path, ignore_errors=True)
        small_build(root, 1, "build1")
        publish_to(root, store, who="a test")
        small_build(root, 2, name)
        arguments = (root.path, address, start, answers, with_lease)
        children.append(processes.Process(target=publish_in_race, args=arguments))
    for child in children:
        child.start()
    results = [answers.get(timeout=60) for _ in children]
    for child in children:
        child.join(60)
    ((winner, _, _),) = [r for r in results if r[1]]
    ((_, _, words),) = [r for r in results if not r[1]]
    assert read_whole(store) == (2, winner)
    delta = delta_state(store, None)
    tables = current_of(store).content["tables"]
    assert {name: files for name, (_, files, _) in delta.items()} == {
        name: [entry["path"].rsplit("/", 1)[-1]] for name, entry in tables.items()
    }
    return winner, words


@pytest.mark.promise("one_at_a_time")
@pytest.mark.parametrize("with_lease", [True, False])
def test_of_two_writers_exactly_one_wins(processes: Any, tmp_path: Path, with_lease: bool) -> None:
    _, words = race(processes, tmp_path, with_lease=with_lease)
    assert "writing to the store" in words or "000002" in words


@pytest.mark.slow
@pytest.mark.promise("one_at_a_time")
def test_of_two_writers_exactly_one_wins_in_every_race(processes: Any, tmp_path: Path) -> None:
    """Every second race is without the lease, so that the conditional write alone decides."""
    began = time.monotonic()
    results = [race(processes, tmp_path, with_lease=n % 2 == 0) for n in range(RACES)]
    assert {winner for winner, _ in results} <= {"left", "right"}
    said = [words for _, words in results]
    lost = sum("was faster" in words for words in said)
    figures.record("one_at_a_time", f"store: races, of {RACES}, that the conditional write decided", lost)
    figures.record("one_at_a_time", "store: seconds of the races", round(time.monotonic() - began, 1))
    assert all("writing to the store" in words or "000002" in words for words in said)
