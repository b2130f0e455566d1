"""Readers are never blocked and see whole states only, however often the set is published."""

import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ods_pipeline.dataroot.builds import publish_build, start_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.publish.build_info import provenance, write_build_info
from ods_pipeline.publish.datapackage import write_datapackage
from ods_pipeline.publish.duckdb import complete_duckdb
from ods_pipeline.publish.files import write_table
from ods_pipeline.schema import HISTORY, ORD, TABLES
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.builders import Held, make_record
from ods_pipeline_tests.support.rooms import ENVIRONMENT

pytestmark = [pytest.mark.promise("readers"), pytest.mark.promise("whole")]
KINDS = ("duckdb", "parquet", "table", "arrow", "holder")
FIRST = 20  # organisations in the first state; each state has one more


class Reader:
    """A process that reads as fast as it can; ``seen`` holds the result of each read."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.seen = process, []
        self._thread = threading.Thread(target=self._keep_reading, daemon=True)
        self._thread.start()

    def _keep_reading(self) -> None:
        assert self.process.stdin and self.process.stdout
        while True:
            try:
                self.process.stdin.write("\n")
                self.process.stdin.flush()
                self.seen.append(int(self.process.stdout.readline()))
            except (ValueError, OSError):  # it has ended
                return

    def wait_for_a_read(self) -> None:
        """Wait until the current read, or the next one, is over."""
        before, begun = len(self.seen), time.monotonic()
        while len(self.seen) == before:
            assert self.process.poll() is None and time.monotonic() - begun < 60, self.error_output()
            time.sleep(0.002)

    def error_output(self) -> str:
        """Kill it and return its stderr."""
        self.process.kill()
        assert self.process.stderr
        return self.process.stderr.read()


@contextmanager
def reading(kind: str, root: DataRoot) -> Iterator[Reader]:
    command = [sys.executable, "-m", "ods_pipeline_tests.faults.reader", kind, str(root.path)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=ENVIRONMENT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    try:
        yield Reader(process)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream
            stream.close()


def prepare(folder: Path, number: int) -> Path:
    """Write a whole build of that many organisations: register and history filled, marts empty."""
    root = DataRoot(folder / f"state{number}")
    held = Held(folder / f"made{number}")
    held.release([make_record(f"RX{n:03d}") for n in range(number)])
    register = held.register()
    build, origin = start_build(root), provenance(register.frames["captures"], register.as_of)
    write_build_info(build, {**origin, "today": register.as_of.isoformat()})
    for table in TABLES.values():
        is_fact = table in (*ORD, *HISTORY)
        write_table(table, register.frames[table.id] if is_fact else table.empty(), build, origin)
    complete_duckdb(build, TABLES.values(), register.as_of)
    write_datapackage(build, TABLES.values(), origin)
    return build


def flip(root: DataRoot, build: Path) -> None:
    shutil.copytree(build, root.next)
    publish_build(root)


@pytest.mark.parametrize(
    ("flips", "states"), [(5, 3), pytest.param(50, 12, marks=pytest.mark.slow)], ids=["five", "fifty"]
)
def test_readers_see_whole_states_only_through_many_flips(tmp_path: Path, flips: int, states: int) -> None:
    """Each flip comes at a random moment of a read; no read lasts longer than one flip."""
    root, dice = DataRoot(tmp_path / "data"), random.Random(20261122)
    builds = [prepare(tmp_path, FIRST + n) for n in range(states)]
    root.builds.mkdir(parents=True)
    flip(root, builds[0])
    with ExitStack() as stack:
        readers = [stack.enter_context(reading(kind, root)) for kind in KINDS]
        for number in range(1, flips + 1):
            for reader in readers:
                reader.wait_for_a_read()
            time.sleep(dice.uniform(0, 0.05))
            flip(root, builds[number % states])
        for reader in readers:
            reader.wait_for_a_read()
            reader.wait_for_a_read()
        *fresh, holder = readers
        reads = [len(reader.seen) for reader in readers]
        assert all(reader.process.poll() is None for reader in readers)
    known = {FIRST + n for n in range(states)}
    for reader in fresh:
        assert set(reader.seen) <= known
        assert len(set(reader.seen)) >= min(states, flips) - 1, "it has seen nearly all states"
        assert reader.seen[-1] == FIRST + flips % states, "and the last of them"
    assert set(holder.seen) == {FIRST}, "a connection that is held keeps the state it was opened on"
    assert min(reads) >= flips
    figures.record(
        "readers", f"reads through {flips} flips, none of them torn, blocked or failed", sum(reads)
    )
