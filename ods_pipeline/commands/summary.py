"""What `build` and `rebuild-history` print at their end. Reads the published set, changes nothing."""

import shlex
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from ods_pipeline.commands.common import EXIT_INCOMPLETE, SHOWN, command_line, plain, program, shortened
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.runs import Built
from ods_pipeline.errors import OutputFailed
from ods_pipeline.inventory.backfill import LACKS
from ods_pipeline.inventory.sample import holds_sample
from ods_pipeline.publish.build_info import read_build_info
from ods_pipeline.schema import SCHEMAS, TABLES


def reported(console: Console, root: DataRoot, built: Built, *, quiet: bool) -> int:
    """Do as ``report``.

    Raises:
        OutputFailed: The summary could not be printed. Its code is that of the build, which is published.
    """
    try:
        return report(console, root, built, quiet=quiet)
    except OutputFailed as error:
        name = built.published.name if built.published else ""
        raise OutputFailed(
            f"build {name} is published, but its summary could not be printed: {error.what}",
            do=f"See it with {command_line('status', root.path)}",
            code=EXIT_INCOMPLETE if built.problems or built.missing else 0,
        ) from error


def report(console: Console, root: DataRoot, built: Built, *, quiet: bool) -> int:
    """Print the summary of a build, or with ``quiet`` its problems only, to stderr.

    Returns:
        The exit code: 0, or 4 if something could not be used or days are missing.
    """
    if quiet:
        errors = plain(stderr=True)
        for problem in built.problems:
            errors.print(problem)
    else:
        _print_summary(console, root, built)
    return EXIT_INCOMPLETE if built.problems or built.missing else 0


def _print_summary(console: Console, root: DataRoot, built: Built) -> None:
    """Print what was published, how many rows, what changed, what needs attention, and what to run next."""
    assert built.published is not None
    info = read_build_info(built.published)
    if built.nothing_new:
        console.print(f"Nothing new: the published set is still that of {info['as_of']}.")
    else:
        console.print(f"Published the register as of {info['as_of']} (build {built.published.name}).")
    if info["today"] != info["as_of"]:
        console.print(f"The marts describe {info['today']}.")
    if holds_sample(root):
        console.print("This is the embedded sample: partly composed, for trying things out.", style="yellow")
    console.print(_row_counts(built.published))
    _print_changes(console, info)
    full = pl.read_parquet(built.published / TABLES["captures"].path).filter(kind="full")
    if (full["source"] == "odt").all():
        console.print(f"The register was read from ODT: {LACKS}.", style="yellow")
    _print_warnings(console, built)
    _print_places(console, root)


def _row_counts(build: Path) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    grid.add_column("table", no_wrap=True)
    grid.add_column("rows", justify="right", no_wrap=True)
    for table in TABLES.values():
        rows = pl.scan_parquet(build / table.path).select(pl.len()).collect().item()
        grid.add_row(f"{table.schema}.{table.name}", f"{rows:,}")
    return grid


def _print_changes(console: Console, info: dict) -> None:
    deltas = info.get("deltas", {})
    if not any(deltas.values()):
        return
    console.print(
        f"\nSince the release the deltas brought {sum(deltas.values()):,} records: {deltas['new']:,} new, "
        f"{deltas['changed']:,} changed, {deltas['unchanged']:,} unchanged, "
        f"{deltas['stub_of_a_complete_record']:,} stubs of complete records (left as they were)."
    )
    rows = info.get("changed", [])
    for code, name, effect in rows[:SHOWN]:
        console.print(f"  {effect:<22} {code:<10} {name}")
    if len(rows) > SHOWN:
        console.print(f"  … and {len(rows) - SHOWN:,} more")


def _print_warnings(console: Console, built: Built) -> None:
    warnings = [f"{c.asset} {c.name}: {c.summary}" for o in built.outcomes for c in o.warnings]
    for warning in dict.fromkeys(warnings):
        console.print(Text.assemble(("warning ", "yellow"), warning))
    for problem in built.problems:
        console.print(Text.assemble(("problem ", "red"), problem))
    if built.missing:
        days = shortened(built.missing)
        console.print(Text.assemble(("missing ", "red"), "stamps never requested: ", days))


def _print_places(console: Console, root: DataRoot) -> None:
    folder = root.path
    folders = dict.fromkeys(table.folder for table in TABLES.values())
    files = ", ".join(f"{folder / name}/*.parquet" for name in folders if (folder / name).exists())
    console.print(f"\nWhere it is: {folder / 'ods.duckdb'} (schemas {', '.join(SCHEMAS)}), {files}")
    query = "SELECT ods_code, name, pcn_code FROM marts.provider_hierarchy_current WHERE pcn_code IS NOT NULL"
    file = str(folder / "ods.duckdb")
    script = f"import duckdb; print(duckdb.connect({file!r}, read_only=True).sql({query!r}))"
    console.print("Try next:")
    console.print(f"  {program('python')} -c {_quoted(script)}")
    for command in ("status", "ui"):
        console.print(f"  {command_line(command, folder)}")


def _quoted(script: str) -> str:
    """Return a script as one shell word; in double quotes where that is enough, because it reads better."""
    return f'"{script}"' if not set(script) & set('"$`\\!') else shlex.quote(script)
