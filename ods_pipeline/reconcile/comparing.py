"""Each field of each row of a report against the published set.

Lives here: the call, its parameters, and what the outcomes mean. Does not live here: the query, which is the
files of ``steps/`` one after the other, how report files are read (``reading.py``), the rules themselves
(``rules.csv``), and what is printed (``commands/reconcile.py``).
"""

import io
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

import duckdb
import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.lookup.steps import with_steps
from ods_pipeline.reconcile.reading import ReportFile
from ods_pipeline.schema.codes import Relationship, Role

OUTCOMES = {
    "agree": "the values are equal",
    "explained": "they differ, and a rule explains why",
    "not_compared": "one side has nothing to compare",
    "newer_here": "the register changed after the report's day",
    "newer_there": "the report is of a later day, so the value may have changed: plausible, not confirmed",
    "unexplained": "they differ, and nothing explains why",
}
ATTENTION = "unexplained"
# ODS records some events late. What is further in the past than this on the register's day is known to the
# register; so a report of a later day that has another date for it is not newer, it differs (rule 20).
RECORDED_WITHIN = timedelta(days=92)
COLUMNS = ("report", "line", "code", "field", "there", "here", "outcome", "rule", "why")
# The steps of the query, each after those that it reads.
_STEPS = (
    "sides",  # each row of the report, with what the register holds for it
    "lacks",  # what the report lacks
    "fields_of_rows",
    "fields_of_names",
    "fields_of_addresses",
    "fields_of_openness",
    "fields_of_areas",
    "fields_of_links",
    "outcomes",
)


@dataclass(frozen=True)
class Compared:
    """A report, compared.

    Attributes:
        file: The report as read.
        first_day: First day for which it may speak.
        last_day: Last such day, inclusive.
        rows: The columns of COLUMNS, one row for each field of each line. The field ``missing`` is for each
            organisation or membership that the report lacks (``line`` is null), ``repeated`` for a line that
            is there already, ``role`` for an organisation of another kind. Sorted by line, code and field.
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
        whole: Whether the file is the whole report, so that organisations and memberships it lacks are named.

    Raises:
        OdsError: Most organisations are of other kinds than the report lists, so it is another report.
    """
    first = day or file.first_day or as_of
    last = day or file.last_day or as_of
    report = file.report
    values = {
        "first_day": first,
        "last_day": last,
        "as_of": as_of,
        # What happened before it is in the register by as_of.
        "settled": as_of - RECORDED_WITHIN,
        # Those that the file has columns for.
        "fields": list(file.fields),
        # Whether a row is an organisation, or a link of one.
        "organisations": report.layout == "organisations",
        "parent_rel": report.parent_rel_id,
        # Whose organisations the report lists.
        "role_ids": list(report.role_ids),
        "parent_role_ids": list(report.parent_role_ids),
        "whole": whole,
        "gp_practice": Role.GP_PRACTICE.value,
        "operated_by": Relationship.OPERATED_BY.value,
    }
    sql = f"{with_steps('reconcile', _STEPS)} FROM outcomes"
    with closing(connection.cursor()) as cursor:
        _define_macros(cursor)
        cursor.register("listed", file.rows.to_arrow())
        cursor.register("rules", rules().to_arrow())
        cursor.register("places", _places(cursor).to_arrow())
        rows = cursor.sql(sql, params=values).pl()
    rows = rows.sort("line", "code", "field", "here", nulls_last=True)
    _require_kind(file, rows)
    why = pl.col("rule").replace_strict(rules()["rule"], rules()["what"], default=None)
    named = rows.with_columns(pl.lit(report.name).alias("report"), why.alias("why"))
    return Compared(file, first, last, named.select(COLUMNS))


def _require_kind(file: ReportFile, rows: pl.DataFrame) -> None:
    """Raise OdsError if most of the organisations that are held do not belong in this report."""
    others = rows.filter(field="role")
    held = rows.filter((pl.col("field") == "code") & pl.col("here").is_not_null()).height
    if others.height * 2 > held:
        kinds = ", ".join(others["here"].drop_nulls().unique().sort().head(5))
        raise OdsError(
            f"{others.height:,} of {held:,} organisations are of another kind ({kinds}) than "
            f"{file.report.name} lists ({others['there'][0]})",
            where=file.path,
            do=f"Is this the report {file.report.name}? Give NAME=FILE with the report's own name",
        )


def _define_macros(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute(
        "CREATE OR REPLACE TEMP MACRO letters(words) AS regexp_replace(upper(words), '[^A-Z0-9]', '', 'g')"
    )
    # 1st of Sept. 2024 as 1 Sep 2024.
    cursor.execute("""
        CREATE OR REPLACE TEMP MACRO plain_day(words) AS regexp_replace(
            regexp_replace(
                regexp_replace(trim(words), '([0-9])(st|nd|rd|th)\\b( +of\\b)?', '\\1', 'gi'),
                '\\b(jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)(t\\b)?[.]', '\\1', 'gi'
            ),
            '\\b(sep)t\\b|[ ,]+', '\\1 ', 'gi'
        )
    """)
    # yyyymmdd in the legacy layouts; files that passed through a spreadsheet have other forms: a time of day,
    # a fraction, names of months and days, or the number of the day, 1 being 1899-12-31 and, from March 1900
    # on, as if 1900 had been a leap year: 45383 is 2024-04-01. Five digits are a day from 1927 to 2173.
    # Two digits of a year come before four: %Y takes 24 for the year 24.
    cursor.execute("""
        CREATE OR REPLACE TEMP MACRO report_day(words) AS CASE
            WHEN regexp_full_match(trim(words), '[1-9][0-9]{4}([.][0-9]+)?')
                THEN DATE '1899-12-30' + try_cast(left(trim(words), 5) AS INTEGER)
            ELSE try_strptime(
                regexp_replace(
                    regexp_replace(
                        plain_day(words), '^([a-z]{3,9}day|mon|tue|wed|thu|fri|sat|sun)[.]? +', '', 'i'
                    ),
                    '([ T]?(00:?00(:?00(\\.0+)?)?|12:00(:00)? ?AM)(Z|[+-]00:?00)?|\\.0+)$', ''
                ),
                [
                    '%Y%m%d', '%d-%m-%y', '%d-%m-%Y', '%Y-%m-%d', '%d/%m/%y', '%d/%m/%Y', '%Y/%m/%d',
                    '%d.%m.%y', '%d.%m.%Y', '%Y.%m.%d', '%d-%b-%y', '%d-%b-%Y', '%d %b %y', '%d %b %Y',
                    '%d %B %y', '%d %B %Y', '%d-%B-%y', '%d-%B-%Y', '%d/%b/%y', '%d/%b/%Y', '%d%b%y',
                    '%d%b%Y', '%b %d %Y', '%B %d %Y', '%Y-%b-%d', '%Y %b %d', '%d%m%Y'
                ]
            )::DATE
        END
    """)
    # Null for what is neither, so that it agrees with nothing.
    cursor.execute("""
        CREATE OR REPLACE TEMP MACRO is_yes(words) AS CASE
            WHEN upper(words) IN ('Y', 'YES', '1', 'TRUE') THEN true
            WHEN upper(words) IN ('N', 'NO', '0', 'FALSE') THEN false
        END
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
