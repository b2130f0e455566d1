"""Figures that tests take: how much was tried, how often, how long. Printed at the end of a run, and with
`--write-figures` written into docs/guarantees.md.

Lives here: the way of a figure from a test to the table, through the processes of pytest-xdist. Does not live
here: what is measured.

A test calls `record("resumed", "kills survived", 60)`. Figures of the same promise and the same words are
put together: whole numbers are counts and are added up, of other numbers the highest counts (seconds, sizes),
texts are listed. A test that fails has no figures. What is recorded outside of a test and the set-up of its
fixtures is lost.
"""

import re
from collections.abc import Generator, Iterable
from datetime import date
from pathlib import Path

import pytest

from benchmarks.report import machine
from ods_pipeline_tests.support import promises

Value = int | float | str
Named = tuple[str, str]
_PROPERTY = "figure"
_TABLE = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end -->)", re.DOTALL)
_ROW = re.compile(
    r"^\| (?P<promise>\w+) \| (?P<what>[^|]+) \| (?P<value>[^|]+) \| (?P<day>[\d-]+) \|$", re.MULTILINE
)

_taken: list[tuple[str, str, Value]] = []


def record(promise: str, what: str, value: Value) -> None:
    """Notes a figure of the test that is running. Raises ValueError if there is no such promise, or if the
    words would break the table."""
    if promise not in {p.name for p in promises.promised()}:
        raise ValueError(f"docs/guarantees.md makes no promise named {promise}")
    if isinstance(value, bool) or set("|\n") & set(f"{what}{value}"):
        raise ValueError(f"no figure for a table: {what!r} {value!r}")
    _taken.append((promise, what, value))


def put_together(taken: Iterable[tuple[str, str, Value]]) -> dict[Named, str]:
    """One text for each promise and words, sorted."""
    found: dict[Named, list[Value]] = {}
    for promise, what, value in taken:
        found.setdefault((promise, what), []).append(value)
    return {named: _one(values) for named, values in sorted(found.items())}


def _one(values: list[Value]) -> str:
    numbers = [value for value in values if not isinstance(value, str)]
    if len(numbers) < len(values):
        return ", ".join(sorted({str(value) for value in values}))
    if all(isinstance(number, int) for number in numbers):
        return f"{sum(numbers):,}"
    highest = max(numbers)
    return f"{highest:,.0f}" if highest >= 100 else f"{highest:.2g}" if highest < 10 else f"{highest:.1f}"


def rows_of(document: str) -> dict[Named, tuple[str, str]]:
    """The figures that a document has: by promise and words the figure and its day (ISO)."""
    return {(r["promise"], r["what"]): (r["value"], r["day"]) for r in _ROW.finditer(document)}


def rewritten(document: str, figures: dict[Named, str], day: date, machine: str) -> str:
    """The document with these figures in its table. Rows that this run did not take stay, with their day."""
    rows = rows_of(document) | {named: (value, day.isoformat()) for named, value in figures.items()}
    lines = ["| promise | what | figure | day |", "|---|---|---:|---|"]
    lines += [
        f"| {promise} | {what} | {value} | {on} |" for (promise, what), (value, on) in sorted(rows.items())
    ]
    text = f"\nThe newest were taken on {machine}.\n\n" + "\n".join(lines) + "\n\n"
    written, tables = _TABLE.subn(lambda _: text, document)
    if tables != 1:
        raise ValueError("the document has no place for figures")
    return written


def _figure(value: object) -> tuple[str, str, Value]:
    promise, what, figure = value if isinstance(value, list | tuple) else (None, None, None)
    assert isinstance(promise, str) and isinstance(what, str) and isinstance(figure, int | float | str)
    return promise, what, figure


def add_option(parser: pytest.Parser) -> None:
    """`--write-figures`."""
    parser.addoption("--write-figures", action="store_true", help="write the figures into docs/guarantees.md")


class Figures:
    """The pytest plugin. ``document`` is what `--write-figures` rewrites."""

    def __init__(self, document: Path = promises.GUARANTEES) -> None:
        self._document = document
        self._reported: list[tuple[str, str, Value]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """The properties of a test are in its reports, and these xdist brings from its workers."""
        item.user_properties += [(_PROPERTY, list(taken)) for taken in _taken]
        _taken.clear()
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # The report of the call has what was recorded in the set-up too; that of the tear-down repeats all.
        if report.passed and report.when == "call":
            self._reported += [_figure(value) for name, value in report.user_properties if name == _PROPERTY]

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        figures = put_together(self._reported)
        if not figures:
            return
        terminalreporter.section("figures")
        for (promise, what), value in figures.items():
            terminalreporter.write_line(f"{promise:18} {what}: {value}")
        if config.getoption("--write-figures"):
            today = date.today()  # noqa: DTZ011 - the day on which they were taken, by the clock of this machine
            text = self._document.read_text(encoding="utf-8")
            self._document.write_text(rewritten(text, figures, today, machine()), encoding="utf-8")
            terminalreporter.write_line(f"written to {self._document.name}")
