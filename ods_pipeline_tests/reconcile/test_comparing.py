"""A report compared with a few rows in the tables that are read: which of several rows of a code counts."""

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ods_pipeline.reconcile.comparing import compare
from ods_pipeline.reconcile.reading import read_report
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.official_reports import as_file
from ods_pipeline_tests.support.small_registers import Row, link, organisation

TODAY = date(2026, 9, 4)
READ = (
    "organisations",
    "relationships",
    "roles",
    "deletions",
    "history.organisations",
    "provider_hierarchy_current",
    "organisation_parents",
)


def fields(folder: Path, cells: dict[int, str], **tables: Sequence[Row]) -> dict[str, tuple[str | None, str]]:
    """Compare a row of epraccur about S01 with tables of these rows, in their order.

    Args:
        folder: Where the report is written.
        cells: Cells of the row by column, from 0.
        tables: Rows by table; all others are empty.

    Returns:
        The value here and the outcome of each field.
    """
    row = [cells.get(column, "") for column in range(27)]
    report = str(as_file([["S01", "BODY S01", *row[2:]]], folder / "epraccur.csv"))
    compared = rows_of(report, **{"organisations": [organisation("S01", "RO177")], **tables})
    return {
        field: (here, outcome) for field, here, outcome in compared["field", "here", "outcome"].iter_rows()
    }


def rows_of(report: str, *, day: date = TODAY, whole: bool = False, **content: Sequence[Row]) -> pl.DataFrame:
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


def test_parents_of_today_count_before_past_ones(tmp_path: Path) -> None:
    """A past value fills in what there is none of today."""
    found = fields(
        tmp_path,
        {2: "Y1", 3: "Q2"},
        provider_hierarchy_current=[{"ods_code": "S01", "icb_code": "Q2"}],
        organisation_parents=[{"ods_code": "S01", "icb_code": "Q1", "region_code": "Y1", "is_past": True}],
    )
    assert (found["icb"], found["region"]) == (("Q2", "agree"), ("Y1", "agree"))


@pytest.mark.parametrize(
    ("rel", "to", "left", "outcome"), [("RE4", "C1", "", "agree"), ("RE6", "T1", "20261231", "unexplained")]
)
def test_of_links_with_one_start_the_open_one_counts(
    tmp_path: Path, rel: str, to: str, left: str, outcome: str
) -> None:
    """It counts in whatever order they come. The end of the other one would explain the difference."""
    twice = [link("S01", rel, to, end=end) for end in (None, "2026-12-31")]
    for links in (twice, twice[::-1]):
        parents = links if rel == "RE4" else [link("S01", "RE4", "C1"), *links]
        found = fields(tmp_path, {14: "C1", 15: "20150401", 16: left, 23: "T1"}, relationships=parents)
        assert (found["joined"], found["left"]) == (("2015-04-01", "agree"), (None, outcome))
