"""What all commands share: the data root, exit codes, where words go."""

import logging
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.logging import RichHandler

from ods_pipeline.progress import show_bars_on

EXIT_ERROR, EXIT_BUSY, EXIT_INCOMPLETE, EXIT_ATTENTION = 1, 3, 4, 5
Root = Annotated[
    Path, Parameter(name="--data-root", env_var="ODS_DATA_ROOT", help="Where raw files and output lie.")
]
DEFAULT_ROOT = Path("data")


def plain() -> Console:
    """The console for results: no colours, no wrapping, so that pipes and files get whole lines."""
    return Console(soft_wrap=True, markup=False, highlight=False)


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
