"""Runs the command, kills it at a step, runs it again without help, and says what is wrong with the outcome.

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

Step = tuple[str, int, float]  # its label, which one of that label, seconds from it to the kill
KILLED = -9


class Driver:
    """The process that forks those that die. Orders are done one after the other."""

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
        """The command on a data root, to its end or to a kill."""
        order = {
            "root": str(root.path), "at": at, "environment": command.environment,
            "keep_events": self.keep_events,
            "arguments": [*command.words, "--data-root", str(root.path)],
            "words": str(self.folder / "words"), "steps": str(self.folder / "steps"),
        }  # fmt: skip
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        steps = (self.folder / "steps").read_text(encoding="utf-8").splitlines()
        return Ran(code, (self.folder / "words").read_text(encoding="utf-8"), steps)


@dataclass(frozen=True)
class Command:
    """What is run: words of the command line, and what the environment says beside."""

    words: list[str]
    environment: dict[str, str] = field(default_factory=dict)


STATUS = Command(["status"])


@dataclass(frozen=True)
class Ran:
    """How a run ended. ``steps`` are the labels of its steps in order."""

    code: int
    words: str
    steps: list[str]

    def numbered(self) -> list[tuple[str, int]]:
        """Every step with its number among those of its label."""
        seen: Counter[str] = Counter()
        found = []
        for label in self.steps:
            seen[label] += 1
            found.append((label, seen[label]))
        return found


@dataclass
class Case:
    """A command on a data root, and the same command undisturbed. ``begin`` is the data root before it."""

    name: str
    begin: DataRoot
    command: Command
    undisturbed: DataRoot
    whole: Ran
    status: Ran

    @classmethod
    def of(cls, driver: Driver, folder: Path, name: str, begin: DataRoot, command: Command) -> "Case":
        """Runs the command undisturbed."""
        undisturbed = copy(begin, folder / f"{name}-undisturbed")
        whole = driver.run(undisturbed, command)
        assert "Traceback" not in whole.words, whole.words
        return cls(name, begin, command, undisturbed, whole, driver.run(undisturbed, STATUS))

    def find(self, pattern: str, number: int = 1) -> tuple[str, int]:
        """The step whose label matches, the first or a later one."""
        found = [step for step in self.whole.numbered() if re.search(pattern, step[0])]
        assert len(found) >= number, f"{self.name} has no step {pattern} {number}"
        return found[number - 1]

    def kill(self, driver: Driver, place: Path, at: Step) -> list[str]:
        """What is wrong after a kill at a step and the next run: nothing, if all is well."""
        root = copy(self.begin, place)
        ran = driver.run(root, self.command, at)
        assert ran.code == KILLED, f"it was not killed at {at}: {ran.code}\n{ran.words}"
        if not at[2]:
            assert ran.numbered()[-1] == tuple(at[:2])
        return self.told_after(driver, root)

    def told_after(self, driver: Driver, root: DataRoot) -> list[str]:
        """What is wrong with a data root whose run was killed, before and after the next run."""
        told = not_whole(root, self.begin, self.undisturbed)
        again = driver.run(root, self.command)
        if again.code != self.whole.code or "Traceback" in again.words:
            told.append(f"the next run ended with {again.code}: {again.words[-2000:]}")
            return told
        told += differences(root, self.undisturbed)
        status = driver.run(root, STATUS)
        said = [
            ran.words.replace(str(r.path), "") for ran, r in ((status, root), (self.status, self.undisturbed))
        ]
        if status.code != self.status.code or said[0] != said[1]:
            told.append(f"status says {said[0]}, undisturbed {said[1]}")
        shutil.rmtree(root.path.parent)
        return told


def copy(root: DataRoot, place: Path) -> DataRoot:
    """The data root at another place; an empty one if there is none yet."""
    place.mkdir(parents=True)
    if root.path.exists():
        shutil.copytree(root.path, place / "data", symlinks=True)
    return DataRoot(place / "data")


def rows_differ(one: Path, other: Path) -> list[str]:
    """The tables of two ods.duckdb that have not the same rows."""
    found = []
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{one}' AS one (READ_ONLY); ATTACH '{other}' AS other (READ_ONLY)")
        names = [
            {f"{s}.{t}" for s, t in connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?", [database]
            ).fetchall()}
            for database in ("one", "other")
        ]  # fmt: skip
        if not names[0] == names[1] == {f"{t.schema}.{t.name}" for t in TABLES.values()}:
            return [f"the tables are {sorted(names[0] ^ names[1])} in one only"]
        for name in sorted(names[0]):
            sql = "(FROM {0}.{2} EXCEPT ALL FROM {1}.{2}) UNION ALL (FROM {1}.{2} EXCEPT ALL FROM {0}.{2})"
            if connection.execute(sql.format("one", "other", name)).fetchall():
                found.append(name)
    return found


def is_same_set(root: DataRoot, other: DataRoot) -> bool:
    """Whether readers of both find the same set: Parquet by bytes, ods.duckdb by bytes or rows."""
    ours, theirs = published(root), published(other)
    ours_file, theirs_file = ours.pop("ods.duckdb", None), theirs.pop("ods.duckdb", None)
    if ours != theirs or (ours_file is None) != (theirs_file is None):
        return False
    return ours_file == theirs_file or not rows_differ(root.path / "ods.duckdb", other.path / "ods.duckdb")


def not_whole(root: DataRoot, old: DataRoot, new: DataRoot) -> list[str]:
    """What a reader finds right after a kill that is neither the old set nor the new one."""
    if is_same_set(root, old) or is_same_set(root, new):
        return []
    return [f"neither the old nor the new set: {sorted(published(root))}"]


def listing(root: DataRoot) -> set[str]:
    """Every path of a data root that is not Dagster's own record."""
    paths = (p.relative_to(root.path).as_posix() for p in root.path.rglob("*"))
    return {p for p in paths if not p.startswith(".dagster")}


def taken_in(root: DataRoot) -> dict[str, bytes]:
    """Every raw and flat file with its bytes."""
    places = [p for p in sorted(listing(root)) if p.startswith(("raw/", "flat/"))]
    return {p: (root.path / p).read_bytes() for p in places if (root.path / p).is_file()}


def differences(root: DataRoot, undisturbed: DataRoot) -> list[str]:
    """What differs from the undisturbed outcome: files, rows, leftovers, runs that do not end."""
    told = []
    if not is_same_set(root, undisturbed):
        told.append("the published set is another one")
    if listing(root) != listing(undisturbed):
        told.append(f"other files: {sorted(listing(root) ^ listing(undisturbed))}")
    ours, theirs = taken_in(root), taken_in(undisturbed)
    if ours != theirs:
        told.append(f"raw or flat files differ: {[p for p in ours if ours[p] != theirs.get(p)]}")
    with open_instance(root) as instance:
        statuses = Counter(run.status.value for run in instance.get_runs())
    if set(statuses) - {"SUCCESS", "FAILURE"}:
        told.append(f"runs that do not end: {statuses}")
    return told
