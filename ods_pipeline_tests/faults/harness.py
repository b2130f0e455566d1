"""Runs the command, kills it at a step, runs it again without help, and lists what is wrong afterwards.

Lives here: orders to the process that dies (`driver.py`), and what must hold after a kill and after the next
run. Does not live here: which kills (`test_kills.py`), of which register (`inputs.py`).
"""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.instance import open_instance
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import ENVIRONMENT, published

Step = tuple[str, int, float]  # its label, its number among steps of that label, seconds from it to the kill
KILLED = -9


class Driver:
    """The process that forks the processes that die. It carries out one order after the other."""

    def __init__(self, folder: Path, *, keep_events: bool = True) -> None:
        self.folder, self.keep_events = folder, keep_events
        command = [sys.executable, "-m", "ods_pipeline_tests.faults.driver"]
        self._process = subprocess.Popen(
            command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def run(self, root: DataRoot, command: "Command", at: Step | None = None) -> "Ran":
        """Run the command on a data root, to its end or to a kill."""
        order = {
            "root": str(root.path), "at": at, "environment": command.environment,
            "keep_events": self.keep_events,
            "arguments": [*command.words, "--data-root", str(root.path)], "fetch": command.fetch,
            "output": str(self.folder / "output"), "steps": str(self.folder / "steps"),
        }  # fmt: skip
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        steps = (self.folder / "steps").read_text(encoding="utf-8").splitlines()
        return Ran(code, (self.folder / "output").read_text(encoding="utf-8"), steps)


@dataclass(frozen=True)
class Command:
    """A command: the words of the command line, and variables to add to the environment.

    ``fetch`` is ``changes`` or ``whole`` to fetch and flatten only, without a command line and Dagster.
    """

    words: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    fetch: str = ""


STATUS = Command(["status"])


@dataclass(frozen=True)
class Ran:
    """How a run ended: exit code, output, and the labels of its steps in order."""

    code: int
    output: str
    steps: list[str]

    def numbered(self) -> list[tuple[str, int]]:
        """Every step, with its number among the steps of its label."""
        seen: Counter[str] = Counter()
        numbered = []
        for label in self.steps:
            seen[label] += 1
            numbered.append((label, seen[label]))
        return numbered


@dataclass
class Case:
    """A command on a data root (``begin``), and what the same command gives when nothing kills it."""

    name: str
    begin: DataRoot
    command: Command
    undisturbed: DataRoot
    whole: Ran
    status: Ran

    @classmethod
    def of(cls, driver: Driver, folder: Path, name: str, begin: DataRoot, command: Command) -> "Case":
        """Run the command undisturbed."""
        undisturbed = copy(begin, folder / f"{name}-undisturbed")
        whole = driver.run(undisturbed, command)
        assert "Traceback" not in whole.output, whole.output
        return cls(name, begin, command, undisturbed, whole, driver.run(undisturbed, STATUS))

    def find(self, pattern: str, number: int = 1) -> tuple[str, int]:
        """The first (or a later) step whose label matches."""
        steps = [step for step in self.whole.numbered() if re.search(pattern, step[0])]
        assert len(steps) >= number, f"{self.name} has no step {pattern} {number}"
        return steps[number - 1]

    def kill(self, driver: Driver, place: Path, at: Step) -> list[str]:
        """Kill the command at a step, run it again, and return what is wrong; empty if all is well."""
        root = copy(self.begin, place)
        ran = driver.run(root, self.command, at)
        assert ran.code == KILLED, f"it was not killed at {at}: {ran.code}\n{ran.output}"
        if not at[2]:
            assert ran.numbered()[-1] == tuple(at[:2])
        return self.faults_after(driver, root)

    def faults_after(self, driver: Driver, root: DataRoot) -> list[str]:
        """Return what is wrong with a data root whose run was killed, before and after the next run."""
        wrong = not_whole(root, self.begin, self.undisturbed)
        again = driver.run(root, self.command)
        if again.code != self.whole.code or "Traceback" in again.output:
            wrong.append(f"the next run ended with {again.code}: {again.output[-2000:]}")
            return wrong
        wrong += differences(root, self.undisturbed)
        status = driver.run(root, STATUS)
        outputs = [
            ran.output.replace(str(r.path), "")
            for ran, r in ((status, root), (self.status, self.undisturbed))
        ]
        if status.code != self.status.code or outputs[0] != outputs[1]:
            wrong.append(f"status prints {outputs[0]}, undisturbed {outputs[1]}")
        shutil.rmtree(root.path.parent)
        return wrong


def copy(root: DataRoot, place: Path) -> DataRoot:
    """Copy a data root to another place; an empty one if there is none yet."""
    place.mkdir(parents=True)
    if root.path.exists():
        shutil.copytree(root.path, place / "data", symlinks=True)
    return DataRoot(place / "data")


def rows_differ(one: Path, other: Path) -> list[str]:
    """Return the tables of two ods.duckdb files whose rows differ."""
    differing = []
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{one}' AS one (READ_ONLY); ATTACH '{other}' AS other (READ_ONLY)")
        names = [
            {f"{s}.{t}" for s, t in connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?", [database]
            ).fetchall()}
            for database in ("one", "other")
        ]  # fmt: skip
        # Beside the tables of the contract, what the look-up reads.
        if names[0] != names[1] or not {f"{t.schema}.{t.name}" for t in TABLES.values()} <= names[0]:
            return [f"the tables are {sorted(names[0] ^ names[1])} in one only"]
        for name in sorted(names[0]):
            sql = "(FROM {0}.{2} EXCEPT ALL FROM {1}.{2}) UNION ALL (FROM {1}.{2} EXCEPT ALL FROM {0}.{2})"
            if connection.execute(sql.format("one", "other", name)).fetchall():
                differing.append(name)
    return differing


