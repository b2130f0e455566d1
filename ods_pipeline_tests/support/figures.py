"""Figures that tests record: how much was tried, how often, how long.

Lives here: the way of a figure from a test to the table, through the processes of pytest-xdist. Does not live
here: what is measured. Figures are printed at the end of a run, and `--write-figures` writes them into
docs/guarantees.md.

A test calls `record("resumed", "kills survived", 60)`. Figures with the same promise and the same label are
combined: whole numbers are counts and are added up; for other numbers (seconds, sizes) the highest is kept;
texts are listed. A test that fails has no figures. Figures recorded outside a test and the set-up of its
fixtures are lost. They travel in the reports of the tests, so a crashed worker loses its own and no others.
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

_recorded: list[tuple[str, str, Value]] = []


def record(promise: str, what: str, value: Value) -> None:
    """Record a figure of the running test.

    Args:
        promise: The name of a promise of docs/guarantees.md.
        what: The label of the figure.
        value: A count (int), a measure (float) or a text.

    Raises:
        ValueError: There is no such promise, or the label or value would break the table.
    """
    if promise not in {p.name for p in promises.read_promises()}:
        raise ValueError(
            f"{promise!r}: docs/guarantees.md has no promise of this name. Take one from its headings"
        )
    if isinstance(value, bool) or set("|\n") & set(f"{what}{value}"):
        raise ValueError(f"not a figure for a table: {what!r} {value!r}. Leave out |, line breaks, bools")
    _recorded.append((promise, what, value))


def combine(figures: Iterable[tuple[str, str, Value]]) -> dict[Named, str]:
    """Return one text for each promise and label, sorted."""
    values_by_name: dict[Named, list[Value]] = {}
    for promise, what, value in figures:
        values_by_name.setdefault((promise, what), []).append(value)
    return {name: _as_one(values) for name, values in sorted(values_by_name.items())}


def _as_one(values: list[Value]) -> str:
    numbers = [value for value in values if not isinstance(value, str)]
    if len(numbers) < len(values):
        return ", ".join(sorted({str(value) for value in values}))
    if all(isinstance(number, int) for number in numbers):
        return f"{sum(numbers):,}"
    highest = max(numbers)
    return f"{highest:,.0f}" if highest >= 100 else f"{highest:.2g}" if highest < 10 else f"{highest:.1f}"


def rows_of(document: str) -> dict[Named, tuple[str, str]]:
    """Return the figures of a document by promise and label: the figure and its day (ISO)."""
    return {(r["promise"], r["what"]): (r["value"], r["day"]) for r in _ROW.finditer(document)}


def with_figures(document: str, figures: dict[Named, str], day: date, machine: str) -> str:
    """Return the document with these figures; rows that this run did not record stay, with their day.

    Raises ValueError if the document has no table of figures.
    """
    rows = rows_of(document) | {name: (value, day.isoformat()) for name, value in figures.items()}
    lines = ["| promise | what | figure | day |", "|---|---|---:|---|"]
    lines += [
        f"| {promise} | {what} | {value} | {on} |" for (promise, what), (value, on) in sorted(rows.items())
    ]
    text = f"\nThe newest were taken on {machine}.\n\n" + "\n".join(lines) + "\n\n"
    new_document, tables = _TABLE.subn(lambda _: text, document)
    if tables != 1:
        raise ValueError("the document has no table of figures. Add <!-- figures --> and <!-- end -->")
    return new_document


def _as_figure(value: object) -> tuple[str, str, Value]:
    promise, what, figure = value if isinstance(value, list | tuple) else (None, None, None)
    assert isinstance(promise, str) and isinstance(what, str) and isinstance(figure, int | float | str)
    return promise, what, figure


def add_option(parser: pytest.Parser) -> None:
    """Add the option `--write-figures`."""
    parser.addoption("--write-figures", action="store_true", help="write the figures into docs/guarantees.md")


class Figures:
    """The pytest plugin; `--write-figures` rewrites ``document``."""

    def __init__(self, document: Path = promises.GUARANTEES) -> None:
        self._document = document
        self._reported: list[tuple[str, str, Value]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the figures to the test's properties, which xdist transfers from its workers."""
        item.user_properties += [(_PROPERTY, list(figure)) for figure in _recorded]
        _recorded.clear()
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # The report of the call includes the figures of the set-up; that of the tear-down repeats them all.
        if report.passed and report.when == "call":
            self._reported += [
                _as_figure(value) for name, value in report.user_properties if name == _PROPERTY
            ]

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        figures = combine(self._reported)
        if not figures:
            return
        terminalreporter.section("figures")
        for (promise, what), value in figures.items():
            terminalreporter.write_line(f"{promise:18} {what}: {value}")
        if config.getoption("--write-figures"):
            today = date.today()  # noqa: DTZ011 - the day of the run, by the clock of this machine
            text = self._document.read_text(encoding="utf-8")
            self._document.write_text(with_figures(text, figures, today, machine()), encoding="utf-8")
            terminalreporter.write_line(f"written to {self._document.name}")
