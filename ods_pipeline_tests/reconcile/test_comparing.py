"""A report compared with a few rows in the tables that are read: which of several rows of a code counts."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ods_pipeline_tests.reconcile.small_reports import compared_rows
from ods_pipeline_tests.support.official_reports import as_file
from ods_pipeline_tests.support.small_registers import Row, link, organisation


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
    compared = compared_rows(report, **{"organisations": [organisation("S01", "RO177")], **tables})
    return {
        field: (here, outcome) for field, here, outcome in compared["field", "here", "outcome"].iter_rows()
    }


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
