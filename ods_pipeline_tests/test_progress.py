"""Progress: bars on a terminal, lines in a log, nothing when quiet."""

import io
import logging
from collections.abc import Iterator

import pytest
from rich.console import Console

from ods_pipeline.progress import progress, show_bars_on

MANY = 200_000_000


@pytest.fixture(autouse=True)
def no_bars_afterwards() -> Iterator[None]:
    yield
    show_bars_on(None)


def flatten_in_tenths(total: int) -> None:
    with progress("Flattening the release") as report:
        for tenth in range(11):
            report(tenth * total // 10, total)


def test_on_a_terminal_a_bar_is_drawn(caplog: pytest.LogCaptureFixture) -> None:
    terminal = io.StringIO()
    show_bars_on(Console(file=terminal, force_terminal=True, width=100))
    with caplog.at_level(logging.INFO, "ods_pipeline"):
        flatten_in_tenths(MANY)
    assert "Flattening the release" in terminal.getvalue()
    assert "200.0/200.0 MB" in terminal.getvalue()
    assert caplog.text == ""


@pytest.mark.parametrize("console", [None, Console(file=io.StringIO())], ids=["quiet", "not a terminal"])
def test_elsewhere_each_tenth_is_a_line(caplog: pytest.LogCaptureFixture, console: Console | None) -> None:
    show_bars_on(console)
    with caplog.at_level(logging.INFO, "ods_pipeline"):
        flatten_in_tenths(MANY)
    tenths = [f"Flattening the release: {10 * n} %" for n in range(11)]
    assert [record.getMessage() for record in caplog.records] == tenths


def test_small_inputs_are_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "ods_pipeline"):
        flatten_in_tenths(5_000)
    assert caplog.records == []
