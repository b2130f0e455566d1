"""The commands. Arguments and exit codes live here; what the commands do lives elsewhere.

Exit codes: 0 all well · 1 something could not be used, nothing was published · 2 wrong arguments ·
3 another build is under way · 4 published, but days or records are missing or a fetch could not be used ·
5 find found nothing, or some codes of a check need attention. An audit that finds a difference ends with 1.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ods_pipeline import __version__
from ods_pipeline.commands import HELP
from ods_pipeline.commands.common import (
    DEFAULT_ROOT,
    EXIT_BUSY,
    EXIT_ERROR,
    EXIT_INCOMPLETE,
    Root,
    plain,
    talk,
)
from ods_pipeline.dataroot.umask import keep_to_ourselves
from ods_pipeline.errors import Busy, OdsError

app = App(
    name="ods-pipeline",
    help="The NHS organisation register (ODS) as Parquet tables and DuckDB marts.",
    version=__version__,
    suppress_keyboard_interrupt=False,  # main() says what an interruption means
)


@app.command
def build(
    *,
    release: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="latest or a date (from TRUD, unless held), or a TRUD zip on disk. May be repeated.",
        ),
    ] = None,
    recorded: Annotated[
        list[Path] | None, Parameter(negative="", help="A folder of recorded fetches. May be repeated.")
    ] = None,
    data_root: Root = DEFAULT_ROOT,
    today: Annotated[
        date | None, Parameter(help="The day the marts speak for; the newest day held if left out.")
    ] = None,
    trud_only: Annotated[
        bool, Parameter(negative="", help="Take the newest release from TRUD and never ask the ORD API.")
    ] = False,
    deltas: Annotated[
        bool, Parameter(negative="", help="Ask the ORD API for what changed since, even without a TRUD key.")
    ] = False,
    ignore_maintenance_window: Annotated[
        bool, Parameter(negative="", help="Ask the ORD API from 17:00 to 19:00 UK time too.")
    ] = False,
    again: Annotated[bool, Parameter(negative="", help="Publish even if nothing is new.")] = False,
    quiet: Annotated[bool, Parameter(negative="", help="Say nothing but warnings and errors.")] = False,
) -> int:
    """Take in what is new, flatten it, and publish tables, marts and ods.duckdb.

    With TRUD_API_KEY set: the newest release, if it is not held, and what changed since, from the ORD API.
    Without it nothing is fetched; with nothing held yet, the embedded sample is built.
    """
    from ods_pipeline.commands import summary
    from ods_pipeline.dataroot.layout import DataRoot
    from ods_pipeline.defs import build as pipeline
    from ods_pipeline.inventory import wanted as live
    from ods_pipeline.sources.settings import sources_from

    if trud_only and deltas:
        raise OdsError("--trud-only and --deltas contradict each other", do="Give one of them")

    console = talk(quiet)
    root = DataRoot(data_root)
    files, wish = live.wish_for(
        sources_from(os.environ),
        release or (),
        recorded=bool(recorded),
        trud_only=trud_only,
        deltas=deltas,
        ignore_maintenance=ignore_maintenance_window,
    )
    built = pipeline.build(root, releases=files, recorded=recorded or (), today=today, again=again, wish=wish)
    if quiet:
        for line in built.problems:
            print(line, file=sys.stderr)
    else:
        summary.show_build(console, root, built)
    return EXIT_INCOMPLETE if built.problems or built.missing else 0


app.command(
    "ods_pipeline.commands.rebuild_history:rebuild_history",
    help="Tell history again from everything that was flattened, and publish.",
)


@app.command
def status(*, data_root: Root = DEFAULT_ROOT) -> int:
    """Say what is held, up to when, and what is missing."""
    from ods_pipeline.commands import summary
    from ods_pipeline.dataroot.layout import DataRoot

    return summary.show_status(plain(), DataRoot(data_root))


for _name, _help in HELP.items():
    app.command(f"ods_pipeline.commands.{_name}:{_name}", help=_help)


@app.command
def ui(*, data_root: Root = DEFAULT_ROOT, port: int = 3000) -> int:
    """Open Dagster on what the command line did (loopback only)."""
    from ods_pipeline.dataroot.layout import DataRoot
    from ods_pipeline.defs.instance import write_instance_config, write_workspace

    root = DataRoot(data_root.resolve())
    home = write_instance_config(root)
    environment = os.environ | {
        "DAGSTER_HOME": str(home),
        "ODS_DATA_ROOT": str(root.path),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(write_workspace(home))]
    command += ["-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(command, env=environment, check=False).returncode


@app.command(show=False)
def dictionary(file: Path = Path("docs/data-dictionary.md")) -> int:
    """Write the data dictionary from the schema (for whoever changes the schema)."""
    from ods_pipeline.schema import TABLES
    from ods_pipeline.schema.derive import dictionary as text

    file.write_text(text(list(TABLES.values())), encoding="utf-8")
    return 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: errors meant for people are one line, without a traceback."""
    os.umask(os.umask(0o077) | 0o022)  # nothing that is written can be changed by others
    keep_to_ourselves()
    try:
        code = app(sys.argv[1:] if arguments is None else arguments, result_action="return_value")
    except Busy as error:
        code = _say(error, EXIT_BUSY)
    except OdsError as error:
        code = _say(error, EXIT_ERROR)
    except OSError as error:
        from ods_pipeline.dataroot.os_errors import told_of

        told = told_of(error) or OdsError(error.strerror or str(error), where=error.filename)
        code = _say(told, EXIT_ERROR)
    except KeyboardInterrupt:
        print("interrupted; the published set is as it was", file=sys.stderr)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)


def _say(error: OdsError, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
