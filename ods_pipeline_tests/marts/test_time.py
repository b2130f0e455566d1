"""Time as people see it: the planned changes of the sample, a real merger, and the macros of ods.duckdb."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from ods_pipeline.dataroot.flat import flat_folders
from ods_pipeline.history.fold import fold
from ods_pipeline.history.observations import observe
from ods_pipeline.lookup.card import read_card
from ods_pipeline_tests.sample import FACTS, read
from ods_pipeline_tests.support.builders import Held, dates, make_record, rel, role
from ods_pipeline_tests.support.history.folding import with_duckdb
from ods_pipeline_tests.support.rooms import sample_root

PLANNED = [row for row in read(FACTS, "planned_changes") if row["change_kind"]]
FIRST_RELEASE = date(2026, 8, 21)


@pytest.fixture(scope="module")
def sample() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{sample_root().path / 'ods.duckdb'}' AS register (READ_ONLY)")
        connection.execute("USE register")
        yield connection


def ask(connection: duckdb.DuckDBPyConnection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(sql, list(values)).fetchall()


def test_every_planned_change_of_the_sample_is_one_event_and_nothing_else_is(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    rows = ask(
        sample,
        "SELECT ods_code, change_kind, effective_on, detected_on, field, old_value, new_value, related_code "
        "FROM marts.code_changes",
    )
    days = ("effective_on", "detected_on")
    planned = {
        (p["ods_code"], p["change_kind"], *(date.fromisoformat(p[day]) for day in days)): p for p in PLANNED
    }
    assert len(planned) == len(PLANNED) == 13
    assert sorted(row[:4] for row in rows) == sorted(planned)
    for row in rows:
        answer = dict(zip(("field", "old_value", "new_value", "related_code"), row[4:], strict=True))
        plan = planned[row[:4]]
        assert {name: answer[name] for name in answer if plan[name]} == {
            name: plan[name] for name in answer if plan[name]
        }


def test_nothing_drifts_in_the_sample(sample: duckdb.DuckDBPyConnection) -> None:
    assert ask(sample, "FROM marts.drift") == []
    assert ask(sample, "SELECT count(*) FROM marts.code_changes WHERE corrects_drift") == [(0,)]


# --- a real merger ------------------------------------------------------------------------------------------


def odd_lives(legal_end: str | None = None) -> list[dict[str, Any]]:
    """Return records with ends of several kinds. With `legal_end`, that of X2 is announced; X4 reopens."""
    in_law, since_2015 = dates(kind="Legal"), dates("2015-04-01", kind="Legal")
    until_2027 = dates("2015-04-01") + dates("2015-04-01", "2027-03-31", kind="Legal")
    life = dates("2025-04-01") if legal_end else dates(end="2020-03-31")
    second_role = role("X1", "RO57", primary=False, Date=dates("2018-04-01", kind="Legal"))
    return [
        make_record("X0", Status="Inactive", LastChangeDate="2024-07-01"),
        make_record("X1", Date=since_2015, Roles={"Role": [role("X1", Date=since_2015), second_role]}),
        make_record("X2", Date=dates() + (dates(end=legal_end, kind="Legal") if legal_end else in_law)),
        make_record("X3", Rels={"Rel": [rel("X3", "X2", Date=until_2027, Status="Inactive")]}),
        make_record("X4", Date=life, Roles={"Role": [role("X4", Date=life)]}),
    ]


@pytest.fixture(scope="module")
def merger(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Real records of the merger of RRP and TAF into G6V2S (August 2026).

    They come after a release of October 2024 in which RRP and TAF have no legal end yet. With a few composed
    records.
    """
    folder = tmp_path_factory.mktemp("merger")
    files = sorted((shared / "ord-json").glob("*.json"))
    records = [json.loads(file.read_bytes())["Organisation"] for file in files]
    complete = [record for record in records if not record.get("refOnly")]
    before = []
    for record in deepcopy(complete):
        if record["OrgId"]["extension"] in ("RRP", "TAF"):
            record["LastChangeDate"] = "2024-04-01"
            for each in record["Date"]:
                each.pop("End", None)
            before.append(record)
    held = Held(folder)
    held.release([*before, *odd_lives()], published="2024-10-18", released="2024-10-25")
    held.release([*complete, *odd_lives("2027-03-31")])
    file = with_duckdb(fold(observe(flat_folders(held.root))), folder / "build")
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection


