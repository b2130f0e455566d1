"""Figures reach the end of the run and the document, also through other processes."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.rooms import ENVIRONMENT

PLACE = "before\n<!-- figures -->\n<!-- end -->\nafter\n"
CONFTEST = """
from pathlib import Path
from ods_pipeline_tests.support import figures
pytest_addoption = figures.add_option
def pytest_configure(config):
    config.pluginmanager.register(figures.Figures(Path(__file__).with_name("document.md")))
"""
ONE = """
import pytest
from ods_pipeline_tests.support.figures import record
@pytest.fixture(scope="module")
def prepared():
    record("resumed", "prepared", 1)
@pytest.mark.parametrize("kills", [20, 40])
def test_kills(prepared, kills):
    record("resumed", "kills survived", kills)
def test_fails():
    record("resumed", "kills survived", 1000)
    assert False
"""
TWO = """
from ods_pipeline_tests.support.figures import record
def test_peaks():
    record("hostile", "peak in MB", 31.5)
    record("hostile", "peak in MB", 12.0)
    record("resumed", "kills survived", 4)
"""


@pytest.mark.slow
def test_figures_of_several_processes_are_printed_and_written(tmp_path: Path) -> None:
    files = {"conftest.py": CONFTEST, "test_one.py": ONE, "test_two.py": TWO, "document.md": PLACE}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    options = ["-q", "-n2", "--dist=loadfile", "-p", "xdist", "-p", "no:cacheprovider", "--write-figures"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=tmp_path,
        env=ENVIRONMENT | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "1 failed, 3 passed" in ran.stdout
    lines = [" ".join(line.split()) for line in ran.stdout.splitlines()]
    assert [line for line in lines if line.startswith(("resumed ", "hostile "))] == [
        "hostile peak in MB: 31.5",
        "resumed kills survived: 64",
        "resumed prepared: 1",
    ]
    written = (tmp_path / "document.md").read_text()
    assert f"| resumed | kills survived | 64 | {date.today().isoformat()} |" in written  # noqa: DTZ011
    assert figures.rows_of(written).keys() == {
        ("hostile", "peak in MB"),
        ("resumed", "kills survived"),
        ("resumed", "prepared"),
    }
    assert " cores (" in written


def test_counts_are_added_up_of_measures_the_highest_is_kept_and_texts_are_listed() -> None:
    recorded = [
        ("whole", "tries", 1_000),
        ("whole", "tries", 234),
        ("whole", "seconds", 3),
        ("whole", "seconds", 2.25),
        ("whole", "with", "DuckDB 2.0"),
        ("whole", "with", "DuckDB 1.2"),
        ("audited", "records", 0),
    ]
    assert list(figures.combine(recorded).items()) == [
        (("audited", "records"), "0"),
        (("whole", "seconds"), "3"),
        (("whole", "tries"), "1,234"),
        (("whole", "with"), "DuckDB 1.2, DuckDB 2.0"),
    ]


def test_figures_that_a_run_did_not_record_stay_with_their_day() -> None:
    first = figures.with_figures(PLACE, {("whole", "a"): "1", ("whole", "b"): "2"}, date(2026, 1, 1), "x")
    again = figures.with_figures(first, {("whole", "b"): "3", ("audited", "c"): "4"}, date(2026, 2, 2), "y")
    assert figures.rows_of(again) == {
        ("audited", "c"): ("4", "2026-02-02"),
        ("whole", "a"): ("1", "2026-01-01"),
        ("whole", "b"): ("3", "2026-02-02"),
    }
    assert again.startswith("before\n") and again.endswith("<!-- end -->\nafter\n")
    assert "taken on y." in again and "taken on x." not in again


@pytest.mark.parametrize(
    ("promise", "what", "value"),
    [
        ("no such", "tries", 1),
        ("whole", "tries | more", 1),
        ("whole", "tries", "a\nb"),
        ("whole", "tries", True),
    ],
)
def test_a_figure_that_does_not_fit_is_rejected(promise: str, what: str, value: figures.Value) -> None:
    with pytest.raises(ValueError, match=r"no promise|not a figure"):
        figures.record(promise, what, value)
