"""Progress of long steps: a bar on a terminal, log lines elsewhere, nothing with ``--quiet``."""

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

log = logging.getLogger(__name__)
_output: dict[str, Console | None] = {"console": None}


def show_bars_on(console: Console | None) -> None:
    """Draw progress bars on ``console`` from now on; None goes back to log lines."""
    _output["console"] = console


@contextmanager
def progress(
    label: str, *, counted: bool = False, logged_above: int = 100_000_000
) -> Generator[Callable[[int, int], None]]:
    """Yield a function that reports progress, to be called with (done, total).

    Args:
        label: What the step does, shown in front of the bar.
        counted: The amounts are counts of things; otherwise they are bytes.
        logged_above: Without a terminal, each tenth is logged if the total is larger than this.
    """
    console = _output["console"]
    if console is None or not console.is_terminal:
        tenths = -1

        def log_tenth(done: int, total: int) -> None:
            nonlocal tenths
            now = 10 * done // total if total else 10
            # A small input is finished before anyone could read a line about it.
            if total > logged_above and now > tenths:
                tenths = now
                log.info("%s: %d %%", label, 10 * now)

        yield log_tenth
        return
    amount = MofNCompleteColumn() if counted else DownloadColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(label, total=None)
        yield lambda done, total: bars.update(task, completed=min(done, total), total=total)