def test_before_the_merger_the_old_trusts_exist(merger: duckdb.DuckDBPyConnection) -> None:
    question = (
        "SELECT ods_code, legally_open, openness FROM ods_as_of(?) WHERE ods_code IN ('RRP', 'TAF', 'G6V2S')"
    )
    assert ask(merger, question, "2024-06-30") == [("RRP", True, "closing"), ("TAF", True, "closing")]
    assert ask(merger, question, "2024-10-31")[1:] == [("RRP", True, "closing"), ("TAF", True, "closing")]


@pytest.mark.promise("dates")
def test_after_it_they_are_legally_closed_though_active(merger: duckdb.DuckDBPyConnection) -> None:
    question = (
        "SELECT ods_code, legally_open, openness, status FROM ods_as_of(?) "
        "WHERE ods_code IN ('RRP', 'TAF', 'G6V2S')"
    )
    assert ask(merger, question, date(2024, 11, 1)) == [
        ("G6V2S", True, "open", "Active"),
        ("RRP", False, "legally_closed", "Active"),
        ("TAF", False, "legally_closed", "Active"),
    ]


@pytest.mark.parametrize("code", ["RRP", "TAF"])
def test_the_legal_end_is_an_event_and_is_explained(merger: duckdb.DuckDBPyConnection, code: str) -> None:
    question = (
        "SELECT effective_on, detected_on, new_value FROM marts.code_changes "
        "WHERE ods_code = ? AND change_kind = ?"
    )
    days = (date(2024, 11, 1), FIRST_RELEASE)
    assert ask(merger, question, code, "legally_closed") == [(*days, "2024-10-31")]
    assert ask(merger, question, code, "closed") == []
    question = "SELECT event, related_code, seen_on FROM ods_history(?) WHERE on_day = DATE '2024-11-01'"
    lines = {row[0]: row[1:] for row in ask(merger, question, code)}
    assert lines["legally_closed"] == (None, FIRST_RELEASE)
    assert lines["successor_recorded"][0] == "G6V2S"


@pytest.mark.promise("as_of_then")
def test_what_a_reader_of_2024_saw(merger: duckdb.DuckDBPyConnection) -> None:
    question = "SELECT ods_code, legal_end FROM ods_as_known(?) WHERE ods_code IN ('RRP', 'TAF', 'G6V2S')"
    assert ask(merger, question, "2024-12-31") == [("RRP", None), ("TAF", None)]
    assert [row[0] for row in ask(merger, question, "2026-08-21")] == ["G6V2S", "RRP", "TAF"]


@pytest.mark.promise("dates")
@pytest.mark.parametrize("day", ["2012-01-01", "2024-06-30", "2024-07-01", "2026-08-21", "2027-04-01"])
def test_the_hierarchy_of_a_day_has_the_openness_of_that_day(
    merger: duckdb.DuckDBPyConnection, day: str
) -> None:
    of_day = dict(ask(merger, "SELECT ods_code, openness FROM ods_as_of(?)", day))
    assert of_day.get("X0") == ("closing" if day < "2024-07-01" else None)
    rows = ask(merger, "SELECT ods_code, openness FROM ods_hierarchy(?)", day)
    assert {code: openness for code, openness in rows if code in of_day} == of_day
    card = read_card(merger, "X0", date.fromisoformat(day), None).record
    assert card["openness"] == of_day.get("X0", "closed")
    words = "closed since (Inactive), but ODS gives no end date"
    assert (card["explanation"] == f"Open on {day}; {words}") is ("X0" in of_day)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("X1", [("2015-04-01", "legally_opened"), ("2018-04-01", "role_added")]),
        ("X2", [("2010-04-01", "opened"), ("2027-04-01", "closing_announced")]),
        # What is Inactive has not ended on a day to come, and ODS gives no other.
        ("X3", [("2010-04-01", "opened"), ("2015-04-01", "relationship_added")]),
        ("X4", [("2025-04-01", "reopened")]),
    ],
)
def test_a_life_has_no_event_twice_and_no_end_that_ods_does_not_give(
    merger: duckdb.DuckDBPyConnection, code: str, lines: list[tuple[str, str]]
) -> None:
    assert ask(merger, "SELECT on_day::VARCHAR, event FROM ods_history(?)", code) == lines


# --- macros on the sample -----------------------------------------------------------------------------------


@pytest.mark.promise("as_of_then")
@pytest.mark.parametrize("day", ["2026-08-20", "1999-01-01"])
@pytest.mark.parametrize("code", ["RRP", "ZZZ99"])
def test_a_day_before_the_first_release_is_rejected(
    sample: duckdb.DuckDBPyConnection, day: str, code: str
) -> None:
    with pytest.raises(duckdb.Error, match=f"nothing is known of the register before {FIRST_RELEASE}"):
        ask(sample, "FROM ods_as_known(?) WHERE ods_code = ?", day, code)


