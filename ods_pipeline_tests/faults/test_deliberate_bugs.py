"""Faults as a tired colleague would make them, put into a copy of the package: the tests must notice each.

Lives here: the faults, and the tests that have to fail. A test that passes on a faulty copy proves nothing
about its promise. Each fault replaces one text that occurs once in one file.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ods_pipeline_tests.support import figures, promises
from ods_pipeline_tests.support.rooms import ENVIRONMENT, REPOSITORY

PACKAGE, TESTS = "ods_pipeline", "ods_pipeline_tests"


@dataclass(frozen=True)
class Bug:
    """One fault: a text that is right, the wrong text in its place, and the tests that must fail.

    ``file`` is relative to the package, the files of ``noticed_by`` (``file::test``) to the tests. Every test
    named must fail; one with several cases must fail in at least one of them.
    """

    name: str
    promise: str
    file: str
    right: str
    wrong: str
    noticed_by: tuple[str, ...]


BUGS = [
    Bug(
        "the last day is already a day too late",
        "dates",
        "marts/macros/words_days.sql",
        "THEN last_day + 1 END",
        "THEN last_day END",
        ("marts/test_sites.py::test_a_service_holds_to_its_last_day",),
    ),
    Bug(
        "an Inactive row without an end holds for ever",
        "no_guess",
        "marts/macros/words_days.sql",
        "        THEN least(last_change_date, day_after(legal_end))\n",
        "        THEN NULL\n",
        (
            "marts/test_lives.py::test_a_link_without_a_start_never_shows_and_one_without_an_end_ended_with_its_record",
        ),
    ),
    Bug(
        "the ICB that commissions is taken for the operator",
        "no_guess",
        "marts/rules/hierarchy_rules.csv",
        "operator,*,RE6,*-RO98-RO261,1",
        "operator,*,RE6,*-RO98,1",
        ("marts/test_hierarchy.py::test_a_commissioner_is_never_an_operator",),
    ),
    Bug(
        "the release wins over the fetch of its day",
        "newest_counts",
        "history/order.py",
        '.sort("as_of", "is_delta", "label")',
        '.sort("as_of", "label", "is_delta")',
        (
            "history/test_observations.py"
            "::test_captures_count_by_day_then_delta_after_release_then_time_of_the_fetch",
        ),
    ),
    Bug(
        "a stub overwrites a complete record",
        "newest_counts",
        "history/versions.py",
        'speaks = complete | (seen & pl.col("complete_at").is_null())',
        "speaks = seen",
        ("history/test_fold.py::test_a_stub_never_overwrites_a_complete_record_not_even_with_a_newer_stamp",),
    ),
    Bug(
        "a code that was gone for a while counts as present all the time",
        "as_of_then",
        "history/versions.py",
        'pl.coalesce("gone_on", next_begins)',
        'pl.coalesce(next_begins, "gone_on")',
        ("history/test_versions.py::test_versions_follow_the_observations",),
    ),
    Bug(
        "a record set aside is dropped where it has no code",
        "conserved",
        "flatten/flat.py",
        "numbered = document.problems.with_columns(",
        'numbered = document.problems.drop_nulls("ods_code").with_columns(',
        ("defs/test_bad_input.py::test_a_record_that_closes_itself_at_the_end_of_a_file_is_set_aside",),
    ),
    Bug(
        "records set aside by earlier captures are forgotten",
        "conserved",
        "history/fold.py",
        "return pl.concat([held, *new])",
        "return pl.concat(new) if new else held",
        ("history/test_state.py::test_the_thirteenth_release_is_applied_without_opening_the_twelve",),
    ),
    Bug(
        "a single 404 is a confirmed deletion",
        "no_false_deletion",
        "history/deletions.py",
        '.when(pl.col("rank") <= _ABSENT)',
        '.when(pl.col("rank") != _UNPROVEN)',
        ("history/test_deletions.py::test_a_404_is_unconfirmed_and_keeps_the_organisation",),
    ),
    Bug(
        "the file is published before the marts are checked",
        "whole",
        "defs/assets/published.py",
        "deps=[table_key(table) for table in TABLES.values()]",
        "deps=[table_key(table) for table in TABLES.values() if table not in MARTS]",
        ("defs/test_definitions.py::test_the_graph_is_the_one_that_is_drawn",),
    ),
    Bug(
        "the flip comes before all is in place",
        "whole",
        "dataroot/builds.py",
        "        for name in PUBLISHED:\n            if (build / name).exists():\n",
        "        link(root.current, Path(build.name))\n"
        "        for name in PUBLISHED:\n            if (build / name).exists():\n",
        ("dataroot/test_builds.py::test_a_file_in_the_way_is_reported_before_anything_changes",),
    ),
    Bug(
        "the URL, and the key in it, is logged",
        "no_key",
        "sources/trud.py",
        'log.info("TRUD answers HTTP %d", response.status_code)',
        'log.info("TRUD answers HTTP %d: %s", response.status_code, response.url)',
        ("sources/test_trud.py::test_no_failure_shows_the_key",),
    ),
    Bug(
        "the predecessor is taken for the successor",
        "successors",
        "marts/succession_edges.sql",
        "        target_ods_code,\n        ods_code,\n",
        "        ods_code,\n        target_ods_code,\n",
        ("marts/test_marts.py::test_either_side_of_a_succession_is_enough",),
    ),
    Bug(
        "rows are written in their order of arrival",
        "same_bytes",
        "publish/files.py",
        "sorted_by(frame.select(table.columns).cast(pl.Schema(table.dtypes)), table.key)",
        "frame.select(table.columns).cast(pl.Schema(table.dtypes))",
        ("publish/test_files.py::test_a_table_has_the_same_bytes_whatever_the_order_of_its_rows",),
    ),
    Bug(
        "a blank hides a formula",
        "no_injection",
        "lists/writing.py",
        r'_FORMULA = r"^[\s\p{Z}\p{C}]*[',
        r'_FORMULA = r"^[',
        ("lists/test_writing.py::test_a_formula_is_made_text",),
    ),
    Bug(
        "only yesterday is asked for",
        "no_lost_day",
        "sources/due.py",
        "    return min(day, max(published, today - timedelta(days=SETTLED_AFTER)))",
        "    return max(published, today - timedelta(days=1))",
        ("sources/test_due.py::test_a_hole_in_the_middle_is_asked_for",),
    ),
    Bug(
        "after a pause the missed turns are made up for",
        "polite",
        "sources/http.py",
        "self._next = now + self._interval\n                        return now",
        "self._next += self._interval\n                        return now",
        ("sources/test_http.py::test_turns_keep_their_distance_however_late_they_are_taken",),
    ),
]

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
            assert {(bug.promise, test), (bug.promise, file)} & marks, (
                f"{test} bears no mark of {bug.promise}"
            )


def test_the_document_lists_the_promises_without_a_fault() -> None:
    tried = {bug.promise for bug in BUGS}
    without = [f"`{p.name}`" for p in promises.read_promises() if p.name not in tried]
    sentence = f"faults for {len(tried)} of these promises, and none for {', '.join(without)}"
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
