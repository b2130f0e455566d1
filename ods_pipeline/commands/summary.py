"""What a person reads after a build, and what `ods-pipeline status` says. Reading and wording only."""

import shlex
import shutil
import sys
from datetime import date
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from ods_pipeline.checks import missing_stamps
from ods_pipeline.dataroot.layout import DataRoot, current_build
from ods_pipeline.defs.build import Built
from ods_pipeline.inventory.held import (
    build_info,
    due_fetches,
    due_releases,
    held_captures,
    holds_sample,
    is_published,
    unanswered,
)
from ods_pipeline.inventory.repair import damaged_receipts
from ods_pipeline.schema import TABLES

SHOWN = 12


def show_build(console: Console, root: DataRoot, built: Built) -> None:
    """The summary of a build: what came in, what is there, what changed, what needs a look, what next."""
    assert built.published is not None
    info = build_info(built.published)
    if built.nothing_new:
        console.print(f"Nothing new: the published set as of {info['as_of']} stands.")
    else:
        console.print(f"Published the register as of {info['as_of']} (build {built.published.name}).")
    if info["today"] != info["as_of"]:
        console.print(f"The marts speak for {info['today']}.")
    if holds_sample(root):
        console.print("This is the embedded sample: partly composed, for trying things out.", style="yellow")
    console.print(_counts(built.published))
    _changes(console, info)
    _attention(console, built)
    _places(console, root)


def _counts(build: Path) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    grid.add_column("table", no_wrap=True)
    grid.add_column("rows", justify="right", no_wrap=True)
    for table in TABLES.values():
        rows = pl.scan_parquet(build / table.path).select(pl.len()).collect().item()
        grid.add_row(f"{table.schema}.{table.name}", f"{rows:,}")
    return grid


def _changes(console: Console, info: dict) -> None:
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


def _attention(console: Console, built: Built) -> None:
    told = [f"{c.asset} {c.name}: {c.summary}" for o in built.outcomes for c in o.warnings]
    for line in [*dict.fromkeys(told)]:
        console.print(Text.assemble(("warning ", "yellow"), line))
    for line in built.problems:
        console.print(Text.assemble(("problem ", "red"), line))
    if built.missing:
        console.print(Text.assemble(("missing ", "red"), "stamps never asked for: ", _days(built.missing)))


def _places(console: Console, root: DataRoot) -> None:
    where = root.path
    files = ", ".join(f"{where / folder}/*.parquet" for folder in ("tables", "history", "marts"))
    console.print(f"\nWhere it is: {where / 'ods.duckdb'} (schemas ord, history and marts), {files}")
    query = "SELECT ods_code, name, pcn_code FROM marts.provider_hierarchy_current WHERE pcn_code IS NOT NULL"
    file = str(where / "ods.duckdb")
    program = f"import duckdb; print(duckdb.connect({file!r}, read_only=True).sql({query!r}))"
    console.print("Try next:")
    console.print(f"  {_program('python')} -c {_quoted(program)}")
    for command in ("status", "ui"):
        console.print(f"  {_command(command, root)}")


def _command(name: str, root: DataRoot) -> str:
    """A command of ours that can be pasted here."""
    option = "" if root.path == Path("data") else f" --data-root {shlex.quote(str(root.path))}"
    return f"{_program('ods-pipeline')} {name}{option}"


def _quoted(program: str) -> str:
    """In double quotes where that is enough, which reads better."""
    return f'"{program}"' if not set(program) & set('"$`\\!') else shlex.quote(program)


def _program(name: str) -> str:
    """How to call a program of this environment from here: with its path, unless it is on PATH anyway."""
    beside = Path(sys.executable).parent / name
    if not beside.exists() or shutil.which(name) == str(beside):
        return name
    try:
        return str(beside.relative_to(Path.cwd()))
    except ValueError:
        return str(beside)


def show_status(console: Console, root: DataRoot) -> int:
    """What is held, up to when, and what is missing. Returns 0, or 4 if something is missing or due."""
    captures = held_captures(root)
    if captures is None:
        console.print(f"{root.path} holds nothing yet. Run: {_command('build', root)}")
        return 0
    releases = captures.filter(pl.col("kind") == "full").sort("release_date")
    deltas = captures.filter(pl.col("kind") == "delta")
    sample = " (the embedded sample)" if holds_sample(root) else ""
    console.print(f"{root.path}{sample}")
    for day, published, records in releases.select(
        "release_date", "publication_date", "parsed_records"
    ).iter_rows():
        archive = captures.filter((pl.col("release_date") == day) & (pl.col("kind") == "archive"))
        archived = archive["parsed_records"].sum()
        console.print(
            f"  release {day}, of {published}: {records:,} full and {archived:,} archive records",
        )
    if deltas.height:
        console.print(
            f"  {deltas.height:,} fetches: stamps {deltas['stamps_from'].min()} to "
            f"{deltas['stamps_to'].max()}, {deltas['parsed_records'].sum():,} records, "
            f"the last on {deltas['as_of'].max()}",
        )
    else:
        console.print("  no deltas: the register stands as of the release")
    build = current_build(root)
    if build is None:
        console.print("  nothing is published yet")
    else:
        console.print(f"  published: build {build.name} as of {build_info(build).get('as_of')}")
    missing = missing_stamps(captures)
    console.print(f"  missing stamps: {_days(missing) if missing else 'none'}")
    in_vain = unanswered(root)
    if in_vain:
        console.print(f"  asked for in vain: {_listed([*in_vain])}; the next fetch asks again")
    due = [r.release_date for r in due_releases(root)] + [f.folder.name for f in due_fetches(root)]
    if due:
        console.print(f"  held but not flattened yet: {', '.join(due)}")
    damaged = damaged_receipts(root)
    if damaged:
        names = ", ".join(path.name for path, _ in damaged)
        console.print(f"  damaged receipts: {names}; run: {_command('build', root)}")
    behind = build is not None and not is_published(root, captures, build_info(build).get("today"))
    if behind:
        console.print(f"  held but not published yet; run: {_command('build', root)}")
    aside = sorted(p.name for p in root.quarantine.glob("*.reason.json"))
    if aside:
        names = ", ".join(n.removesuffix(".reason.json") for n in aside)
        console.print(f"  set aside in quarantine/: {names} (the reason lies beside each)")
    return 4 if missing or in_vain or due or damaged or behind or build is None else 0


def _days(days: list[date]) -> str:
    return _listed([d.isoformat() for d in days])


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