def test_the_register_as_known_today_is_the_register(sample: duckdb.DuckDBPyConnection) -> None:
    columns = (
        "ods_code, name, status, primary_role_id, primary_role_name, operational_end, postcode, known_from"
    )
    today = f"SELECT {columns} FROM ods_as_known(ods_today())"
    register = f"SELECT {columns} FROM ord.organisations"
    assert (
        ask(sample, f"({today}) EXCEPT ({register})") == ask(sample, f"({register}) EXCEPT ({today})") == []
    )


@pytest.mark.promise("as_of_then")
def test_the_register_as_known_changes_with_the_day(sample: duckdb.DuckDBPyConnection) -> None:
    question = "SELECT name, operational_end FROM ods_as_known(?) WHERE ods_code = ?"
    assert ask(sample, question, "2026-08-23", "V99002") == [("BRIDGE STREET DENTAL", None)]
    assert ask(sample, question, "2026-08-24", "V99002") == [("BRIDGE STREET DENTAL & IMPLANT CENTRE", None)]
    assert ask(sample, question, "2026-08-28", "NZ902") == [("KINGSWAY DAY SURGERY UNIT", None)]
    assert ask(sample, question, "2026-08-29", "NZ902") == []


@pytest.mark.promise("dates")
@pytest.mark.parametrize("day", [date(2015, 1, 1), date(2020, 4, 1), date(2026, 9, 4), date(2027, 1, 1)])
def test_organisations_of_a_day_are_those_whose_dates_hold_then(
    sample: duckdb.DuckDBPyConnection, day: date
) -> None:
    expected = set()
    for row in pl.read_parquet(sample_root().path / "tables" / "organisations.parquet").rows(named=True):
        end, legal_start, legal_end = (row[c] for c in ("operational_end", "legal_start", "legal_end"))
        if end is None and row["status"] == "Inactive":
            in_operation_only = legal_end is not None and legal_end < date(2026, 9, 4)
            end = None if in_operation_only else row["last_change_date"] - timedelta(days=1)
        if row["operational_start"] <= day and (end is None or end >= day):
            in_law = (legal_start is None or legal_start <= day) and (legal_end is None or legal_end >= day)
            expected.add((row["ods_code"], in_law))
    assert set(ask(sample, "SELECT ods_code, legally_open FROM ods_as_of(?)", day)) == expected


def test_the_changes_of_a_span_are_those_of_both_its_days(sample: duckdb.DuckDBPyConnection) -> None:
    question = "SELECT ods_code, name, detected_on FROM ods_changes(?, ?)"
    assert {row[0] for row in ask(sample, question, "2026-08-28", "2026-09-01")} == {
        "FX103",
        "V99003",
        "VM904",
        "FX105",
        "NZ902",
    }
    assert ask(sample, question, "2026-08-29", "2026-08-31") == []
    ((name,),) = ask(
        sample, "SELECT DISTINCT name FROM ods_changes('2026-09-01', '2026-09-01') WHERE ods_code = 'NZ902'"
    )
    assert name == "KINGSWAY DAY SURGERY UNIT"


def test_a_life_has_each_event_once_with_the_day_it_was_seen(sample: duckdb.DuckDBPyConnection) -> None:
    question = "SELECT on_day, event, related_code, seen_on, source FROM ods_history(?)"
    life = ask(sample, question, " y99903 ")
    assert life == sorted(life, key=lambda row: row[0])
    assert (date(2015, 4, 1), "opened", None, None, "record") in life
    october = [row[1:] for row in life if row[0] == date(2026, 10, 1)]
    assert october == [("parent_changed", "U90002", date(2026, 9, 3), "change")]
    days = (date(2026, 8, 25), date(2026, 8, 26))  # the record names its successor on its last day
    assert [row for row in ask(sample, question, "Y99901") if row[0] in days] == [
        (days[0], "successor_recorded", "Y99902", days[1], "change"),
        (days[1], "closed", None, days[1], "change"),
    ]


def test_a_deleted_code_and_an_unknown_one_have_their_lives(sample: duckdb.DuckDBPyConnection) -> None:
    life = ask(sample, "SELECT event, detail FROM ods_history('NZ902')")
    assert life[0][0] == "opened" and life[-1] == ("deleted", "confirmed, ord_notifications")
    assert ask(sample, "FROM ods_history('ZZZ99')") == []
