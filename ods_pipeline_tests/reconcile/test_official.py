"""The official reports against registers composed from them: nothing is unexplained, what is altered is."""

import random
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.lookup.published import newest_day, open_published
from ods_pipeline.reconcile.comparing import compare
from ods_pipeline.reconcile.reading import read_report
from ods_pipeline_tests.support.official_reports import (
    REPORTS,
    as_file,
    official_root,
    report_rows,
    write_report,
)
from ods_pipeline_tests.support.real_reports import reports_root

pytestmark = pytest.mark.promise("audited")


def compared(root: DataRoot, argument: str, *, whole: bool = True) -> pl.DataFrame:
    with closing(open_published(root.path)) as connection:
        as_of = newest_day(connection)
        return compare(connection, read_report(argument), as_of, day=None, whole=whole).rows


def counts(rows: pl.DataFrame) -> dict[str, int]:
    return dict(rows["outcome"].value_counts().iter_rows())


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_that_the_register_was_made_from_leaves_nothing_unexplained(
    shared: Path, tmp_path: Path, name: str
) -> None:
    rows = compared(official_root(shared), str(write_report(shared, name, tmp_path)))
    assert rows.filter(pl.col("outcome") == "unexplained").is_empty()
    assert rows.filter(field="code", outcome="agree").height == len(report_rows(shared, name))
    assert counts(rows)["agree"] > 5 * len(report_rows(shared, name))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "lines", "odd"), [("epraccur", 14_303, ["Y06505 status"]), ("ebranchs", 2_702, [])]
)
def test_every_row_of_the_long_reports(
    shared: Path, tmp_path: Path, name: str, lines: int, odd: list[str]
) -> None:
    """One row is at odds with itself: the report of October 2019 says P, and open since September."""
    rows = compared(official_root(shared, 1), str(write_report(shared, name, tmp_path, 1)))
    unexplained = rows.filter(outcome="unexplained")
    assert unexplained.select(pl.format("{} {}", "code", "field")).to_series().to_list() == odd
    assert rows["line"].drop_nulls().n_unique() == lines


@pytest.mark.slow
def test_every_membership_of_2019(shared: Path) -> None:
    rows = compared(reports_root(shared), str(shared / "reports" / "epcmem_2019-10.csv.gz"))
    assert counts(rows) == {"agree": 4 * 47_822}


# Column (from 0) and another value for it: what a hand alters, and the field it shows up as.
ALTERED = [
    (0, "ZZ9ZZ", "code"),
    (1, "ANOTHER NAME ALTOGETHER", "name"),
    (4, "1 NEW STREET", "address"),
    (7, "ELSEWHERE", "address"),
    (9, "ZZ1 1ZZ", "postcode"),
    (10, "19990909", "opened"),
    (11, "20010101", "closed"),
    (2, "Y99", "region"),
    (3, "QZZ", "icb"),
    (10, "yesterday", "opened"),
]


def test_ten_rows_altered_by_hand_are_exactly_what_is_unexplained(shared: Path, tmp_path: Path) -> None:
    rows = report_rows(shared, "etr")
    open_rows = [n for n, row in enumerate(rows) if not row[11] and all(row[c] for c in (4, 7, 9))]
    chosen = random.Random(6).sample(open_rows, len(ALTERED))
    expected = set()
    for n, (column, value, field) in zip(chosen, ALTERED, strict=True):
        if field == "code":
            expected.add((None, rows[n][0], "missing"))
        rows[n][column] = value
        expected.add((n + 1, rows[n][0], field))
    file = as_file(rows, tmp_path / "etr_2025-12.csv")
    found = compared(official_root(shared), str(file)).filter(pl.col("outcome") == "unexplained")
    assert set(found.select("line", "code", "field").iter_rows()) == expected
