"""What a person reads after a build, and what `ods-pipeline status` says. Reading and wording only."""

import shutil
import sys
from datetime import date
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table as Grid

from ods_pipeline.checks import missing_stamps
from ods_pipeline.held import build_info, due_fetches, due_releases, held_captures
from ods_pipeline.pipeline import Built
from ods_pipeline.schema import MARTS, ORD
from ods_pipeline.source.receipt import SAMPLE_MARK
from ods_pipeline.storage import DataRoot, current_build

SHOWN = 12


def show_build(console: Console, root: DataRoot, built: Built) -> None:
    """The summary of a build: what came in, what is there, what changed, what needs a look, what next."""
    assert built.published is not None
    info = build_info(built.published)
    if built.nothing_new:
        console.print(f"Nothing new: the published set as of [bold]{info['as_of']}[/] stands.")
    else:
        console.print(
            f"Published the register as of [bold]{info['as_of']}[/] (build {built.published.name})."
        )
    if is_sample(root):
        console.print("[yellow]This is the embedded sample: partly composed, for trying things out.[/]")
    console.print(_counts(built.published))
    _changes(console, info)
    _attention(console, built)
    _places(console, root)


def _counts(build: Path) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    grid.add_column("table", no_wrap=True)
    grid.add_column("rows", justify="right", no_wrap=True)
    for table in [*ORD, *MARTS]:
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
        console.print(f"  {effect:<22} {code:<10} {name}", highlight=False)
    if len(rows) > SHOWN:
        console.print(f"  … and {len(rows) - SHOWN:,} more")


def _attention(console: Console, built: Built) -> None:
    told = [f"{c.asset} {c.name}: {c.summary}" for o in built.outcomes for c in o.warnings]
    for line in [*dict.fromkeys(told)]:
        console.print(f"[yellow]warning[/] {line}", highlight=False)
    for line in built.problems:
        console.print(f"[red]problem[/] {line}", highlight=False)
    if built.missing:
        console.print(f"[red]missing[/] stamps never asked for: {_days(built.missing)}", highlight=False)


def _places(console: Console, root: DataRoot) -> None:
    where = root.path
    option = "" if where == Path("data") else f" --data-root {where}"
    console.print(
        f"\nWhere it is: {where / 'ods.duckdb'} (schemas ord and marts), {where / 'tables'}/*.parquet, "
        f"{where / 'marts'}/*.parquet",
        highlight=False,
    )
    console.print("Try next:")
    query = "SELECT ods_code, name, pcn_code FROM marts.provider_hierarchy_current WHERE pcn_code IS NOT NULL"
    for command in (
        f"""{_program("python")} -c "import duckdb; print(duckdb.connect('{where / "ods.duckdb"}', """
        f"""read_only=True).sql('{query}'))\"""",
        f"{_program('ods-pipeline')} status{option}",
        f"{_program('ods-pipeline')} ui{option}",
    ):
        console.print(f"  {command}", highlight=False, markup=False)


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
        console.print(f"{root.path} holds nothing yet. Run: ods-pipeline build")
        return 0
    releases = captures.filter(pl.col("kind") == "full").sort("release_date")
    deltas = captures.filter(pl.col("kind") == "delta")
    sample = " (the embedded sample)" if is_sample(root) else ""
    console.print(f"{root.path}{sample}", highlight=False)
    for day, published, records in releases.select(
        "release_date", "publication_date", "parsed_records"
    ).iter_rows():
        archive = captures.filter((pl.col("release_date") == day) & (pl.col("kind") == "archive"))
        archived = archive["parsed_records"].sum()
        console.print(
            f"  release {day}, of {published}: {records:,} full and {archived:,} archive records",
            highlight=False,
        )
    if deltas.height:
        console.print(
            f"  {deltas.height:,} fetches: stamps {deltas['stamps_from'].min()} to "
            f"{deltas['stamps_to'].max()}, {deltas['parsed_records'].sum():,} records, "
            f"the last on {deltas['as_of'].max()}",
            highlight=False,
        )
    else:
        console.print("  no deltas: the register stands as of the release")
    build = current_build(root)
    if build is None:
        console.print("  nothing is published yet")
    else:
        console.print(
            f"  published: build {build.name} as of {build_info(build).get('as_of')}", highlight=False
        )
    missing = missing_stamps(captures)
    console.print(f"  missing stamps: {_days(missing) if missing else 'none'}", highlight=False)
    due = [r.release_date for r in due_releases(root)] + [f.folder.name for f in due_fetches(root)]
    if due:
        console.print(f"  held but not flattened yet: {', '.join(due)}", highlight=False)
    aside = sorted(p.name for p in root.quarantine.glob("*.reason.json"))
    if aside:
        names = ", ".join(n.removesuffix(".reason.json") for n in aside)
        console.print(f"  set aside in quarantine/: {names} (the reason lies beside each)", highlight=False)
    return 4 if missing or due else 0


def is_sample(root: DataRoot) -> bool:
    """Whether the data root holds the embedded sample."""
    captures = held_captures(root)
    return captures is not None and bool((captures["publication_source"] == SAMPLE_MARK).any())


def _days(days: list[date]) -> str:
    shown = ", ".join(d.isoformat() for d in days[:SHOWN])
    return shown + (f" and {len(days) - SHOWN:,} more" if len(days) > SHOWN else "")
