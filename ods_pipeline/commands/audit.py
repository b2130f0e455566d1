"""`ods-pipeline audit`: is what is published what the raw files say? Told again by other means."""

from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table as Grid

from ods_pipeline.audit.checking import NAMED, Audit
from ods_pipeline.audit.checking import audit as audit_of
from ods_pipeline.audit.raw import PUT_BACK
from ods_pipeline.audit.tables import NOT_COMPARED, NOT_TOLD
from ods_pipeline.commands.common import DEFAULT_ROOT, EXIT_ERROR, Root, talk
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.progress import progress

GONE_SHOWN = 5


def audit(
    *,
    records: Annotated[int, Parameter(help="How many records to compare field by field.")] = 200,
    seed: Annotated[int, Parameter(help="Which records: the same seed takes the same ones.")] = 0,
    data_root: Root = DEFAULT_ROOT,
    quiet: Annotated[bool, Parameter(negative="", help="Say only the verdict, and what differs.")] = False,
) -> int:
    """Audit the published set, as ``HELP`` tells; the exit code."""
    console = talk(quiet)
    with progress("reading raw files", counted=True, told_above=100_000) as step:
        told = audit_of(DataRoot(data_root), max(records, 0), seed, step)
    if not quiet:
        _compared(console, told, seed)
    _differences(console, told)
    if told.raw.gone:
        listed = ", ".join(told.raw.gone[:GONE_SHOWN])
        raise OdsError(
            f"raw files that this build rests on are gone ({listed}), and without them no table of ord and "
            "history can be audited",
            where=data_root / "raw",
            do=PUT_BACK,
        )
    if told.is_equal:
        console.print("Equal: what is published is what the raw files say.")
        return 0
    console.print("DIFFERENT: what is published is not what the raw files say.")
    return EXIT_ERROR


def _compared(console: Console, told: Audit, seed: int) -> None:
    raws = told.raw.captures
    releases = sum(not raw.is_delta for raw in raws)
    console.print(f"Audit of build {told.build.name}, published as of {told.as_of}")
    console.print(
        f"Raw files: {_many(releases, 'release')}, {_many(len(raws) - releases, 'fetch', 'fetches')}"
    )
    for label in told.raw.waiting:
        console.print(f"  note: {label} lies in raw/ and is not published yet: run ods-pipeline build")
    if told.tables:
        console.print(_grid(told))
    for line in told.manifests:
        console.print(
            f"{line.capture_id}: RecordCount {line.record_count:,}; {line.used:,} used + {line.superseded:,} "
            f"superseded + {line.set_aside:,} set aside; {line.scope} primary roles in scope, "
            f"{line.scope_held} held"
        )
    unlike = len({(u.table, u.column) for u in told.unlike})
    console.print(
        f"Parquet and ods.duckdb: rows, values and sums of every column of {told.published_tables} tables; "
        f"{unlike} columns differ"
    )
    console.print(
        f"Between tables: {told.identities} identities asked of ord, history and marts; "
        f"{len(told.broken)} do not hold"
    )
    if told.sampled:
        console.print(
            f"Sample: {told.sampled.records:,} records, {told.sampled.fields:,} fields compared in "
            f"ods.duckdb, {len(told.sampled.differences)} differ (seed {seed})"
        )
    for table, reason in NOT_TOLD.items():
        console.print(f"not compared: {table}, {reason}")
    for table, columns in NOT_COMPARED.items():
        for column, reason in columns.items():
            console.print(f"not compared: {table}.{column}, {reason}")
    console.print("not compared: the marts value by value; the identities are what is asked of them")


def _grid(told: Audit) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    grid.add_column("table", no_wrap=True)
    for heading in ("raw", "published", "columns", "differ"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for table in told.tables:
        counts = (table.raw_rows, table.published_rows, len(table.columns), len(table.differing))
        grid.add_row(table.table, *(f"{count:,}" for count in counts))
    return grid


def _differences(console: Console, told: Audit) -> None:
    """What differs, ``NAMED`` lines of each kind at most; totals by column first."""
    for table in (t for t in told.tables if not t.is_equal):
        console.print(f"differs: {table.table} in {', '.join(table.differing) or 'the number of rows'}")
    found = [d for table in told.tables for d in table.differences]
    found += told.sampled.differences if told.sampled else []
    for d in dict.fromkeys(found[:NAMED]):
        console.print(
            f"  {d.table} {d.key}: {d.column} is {_said(d.raw)} in raw, {_said(d.published)} published"
        )
    for u in told.unlike[:NAMED]:
        console.print(
            f"  {u.table} {u.key}: {u.column} is {_said(u.parquet)} in Parquet and {_said(u.duckdb)} in "
            "ods.duckdb"
        )
    for line in (m for m in told.manifests if not m.is_equal):
        console.print(f"  {line.capture_id}: the manifest does not agree with what is held")
    for identity in told.broken:
        console.print(f"does not hold ({identity.count:,}): {identity.sentence}")
        console.print(f"  {', '.join(identity.examples)}")


def _said(value: str | None) -> str:
    return "null" if value is None else value if value in ("there", "missing") else repr(value)


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"
