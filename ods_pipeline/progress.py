"""Progress for whoever watches: a bar on a terminal, plain log lines otherwise, nothing when quiet."""

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
_watching: dict[str, Console | None] = {"console": None}


def show_bars_on(console: Console | None) -> None:
    """Sends progress to ``console`` as bars; None goes back to log lines."""
    _watching["console"] = console


@contextmanager
def progress(
    label: str, *, counted: bool = False, told_above: int = 100_000_000
) -> Generator[Callable[[int, int], None]]:
    """Gives a function to call with (bytes done, bytes in all), or with counts of things if ``counted``.

    Without a terminal, every tenth is a log line if there are more than ``told_above`` in all.
    """
    console = _watching["console"]
    if console is None or not console.is_terminal:
        tenths = -1

        def tell(done: int, total: int) -> None:
            nonlocal tenths
            now = 10 * done // total if total else 10
            # Small inputs are done before anyone could read a line about them.
            if total > told_above and now > tenths:
                tenths = now
                log.info("%s: %d %%", label, 10 * now)

        yield tell
        return
    amount = MofNCompleteColumn() if counted else DownloadColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(label, total=None)
        yield lambda done, total: bars.update(task, completed=min(done, total), total=total)
