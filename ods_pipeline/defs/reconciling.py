"""The check ``reconcile``: the published set against the official reports in ``raw/reports``.

Lives here: the check. Does not live here: how reports are compared (``reconcile/``), and how they get there:
``ods-pipeline reconcile --fetch``, or a person who puts them there.
"""

from contextlib import closing
from pathlib import Path

import dagster as dg
import polars as pl

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assets.published import ODS_DUCKDB
from ods_pipeline.errors import OdsError
from ods_pipeline.lookup.published import newest_day, open_published
from ods_pipeline.reconcile.comparing import ATTENTION, compare
from ods_pipeline.reconcile.held import held_reports
from ods_pipeline.reconcile.reading import read_report

_SHOWN = 5


def reconciled(root: Path) -> dg.AssetCheckResult:
    """Compare the newest of each report in ``raw/reports`` with the published set.

    Passes if there is no report, or nothing is unexplained. A report that cannot be read is named. The
    metadata has the outcomes of each report, counted.
    """
    held = held_reports(DataRoot(root))
    if not held:
        return _result([], {"reports": "none in raw/reports"}, "no report in raw/reports")
    problems, counts, read = [], {}, 0
    with closing(open_published(root)) as connection:
        as_of = newest_day(connection)
        for argument in held:
            try:
                rows = compare(connection, read_report(argument), as_of, day=None, whole=True).rows
            except OdsError as error:
                problems.append(str(error))
                continue
            read += 1
            name = argument.partition("=")[0]
            by_outcome = rows["outcome"].value_counts().sort("outcome").iter_rows()
            counts[name] = ", ".join(f"{count:,} {outcome}" for outcome, count in by_outcome)
            problems += _unexplained(name, rows.filter(pl.col("outcome") == ATTENTION))
    return _result(problems, counts, f"nothing is unexplained in {read} report{'s' * (read != 1)}")


def _unexplained(name: str, rows: pl.DataFrame) -> list[str]:
    """Return what is unexplained in one report, with the first few; nothing if all is explained."""
    if rows.is_empty():
        return []
    first = [f"{code} {field}" for code, field in rows.select("code", "field").head(_SHOWN).iter_rows()]
    more = f" and {rows.height - _SHOWN:,} more" if rows.height > _SHOWN else ""
    return [f"{name}: {rows.height:,} unexplained ({', '.join(first)}{more})"]


def _result(problems: list[str], counts: dict[str, str], all_well: str) -> dg.AssetCheckResult:
    hint = " Run: ods-pipeline reconcile --out DIR" if problems else ""
    return dg.AssetCheckResult(
        passed=not problems,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(problems) + hint if problems else all_well,
        metadata={name: dg.MetadataValue.text(text) for name, text in counts.items()},
    )


def reconcile_check(root: Path) -> dg.AssetChecksDefinition:
    """Return the check of the published set against the reports that are held. It warns."""

    @dg.asset_check(
        name="reconcile",
        asset=ODS_DUCKDB,
        description="Nothing in the official reports held in raw/reports is unexplained.",
    )
    def check() -> dg.AssetCheckResult:
        return reconciled(root)

    return check
