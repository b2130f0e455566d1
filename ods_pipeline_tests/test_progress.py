"""Progress: bars on a terminal, log lines elsewhere, nothing for small inputs."""

import io
import logging
from collections.abc import Iterator

import pytest
from rich.console import Console

from ods_pipeline.progress import progress, show_bars_on

MANY = 200_000_000


@pytest.fixture(autouse=True)
def no_bars_after_the_test() -> Iterator[None]:
    yield
    show_bars_on(None)


def flatten_in_tenths(total: int) -> None:
    with progress("Flattening the release") as report:
        for tenth in range(11):
            report(tenth * total // 10, total)


def test_a_terminal_gets_a_bar(caplog: pytest.LogCaptureFixture) -> None:
    terminal = io.StringIO()
    show_bars_on(Console(file=terminal, force_terminal=True, width=100))
    with caplog.at_level(logging.INFO, "ods_pipeline"):
        flatten_in_tenths(MANY)
    assert "Flattening the release" in terminal.getvalue()
    assert "200.0/200.0 MB" in terminal.getvalue()
    assert caplog.text == ""


@pytest.mark.parametrize("console", [None, Console(file=io.StringIO())], ids=["quiet", "not a terminal"])
def test_elsewhere_each_tenth_is_logged(caplog: pytest.LogCaptureFixture, console: Console | None) -> None:
    show_bars_on(console)
    with caplog.at_level(logging.INFO, "ods_pipeline"):
        flatten_in_tenths(MANY)
    tenths = [f"Flattening the release: {10 * n} %" for n in range(11)]
    assert [record.getMessage() for record in caplog.records] == tenths


def test_a_small_input_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "ods_pipeline"):
        flatten_in_tenths(5_000)
    assert caplog.records == []
