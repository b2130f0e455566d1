"""The command line: which commands there are, and how an error becomes an exit code.

Lives here: the wiring. Does not live here: the commands (``commands/``, one module each). A module is
imported when its command is called, so that ``ods-pipeline --help`` needs neither Dagster nor Polars nor
DuckDB.
"""

import os
import re
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError
from cyclopts.exceptions import MissingArgumentError, UnusedCliTokensError

from ods_pipeline import __version__
from ods_pipeline.commands import EXIT_CODES, HELP, HIDDEN
from ods_pipeline.commands.common import EXIT_ARGUMENTS, EXIT_BUSY, EXIT_ERROR, EXIT_INTERRUPTED, HelpConsole
from ods_pipeline.dataroot.umask import restrict_umask
from ods_pipeline.errors import Busy, OdsError, OutputFailed

_DID_YOU_MEAN = re.compile(r"Did you mean (\S+)\?")

app = App(
    name="ods-pipeline",
    help="The NHS organisation register (ODS) as Parquet tables and DuckDB marts.",
    help_epilogue=EXIT_CODES,
    version=__version__,
    console=HelpConsole(),
    suppress_keyboard_interrupt=False,  # main() reports an interruption and wrong arguments itself
    print_error=False,
    exit_on_error=False,
)
for _name, _help in HELP.items():
    _function = _name.replace("-", "_")
    app.command(
        f"ods_pipeline.commands.{_function}:{_function}",
        name=_name,
        help=_help,
        help_epilogue="",
        show=_name not in HIDDEN,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process with its exit code.

    An error meant for people is one line on stderr, without a traceback.
    """
    restrict_umask()
    try:
        if sys.flags.optimize >= 2:
            raise OdsError(
                "python -OO removes the docstrings, and the descriptions of tables are made from them",
                do="Run it without -OO (PYTHONOPTIMIZE)",
            )
        code = app(sys.argv[1:] if arguments is None else arguments, result_action="return_value")
    except CycloptsError as error:
        code = _report(_wrong_arguments(error), EXIT_ARGUMENTS)
    except OutputFailed as error:
        code = _report(error, error.code)
        _drop_output()
    except Busy as error:
        code = _report(error, EXIT_BUSY)
    except OdsError as error:
        code = _report(error, EXIT_ERROR)
    except OSError as error:
        from ods_pipeline.dataroot.os_errors import as_ods_error

        explained = as_ods_error(error) or OdsError(error.strerror or str(error), where=error.filename)
        code = _report(explained, EXIT_ERROR)
    except KeyboardInterrupt:
        print("interrupted; the published set has not changed", file=sys.stderr)
        code = EXIT_INTERRUPTED
    sys.exit(code if isinstance(code, int) else 0)


def _wrong_arguments(error: CycloptsError) -> OdsError:
    """Return what cyclopts reports about the arguments as one line with what to do."""
    command = " ".join((*app.name, *(error.command_chain or ())))
    if isinstance(error, UnusedCliTokensError):
        what = f"it does not take {', '.join(map(repr, error.unused_tokens or ()))}"
    elif isinstance(error, MissingArgumentError) and error.argument is not None:
        what = f"{error.argument.name} needs a value"
    else:
        message = " ".join(str(error).split()).partition(" Available commands")[0]
        what = _DID_YOU_MEAN.sub(r"Perhaps \1 is meant", message[:1].lower() + message[1:])
    return OdsError(what, where=command, do=f"Run: {command} --help")


def _drop_output() -> None:
    """Forget what could not be written: the interpreter would try again at its end, and report it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(error: OdsError, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
