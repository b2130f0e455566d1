"""What all commands share: the data root, exit codes, where words go."""

import logging
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.logging import RichHandler

from ods_pipeline.errors import printable
from ods_pipeline.progress import show_bars_on

EXIT_ERROR, EXIT_BUSY, EXIT_INCOMPLETE, EXIT_ATTENTION = 1, 3, 4, 5
Root = Annotated[
    Path, Parameter(name="--data-root", env_var="ODS_DATA_ROOT", help="Where raw files and output lie.")
]
DEFAULT_ROOT = Path("data")


class _Plain(Console):
    """Shows what stands in a file or in the register as text: no sign of it is a command to the terminal."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(_harmless(o) if isinstance(o, str) else o for o in objects), **options)


def _harmless(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def plain(*, stderr: bool = False) -> Console:
    """The console for results: no colours, no wrapping, so that pipes and files get whole lines."""
    return _Plain(soft_wrap=True, markup=False, highlight=False, stderr=stderr)


def as_text(argument: str) -> str:
    """An argument as text: bytes that are no UTF-8 reach Python as signs that no database takes."""
    return argument.encode("utf-8", "replace").decode("utf-8")


def talk(quiet: bool) -> Console:
    """Sends log lines to stderr (with bars on a terminal); gives the console for results."""
    errors = Console(stderr=True)
    handler: logging.Handler
    if errors.is_terminal:
        handler = RichHandler(console=errors, show_path=False, show_time=False, markup=False)
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    # On the handler: Dagster sets the level of the logger itself.
    handler.setLevel(logging.WARNING if quiet else logging.INFO)
    logger = logging.getLogger("ods_pipeline")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    show_bars_on(None if quiet else errors)
    return plain()
