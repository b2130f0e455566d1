"""What all commands share: the data root, exit codes, consoles, and lines that several of them print."""

import logging
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.logging import RichHandler
from rich.text import Text

from ods_pipeline.commands.days import Day
from ods_pipeline.errors import OutputFailed, printable
from ods_pipeline.progress import show_bars_on

# Their meanings: EXIT_CODES in commands/__init__.py.
EXIT_ARGUMENTS = 2
EXIT_ERROR, EXIT_BUSY, EXIT_INCOMPLETE, EXIT_ATTENTION, EXIT_INTERRUPTED = 1, 3, 4, 5, 130
DEFAULT_ROOT = Path("data")
# Longer lists of names are cut after this many.
SHOWN = 12
Root = Annotated[
    Path,
    Parameter(name="--data-root", env_var="ODS_DATA_ROOT", help="The folder of raw files and of all output."),
]
Today = Annotated[Day, Parameter(help="The day that the marts describe. Default: the newest day held.")]
Quiet = Annotated[bool, Parameter(negative="", help="Print nothing but warnings and errors.")]


class HelpConsole(Console):
    """A console that reports output that cannot be written as that, and not as a full disk of ours."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does.

        Raises:
            OutputFailed: Standard output cannot be written.
        """
        try:
            super().print(*objects, **options)
        except OSError as error:  # not of a file of ours: nothing was lost but the text
            raise OutputFailed(
                f"it cannot be written ({error.strerror})", do="Send it to a place with room", code=EXIT_ERROR
            ) from error


class _Plain(HelpConsole):
    """A console on which text from a file or from the register cannot act as a terminal command."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*map(_harmless, objects), **options)


class _Harmless(logging.Filter):
    """Text from a server or a file must not act as a terminal command through a log line either."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _escaped_lines(record.getMessage()), None
        return True


def _harmless(shown: Any) -> Any:
    if isinstance(shown, str):
        return _escaped_lines(shown)
    if isinstance(shown, Text):
        shown.plain = _escaped_lines(shown.plain)
    return shown


def _escaped_lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def plain(*, stderr: bool = False) -> Console:
    """Return the console for results: no colours, no wrapping, so that pipes and files get whole lines."""
    return _Plain(soft_wrap=True, markup=False, highlight=False, stderr=stderr)


def as_text(argument: str) -> str:
    """Return an argument as valid text: bytes that are not UTF-8 become question marks.

    Python passes such bytes on as lone surrogates, which no database accepts.
    """
    return argument.encode("utf-8", "replace").decode("utf-8")


def start_logging(quiet: bool) -> Console:
    """Send log lines to stderr, with progress bars on a terminal, and return the console for results."""
    errors = Console(stderr=True)
    handler: logging.Handler
    if errors.is_terminal:
        handler = RichHandler(console=errors, show_path=False, show_time=False, markup=False)
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    # On the handler: Dagster sets the level of the logger itself.
    handler.addFilter(_Harmless())
    handler.setLevel(logging.WARNING if quiet else logging.INFO)
    logger = logging.getLogger("ods_pipeline")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    show_bars_on(None if quiet else errors)
    return plain()


def shortened(names: Sequence[object]) -> str:
    """Return the first ``SHOWN`` names, and how many more there are."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(map(str, names[:SHOWN])) + more


def command_line(name: str, data_root: Path) -> str:
    """Return a command of ours for this data root that can be pasted into this shell."""
    option = "" if data_root == DEFAULT_ROOT else f" --data-root {shlex.quote(str(data_root))}"
    return f"{program('ods-pipeline')} {name}{option}"


def program(name: str) -> str:
    """Return how to call a program of this environment: its path, or its bare name if it is on PATH."""
    path = Path(sys.executable).parent / name
    if not path.exists() or shutil.which(name) == str(path):
        return name
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
