"""Each fault of ``bugs.py`` is put into a copy of the package, and the tests must notice it.

A test that passes on a faulty copy proves nothing about its promise.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ods_pipeline_tests.faults.bugs import BUGS, Bug
from ods_pipeline_tests.support import figures, promises
from ods_pipeline_tests.support.rooms import ENVIRONMENT, REPOSITORY

PACKAGE, TESTS = "ods_pipeline", "ods_pipeline_tests"


DRIVER = """
import json, sys
from pathlib import Path
import pytest

class Outcomes:
    def __init__(self):
        self.seen = []
    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.failed:
            self.seen.append((report.nodeid.partition("[")[0], report.when, report.outcome))

outcomes = Outcomes()
options = ["-n0", "-p", "no:cacheprovider", "-m", "", "--tb=line"]
code = int(pytest.main([*options, *sys.argv[2:]], plugins=[outcomes]))
import ods_pipeline
report = {"code": code, "package": ods_pipeline.__file__, "seen": outcomes.seen}
Path(sys.argv[1]).write_text(json.dumps(report))
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its tests, with the sample."""
    place = tmp_path_factory.mktemp("copy")
    for name in (PACKAGE, TESTS, "benchmarks"):
        shutil.copytree(REPOSITORY / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("data", "docs"):
        (place / name).symlink_to(REPOSITORY / name)
    shutil.copy(REPOSITORY / "pyproject.toml", place)
    return place


def outcomes(place: Path, tests: list[str]) -> tuple[int, set[tuple[str, str, str]]]:
    """Run tests on the package in ``place``; return the exit code and ``test, phase, outcome`` of each."""
    report = place / "report.json"
    report.unlink(missing_ok=True)
    ran = subprocess.run(
        [sys.executable, "-c", DRIVER, report, *(f"{TESTS}/{test}" for test in tests)],
        cwd=place,
        env=ENVIRONMENT | {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert report.exists(), ran.stdout + ran.stderr
    ran_on = json.loads(report.read_text())
    assert Path(ran_on["package"]).is_relative_to(place), "another package was tested"
    return ran_on["code"], {tuple(seen) for seen in ran_on["seen"]}


def test_every_fault_can_be_made_and_its_tests_bear_the_mark_of_the_promise() -> None:
    marks = {(mark.promise, str(mark)) for mark in promises.read_marks()}
    for bug in BUGS:
        assert (REPOSITORY / PACKAGE / bug.file).read_text(encoding="utf-8").count(bug.right) == 1, bug.name
        for test in bug.noticed_by:
            file, _, name = test.partition("::")
            assert f"\ndef {name}(" in (REPOSITORY / TESTS / file).read_text(encoding="utf-8"), bug.name
            assert {(bug.promise, test), (bug.promise, file)} & marks, f"{test} has no mark of {bug.promise}"


def test_every_promise_has_a_fault() -> None:
    assert {bug.promise for bug in BUGS} == {promise.name for promise in promises.read_promises()}
    sentence = f"there are {len(BUGS)}, at least one for each promise"
    assert sentence in " ".join(promises.GUARANTEES.read_text(encoding="utf-8").split())


@pytest.mark.slow
def test_without_a_fault_all_these_tests_pass(copied: Path) -> None:
    tests = sorted({test for bug in BUGS for test in bug.noticed_by})
    code, seen = outcomes(copied, tests)
    assert (code, {outcome for *_, outcome in seen}) == (0, {"passed"})
    assert {name for name, *_ in seen} == {f"{TESTS}/{test}" for test in tests}


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_fault_is_noticed(copied: Path, bug: Bug) -> None:
    path = copied / PACKAGE / bug.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(bug.right, bug.wrong), encoding="utf-8")
    try:
        code, seen = outcomes(copied, list(bug.noticed_by))
    finally:
        path.write_text(whole, encoding="utf-8")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert {name for name, *what in seen if what == ["call", "failed"]} == {
        f"{TESTS}/{test}" for test in bug.noticed_by
    }
    figures.record(bug.promise, "faults put in on purpose and noticed", 1)
