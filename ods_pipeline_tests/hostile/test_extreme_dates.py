"""The first and the last day that a date can hold, from the file to the macros; no day lies beyond."""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ods_pipeline.errors import BadFetch, BadRelease
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline.marts.checking import findings
from ods_pipeline.schema import MARTS, TABLES
from ods_pipeline.sources.exchange import NotTheAnswer
from ods_pipeline.sources.ord import answers
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline_tests.hostile.nasty import FIRST, LAST, ask, nasty_set
from ods_pipeline_tests.support.builders import edit_receipt, make_record, write_delta, write_release

pytestmark = pytest.mark.promise("hostile")
AS_OF = date(2026, 8, 24)


def test_no_published_date_lies_beyond_the_calendar(published: duckdb.DuckDBPyConnection) -> None:
    """Python, spreadsheets and most databases end with the year 9999."""
    dates = 0
    for table in TABLES.values():
        frame = pl.read_parquet(nasty_set() / table.path)
        for column in frame.select(pl.col(pl.Date)).iter_columns():
            dates += column.len() - column.null_count()
            years = column.dt.year()
            assert years.drop_nulls().is_between(1, 9999).all(), f"{table.id}.{column.name}"
        assert ask(published, f"SELECT count(*) FROM {table.schema}.{table.name}") == [(frame.height,)]
        ask(published, f"FROM {table.schema}.{table.name}")  # Python refuses days it cannot hold
    assert dates > 1000


@pytest.mark.parametrize("mart", [table.name for table in MARTS])
def test_every_check_of_the_marts_holds(mart: str) -> None:
    frame = pl.read_parquet(nasty_set() / TABLES[mart].path)
    results = findings(mart, frame, nasty_set(), AS_OF)
    assert [f.summary for f in results if f.blocking and not f.passed] == []


def test_the_published_dates_are_those_of_the_file(published: duckdb.DuckDBPyConnection) -> None:
    (row,) = ask(
        published,
        "SELECT operational_start, operational_end, legal_start, legal_end FROM ord.organisations "
        "WHERE ods_code = 'X01'",
    )
    assert row == (date.min, date.max, date.min, date.max)


@pytest.mark.parametrize(
    ("code", "day", "parent"),
    [
        ("X0102", FIRST, "X02"),  # not open yet, but related: the relationship is shown
        ("X0102", LAST, "X01"),
        ("X0102", "2026-08-24", None),
        ("X01", FIRST, None),
        ("X01", LAST, None),
        ("X03", LAST, None),
    ],
)
def test_the_hierarchy_holds_on_the_first_and_on_the_last_day(
    published: duckdb.DuckDBPyConnection, code: str, day: str, parent: str | None
) -> None:
    rows = ask(published, "SELECT operator_code FROM ods_hierarchy($1::DATE) WHERE ods_code = $2", day, code)
    assert rows == [(parent,)]
    above = ask(published, "SELECT ods_code FROM ods_ancestors($1, $2::DATE)", code, day)
    assert above == ([(parent,)] if parent else [])


@pytest.mark.parametrize("day", [FIRST, "0001-01-02", "9999-12-30", LAST])
def test_organisations_exist_from_the_first_to_the_last_day(
    published: duckdb.DuckDBPyConnection, day: str
) -> None:
    openness = dict(ask(published, "SELECT ods_code, openness FROM ods_as_of($1::DATE)", day))
    assert openness["X01"] == "closing"  # ODS gives its last day, and it has not passed
    assert ("X05" in openness) and ("X04" in openness) == (day == LAST)
    assert "X07" not in openness  # it ends before it begins


def test_an_end_on_the_last_day_is_not_an_event(published: duckdb.DuckDBPyConnection) -> None:
    events = ask(published, "SELECT on_day, event FROM ods_history('X01')")
    assert [e for _, e in events if "closed" in e] == []
    changes = ask(published, "FROM ods_changes($1::DATE, $2::DATE)", FIRST, LAST)
    assert len(changes) == len(ask(published, "FROM marts.code_changes")) > 0


@pytest.mark.parametrize("day", [date.min, date.max])
def test_every_macro_answers_for_every_day(published: duckdb.DuckDBPyConnection, day: date) -> None:
    for code in ("X01", "X03", "X0101", "X08"):
        for question in (
            "ods_find($1)",
            "ods_current_codes($1)",
            "ods_equivalent_codes($1)",
            "ods_history($1)",
        ):
            ask(published, f"FROM {question}", code)
        for question in ("ods_ancestors($1, $2)", "ods_descendants($1, $2)"):
            ask(published, f"FROM {question}", code, day)
    assert ask(published, "FROM ods_as_of($1)", day)
    assert ask(published, "FROM ods_hierarchy($1)", day)
    if day == date.max:
        assert ask(published, "FROM ods_as_known($1)", day)
    else:
        with pytest.raises(duckdb.Error, match="nothing is known of the register before 2026-08-21"):
            ask(published, "FROM ods_as_known($1)", day)


# Records may have any date. The day of a release or fetch must be plausible, because it decides what is
# current.


@pytest.mark.parametrize("day", [FIRST, "1999-12-31", "2100-01-01", LAST])
def test_a_release_of_an_impossible_day_is_rejected(tmp_path: Path, day: str) -> None:
    release = write_release(tmp_path, [make_record("X01")], published=day)
    with pytest.raises(BadRelease, match=f"PublicationDate is {day}, and no release was published then"):
        open_release(release)


@pytest.mark.parametrize("name", ["as_of", "stamps_from", "stamps_to"])
@pytest.mark.parametrize("day", [FIRST, "2100-01-01", LAST, "10000-01-01", "-001-01-01"])
def test_a_fetch_of_an_impossible_day_is_rejected(tmp_path: Path, name: str, day: str) -> None:
    fetch = write_delta(tmp_path, [make_record("X01")])
    edit_receipt(**{name: day})(fetch)
    with pytest.raises(BadFetch, match="its receipt is damaged"):
        read_fetch_receipt(fetch)


@pytest.mark.parametrize(
    "stamp", ["2026-02-30", "0000-00-00", "2026-9-03", "20260903", "", None, "٢٠٢٦-٠٩-٠٣"]
)
def test_a_search_row_whose_stamp_is_not_a_day_is_not_an_answer(stamp: str | None) -> None:
    with pytest.raises(NotTheAnswer, match="has no LastChangeDate"):
        answers.stamp_of({"OrgId": "X01", "LastChangeDate": stamp})
    assert answers.stamp_of({"OrgId": "X01", "LastChangeDate": LAST}) == LAST
