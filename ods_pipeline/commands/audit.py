"""`ods-pipeline audit`: is what is published what the raw files hold? Recomputed independently.

Lives here: options and what is printed. Does not live here: what is compared (``audit/``).
"""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.table import Table as Grid

from ods_pipeline.audit.checking import NAMED, Audit
from ods_pipeline.audit.checking import audit as run_audit
from ods_pipeline.audit.raw import PUT_BACK
from ods_pipeline.audit.tables import NOT_COMPARED, NOT_RECOMPUTED
from ods_pipeline.commands.common import DEFAULT_ROOT, EXIT_ERROR, Root, start_logging
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.progress import progress

GONE_SHOWN = 5


def audit(
    *,
    records: Annotated[
        int, Parameter(validator=Number(gte=0), help="How many records to compare field by field.")
    ] = 200,
    seed: Annotated[int, Parameter(help="Chooses the records; the same seed chooses the same ones.")] = 0,
    data_root: Root = DEFAULT_ROOT,
    quiet: Annotated[bool, Parameter(negative="", help="Print only the verdict and what differs.")] = False,
) -> int:
    """Audit the published set and print what was compared and what differs.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing is published, a raw file cannot be read, or raw files are gone.
    """
    console = start_logging(quiet)
    with progress("reading raw files", counted=True, logged_above=100_000) as step:
        result = run_audit(DataRoot(data_root), records, seed, step)
    if not quiet:
        _print_scope(console, result, seed)
    _print_differences(console, result)
    if result.raw.gone:
        listed = ", ".join(result.raw.gone[:GONE_SHOWN])
        raise OdsError(
            f"raw files of this build are gone ({listed}); without them no table of ord and history can be "
            "audited",
            where=data_root / "raw",
            do=PUT_BACK,
        )
    if result.is_equal:
        console.print("Equal: the published set matches the raw files.")
        return 0
    console.print("DIFFERENT: the published set does not match the raw files.")
    return EXIT_ERROR


def _print_scope(console: Console, result: Audit, seed: int) -> None:
    raws = result.raw.captures
    releases = sum(not raw.is_delta for raw in raws)
    console.print(f"Audit of build {result.build.name}, published as of {result.as_of}")
    fetches = len(raws) - releases
    counts = f"{_counted(releases, 'release', 'releases')}, {_counted(fetches, 'fetch', 'fetches')}"
    console.print(f"Raw files: {counts}")
    for label in result.raw.waiting:
        console.print(f"  note: {label} is in raw/ and not published yet; run: ods-pipeline build")
    if result.tables:
        console.print(_counts(result))
    for line in result.manifests:
        console.print(
            f"{line.capture_id}: RecordCount {line.record_count:,}; {line.used:,} used + {line.superseded:,} "
            f"superseded + {line.set_aside:,} set aside; {line.scope} primary roles in scope, "
            f"{line.scope_held} held"
        )
    differing = len({(copy.table, copy.column) for copy in result.copy_differences})
    console.print(
        f"Parquet and ods.duckdb: rows, values and sums of every column of {result.published_tables} tables; "
        f"{differing} columns differ"
    )
    console.print(
        f"Between tables: {result.identities} identities checked on ord, history and marts; "
        f"{len(result.broken)} do not hold"
    )
    if result.sampled:
        console.print(
            f"Sample: {result.sampled.records:,} records, {result.sampled.fields:,} fields compared in "
            f"ods.duckdb, {len(result.sampled.differences)} differ (seed {seed})"
        )
    for table, reason in NOT_RECOMPUTED.items():
        console.print(f"not compared: {table}, {reason}")
    for table, columns in NOT_COMPARED.items():
        for column, reason in columns.items():
            console.print(f"not compared: {table}.{column}, {reason}")
    console.print("not compared: the tables in geo with the files that they were read from")
    console.print("not compared: the marts value by value; they are checked by the identities")


def _counts(result: Audit) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    grid.add_column("table", no_wrap=True)
    for heading in ("raw", "published", "columns", "differ"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for table in result.tables:
        counts = (table.raw_rows, table.published_rows, len(table.columns), len(table.differing))
        grid.add_row(table.table, *(f"{count:,}" for count in counts))
    return grid


def _print_differences(console: Console, result: Audit) -> None:
    """Print what differs: totals by column first, then at most ``NAMED`` lines of each kind."""
    for table in (t for t in result.tables if not t.is_equal):
        console.print(f"differs: {table.table} in {', '.join(table.differing) or 'the number of rows'}")
    differences = [d for table in result.tables for d in table.differences]
    differences += result.sampled.differences if result.sampled else []
    for value in dict.fromkeys(differences[:NAMED]):
        console.print(
            f"  {value.table} {value.key}: {value.column} is {_shown(value.raw)} in raw, "
            f"{_shown(value.published)} published"
        )
    for copy in result.copy_differences[:NAMED]:
        console.print(
            f"  {copy.table} {copy.key}: {copy.column} is {_shown(copy.parquet)} in Parquet and "
            f"{_shown(copy.duckdb)} in ods.duckdb"
        )
    for line in (m for m in result.manifests if not m.is_equal):
        console.print(f"  {line.capture_id}: the manifest does not match what is held")
    for identity in result.broken:
        console.print(f"does not hold ({identity.count:,}): {identity.sentence}")
        console.print(f"  {', '.join(identity.examples)}")


def _shown(value: str | None) -> str:
    return "null" if value is None else value if value in ("there", "missing") else repr(value)


def _counted(count: int, singular: str, plural: str) -> str:
    return f"{count:,} {singular if count == 1 else plural}"
