"""`ods-pipeline reconcile`: the published set against official reports that ODS makes from the same register.

Lives here: options and what is printed. Does not live here: reading reports and comparing (``reconcile/``),
asking Data Search and Export (``sources/reports.py``).
"""

import os
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Annotated

import polars as pl
from cyclopts import Parameter
from rich.console import Console

from ods_pipeline.commands.common import DEFAULT_ROOT, EXIT_ATTENTION, Quiet, Root, plain, start_logging
from ods_pipeline.commands.days import Day
from ods_pipeline.commands.listing import print_json
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.lists.writing import safe_csv
from ods_pipeline.lookup.published import newest_day, open_published
from ods_pipeline.reconcile.comparing import ATTENTION, OUTCOMES, Compared, compare, rules
from ods_pipeline.reconcile.held import held_reports
from ods_pipeline.reconcile.reading import read_report
from ods_pipeline.reconcile.reports import reports
from ods_pipeline.sources.reports import fetch_reports
from ods_pipeline.sources.settings import sources_from

ROWS_SHOWN = 20
_NEEDED = ("provider_hierarchy_current", "organisation_parents")


def reconcile(
    files: Annotated[
        tuple[str, ...],
        Parameter(
            name="REPORT=FILE",
            negative="",
            help="Reports: epraccur=FILE. Default: those in raw/reports.",
        ),
    ] = (),
    /,
    *,
    fetch: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="Get these reports from Data Search and Export into raw/reports first."),
    ] = (),
    on: Annotated[
        Day,
        Parameter(help="The day the reports speak for. Default: the one in the file's name."),
    ] = None,
    part: Annotated[
        bool,
        Parameter(negative="", help="The files are parts of reports: do not name what they lack."),
    ] = False,
    out: Annotated[
        Path | None,
        Parameter(help="Write every row to reconcile.parquet, and what differs to reconcile.csv, in here."),
    ] = None,
    as_json: Annotated[
        bool,
        Parameter(name="--json", negative="", help="Print what differs as JSON, one object for each field."),
    ] = False,
    quiet: Quiet = False,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Compare reports with the published set, print a summary, and write the rows if asked.

    Returns:
        The exit code: 5 if anything is unexplained.

    Raises:
        OdsError: There is no report, a file is not that report, or nothing is published.
    """
    console = start_logging(quiet)
    root = DataRoot(data_root)
    if fetch:
        fetch_reports(root, fetch, sources_from(os.environ))
    arguments = files or held_reports(root)
    if not arguments:
        raise OdsError(
            "there is no report to compare",
            where=root.raw_reports,
            do=f"Give REPORT=FILE, or --fetch with one of: {', '.join(reports())}",
        )
    read = [read_report(argument) for argument in arguments]
    with closing(open_published(data_root, *_NEEDED)) as connection:
        as_of = newest_day(connection)
        compared = [compare(connection, file, as_of, day=on, whole=not part) for file in read]
    rows = pl.concat([one.rows for one in compared])
    console = plain(stderr=as_json)
    for one in compared:
        _print_report(console, one, as_of, day_is_given=on is not None)
    _print_unexplained(console, rows, out)
    differing = rows.filter(pl.col("outcome") != "agree")
    if as_json:
        print_json(differing.to_dicts())
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(out / "reconcile.parquet")
        (out / "reconcile.csv").write_text(safe_csv(differing), encoding="utf-8", newline="")
        console.print(f"Written: {out / 'reconcile.parquet'} and {out / 'reconcile.csv'}")
    return EXIT_ATTENTION if (rows["outcome"] == ATTENTION).any() else 0


def _print_report(console: Console, compared: Compared, as_of: date, *, day_is_given: bool) -> None:
    file = compared.file
    days = (
        str(compared.first_day)
        if compared.first_day == compared.last_day
        else f"{compared.first_day} to {compared.last_day}"
    )
    console.print(
        f"{file.report.name} ({file.report.title}): {file.rows.height:,} rows of {file.path.name}, "
        f"for {days}; register as of {as_of}"
    )
    if not day_is_given and file.first_day is None:
        console.print(
            "  note: the file's name has no day, so the register's is taken; give --on if it is another"
        )
    for note in file.notes:
        console.print(f"  note: {note}")
    counts = dict(compared.rows["outcome"].value_counts().iter_rows())
    for outcome, meaning in OUTCOMES.items():
        if outcome in counts:
            console.print(f"  {counts[outcome]:>9,} {outcome:<13} {meaning}")
    _print_rules(console, compared)
    if "newer_there" in counts:
        console.print(
            f"  note: the report is of {compared.first_day}, the register of {as_of}; compare again when the "
            "register is of that day"
        )


def _print_rules(console: Console, compared: Compared) -> None:
    used = compared.rows.filter(pl.col("rule") > 0).group_by("rule").len().sort("rule")
    words = dict(rules().select("rule", "what").iter_rows())
    for rule, count in used.iter_rows():
        console.print(f"            rule {rule:>2}: {count:>7,}  {words[rule]}")


def _print_unexplained(console: Console, rows: pl.DataFrame, out: Path | None) -> None:
    unexplained = rows.filter(pl.col("outcome") == ATTENTION)
    if unexplained.is_empty():
        plausible = rows.filter(outcome="newer_there").height
        only = f" {plausible:,} of what differs is only plausible (newer_there)." if plausible else ""
        console.print(f"Nothing is unexplained.{only}")
        return
    console.print(f"Unexplained: {unexplained.height:,}")
    columns = ("report", "line", "code", "field", "there", "here")
    for report, line, code, field, there, here in unexplained.select(columns).head(ROWS_SHOWN).iter_rows():
        where = f"line {line}" if line is not None else "not in it"
        console.print(
            f"  {report} {where:<11} {code or '':<8} {field:<11} there: {there or '-'}  here: {here or '-'}"
        )
    if unexplained.height > ROWS_SHOWN:
        hint = "" if out else "; --out DIR writes all of them"
        console.print(f"  … and {unexplained.height - ROWS_SHOWN:,} more{hint}")
