"""Reports of a few rows, and what they give: epraccur of one practice, etr of the sample's trusts.

Lives here: writing them, and comparing one with a few rows in the tables that are read. Does not live here:
whole official reports (``support/official_reports.py``).
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from ods_pipeline.reconcile.comparing import compare
from ods_pipeline.reconcile.reading import read_report
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row

TODAY = date(2026, 9, 4)
# A row of epraccur.
PRACTICE = ["A81001", "THE DENSHAM SURGERY", "Y63", "QHM", "1 HIGH STREET", "", "", "STOCKTON", ""]
PRACTICE += ["TS18 1HU", "19740401", "", "A", "B", "84H", "20200401", "", "01642 000000", *[""] * 5, "84H"]
PRACTICE += ["", "4", ""]
# The rows of a report as the sample's own trusts would give them.
_TRUSTS = """
SELECT
    o.ods_code, o.name, '', '', o.address_line_1, o.address_line_2, o.address_line_3, o.town, o.county,
    o.postcode, strftime(coalesce(o.legal_start, o.operational_start), '%Y%m%d'),
    strftime(coalesce(o.legal_end, o.operational_end), '%Y%m%d')
FROM ord.organisations AS o WHERE o.primary_role_id = 'RO197' ORDER BY ALL
"""
# The tables that the comparison reads.
READ = (
    "organisations",
    "relationships",
    "roles",
    "deletions",
    "history.organisations",
    "provider_hierarchy_current",
    "organisation_parents",
)


def line(row: list[str] = PRACTICE) -> str:
    """A line of a report, with every cell in quotes."""
    return ",".join(f'"{cell}"' for cell in row) + "\r\n"


def report_file(folder: Path, content: str | bytes, name: str = "epraccur_2026-11-20.csv") -> str:
    """Write a file of this content, and return its path as an argument."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(file)


def trusts_of_sample() -> list[list[str]]:
    """The rows of etr, 27 cells each, with which the sample agrees."""
    with closing(duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True)) as connection:
        rows = connection.sql(_TRUSTS).fetchall()
    return [[*(cell or "" for cell in row), *[""] * 15] for row in rows]


def compared_rows(
    report: str, *, day: date = TODAY, whole: bool = False, **content: Sequence[Row]
) -> pl.DataFrame:
    """The report of a day, compared with tables of these rows as of TODAY; all others are empty."""
    # On one thread rows are met in the order in which they come.
    with closing(duckdb.connect(config={"threads": 1})) as connection:
        for name in READ:
            table = TABLES[name]
            rows = pl.DataFrame(content.get(name, []), schema_overrides=table.dtypes, strict=True)
            connection.register("rows", pl.concat([table.empty(), rows], how="diagonal").to_arrow())
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
            connection.execute(f"CREATE TABLE {table.schema}.{table.name} AS FROM rows")
        # Sorted rows come late: after those of the other marts.
        connection.execute("""
            ALTER TABLE marts.provider_hierarchy_current RENAME TO parents_today;
            CREATE VIEW marts.provider_hierarchy_current AS FROM marts.parents_today ORDER BY ods_code
        """)
        return compare(connection, read_report(report), TODAY, day=day, whole=whole).rows