def set_differences(root: DataRoot, other: DataRoot) -> list[str]:
    """Return what readers of both find different: Parquet by bytes, ods.duckdb by bytes or rows."""
    ours, theirs = published(root), published(other)
    differing = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    if differing == ["ods.duckdb"] and ours.keys() == theirs.keys():
        return rows_differ(root.path / "ods.duckdb", other.path / "ods.duckdb")
    return differing


def not_whole(root: DataRoot, old: DataRoot, new: DataRoot) -> list[str]:
    """Return what is wrong right after a kill: readers must find the old set or the new one."""
    from_old, from_new = set_differences(root, old), set_differences(root, new)
    if not from_old or not from_new:
        return []
    return [f"neither the old set (other: {from_old}) nor the new one (other: {from_new})"]


def listing(root: DataRoot) -> set[str]:
    """Return every path of a data root apart from Dagster's own records."""
    paths = (p.relative_to(root.path).as_posix() for p in root.path.rglob("*"))
    return {p for p in paths if not p.startswith(".dagster")}


def taken_in(root: DataRoot) -> dict[str, bytes]:
    """Return every raw and flat file with its bytes."""
    places = [p for p in sorted(listing(root)) if p.startswith(("raw/", "flat/"))]
    return {p: (root.path / p).read_bytes() for p in places if (root.path / p).is_file()}


def differences(root: DataRoot, undisturbed: DataRoot) -> list[str]:
    """Return what differs from the undisturbed outcome: files, rows, leftovers, unfinished runs."""
    wrong = [f"the published set differs in {name}" for name in set_differences(root, undisturbed)]
    if listing(root) != listing(undisturbed):
        wrong.append(f"other files: {sorted(listing(root) ^ listing(undisturbed))}")
    ours, theirs = taken_in(root), taken_in(undisturbed)
    if ours != theirs:
        wrong.append(f"raw or flat files differ: {[p for p in ours if ours[p] != theirs.get(p)]}")
    with open_instance(root) as instance:
        statuses = Counter(run.status.value for run in instance.get_runs())
    if set(statuses) - {"SUCCESS", "FAILURE"}:
        wrong.append(f"unfinished runs: {statuses}")
    return wrong
