"""Each field of each row of a report against the published set, in one query (``comparing.sql``).

Lives here: the call, and what the outcomes mean. Does not live here: how report files are read
(``reading.py``), the rules themselves (``rules.csv``), and what is printed (``commands/reconcile.py``).
"""

import io
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import duckdb
import polars as pl

from ods_pipeline.reconcile.reading import ReportFile
from ods_pipeline.schema.codes import Relationship, Role

OUTCOMES = {
    "agree": "the values are equal",
    "explained": "they differ, and a rule says why",
    "not_compared": "one side has nothing to compare",
    "newer_here": "the register changed after the report's day",
    "newer_there": "the report is of a later day than the register",
    "unexplained": "they differ, and nothing says why",
}
ATTENTION = "unexplained"
COLUMNS = ("report", "line", "code", "field", "there", "here", "outcome", "rule", "why")


@dataclass(frozen=True)
class Compared:
    """A report, compared.

    Attributes:
        file: The report as read.
        first_day: First day for which it may speak.
        last_day: Last such day, inclusive.
        rows: The columns of COLUMNS, one row for each field of each line, and one of the field ``missing``
            for each organisation that the report lacks (``line`` is null). Sorted by line, code and field.
    """

    file: ReportFile
    first_day: date
    last_day: date
    rows: pl.DataFrame


@cache
def rules() -> pl.DataFrame:
    """Return ``rule, outcome, what, source``: the numbered rules of ``rules.csv``."""
    text = resources.files("ods_pipeline.reconcile").joinpath("rules.csv").read_text(encoding="utf-8")
    return pl.read_csv(io.StringIO(text), schema_overrides={"rule": pl.Int64})


def compare(
    connection: duckdb.DuckDBPyConnection, file: ReportFile, as_of: date, *, day: date | None, whole: bool
) -> Compared:
    """Compare a report with the published set.

    Args:
        connection: The published ods.duckdb.
        file: The report.
        as_of: The day up to which the register is known.
        day: The day the report speaks for. Default: the day or month in its name, else ``as_of``.
        whole: Whether the file is the whole report, so that organisations it lacks are named.
    """
    first = day or file.first_day or as_of
    last = day or file.last_day or as_of
    report = file.report
    is_organisations = report.layout == "organisations"
    values = {
        "first_day": first,
        "last_day": last,
        "as_of": as_of,
        "parent_rel": report.parent_rel_id,
        "role_ids": list(report.role_ids),
        "geography": is_organisations and report.has_geography,
        "organisations": is_organisations,
        "whole": whole,
        "gp_practice": Role.GP_PRACTICE.value,
        "operated_by": Relationship.OPERATED_BY.value,
    }
    with closing(connection.cursor()) as cursor:
        _define_macros(cursor)
        cursor.register("listed", file.rows.to_arrow())
        cursor.register("rules", rules().to_arrow())
        cursor.register("places", _places(cursor).to_arrow())
        rows = cursor.sql(_sql("comparing.sql"), params=values).pl()
    why = pl.col("rule").replace_strict(rules()["rule"], rules()["what"], default=None)
    named = rows.with_columns(pl.lit(report.name).alias("report"), why.alias("why"))
    return Compared(file, first, last, named.select(COLUMNS))


def published_as_of(connection: duckdb.DuckDBPyConnection) -> date:
    """Return the day up to which the published register is known: the newest as-of date held."""
    ((day,),) = connection.sql("SELECT max(as_of) FROM ord.captures").fetchall()
    return day


def _sql(name: str) -> str:
    return resources.files("ods_pipeline.reconcile").joinpath(name).read_text(encoding="utf-8")


def _define_macros(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute(
        "CREATE OR REPLACE TEMP MACRO letters(words) AS regexp_replace(upper(words), '[^A-Z0-9]', '', 'g')"
    )
    # yyyymmdd in the legacy layouts; files that passed through a spreadsheet have other forms.
    cursor.execute("""
        CREATE OR REPLACE TEMP MACRO report_day(words) AS coalesce(
            try_strptime(words, '%Y%m%d'), try_strptime(words, '%Y-%m-%d'), try_strptime(words, '%d/%m/%Y')
        )::DATE
    """)


def _places(cursor: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """ICB and region by postcode of each organisation; empty if no postcode file was taken in."""
    sql = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'"
    if ("organisation_places",) in cursor.sql(sql).fetchall():
        return cursor.sql("""
            SELECT ods_code, postcode_icb_code AS icb_code, postcode_region_code AS region_code
            FROM marts.organisation_places
        """).pl()
    return pl.DataFrame(schema={"ods_code": pl.String, "icb_code": pl.String, "region_code": pl.String})
