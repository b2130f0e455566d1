"""Verdicts on composed registers: proposed, succeeded without an end, split, merged, numbers."""

from datetime import date

import duckdb
import polars as pl
import pytest

from ods_pipeline.lists.code_list import CodeList
from ods_pipeline.lists.judging import judge
from ods_pipeline.marts import macros
from ods_pipeline.schema import ORD, SCHEMAS, TABLES
from ods_pipeline_tests.support.small_registers import Row, Together, marts_on, organisation

TODAY = date(2026, 9, 4)
READ = ("code_finder", "code_crosswalk", "organisation_kinds", "organisation_parents", "provider_hierarchy")
CLOSED = {"operational_end": date(2020, 3, 31), "status": "Inactive"}


def entry(code: str, kind: str, target: str, day: str = "2020-04-01") -> Row:
    side = {"ods_code": code, "succession_type": kind, "target_ods_code": target}
    return {**side, "legal_start": date.fromisoformat(day)}


# All registers below, judged in one list.
ALL = Together()
# Numbers that a spreadsheet shows, and the codes that they may have been.
MEANT = {
    "15": ["15E00"],
    "15.0": ["15E00"],
    "1.50E+01": ["15E00"],
    "500000": ["50E04", "5E005"],
    "5.00E+05": ["50E04", "5E005"],
    "5": ["5E000"],
    "8000000": ["8E006"],
    "9.08E+06": ["9083E3", "908E4"],
    "9.083E+06": ["9083E3"],
    "9083000": ["9083E3"],
    "1.00E+07": ["9996E3"],  # rounded up
    "9.996E+06": ["9996E3"],
    "1E+07": ["9996E3"],
    "1.23457E+14": ["123456789E6"],
    "8E+123": ["8E123"],
    "8" + "0" * 123: ["8E123"],
    "9.09E+06": [],
    "16": [],
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """The verdicts on the codes of all registers, and on those of ``MEANT``."""
    build = ALL.write(tmp_path_factory.mktemp("all"))
    frames = marts_on(build, TODAY, *READ)
    codes = [*(row["ods_code"] for row in ALL.tables["organisations"]), *MEANT]
    listed = pl.DataFrame({"line": range(1, len(codes) + 1), "given": codes, "code": codes})
    listed = listed.with_columns(part=pl.lit(1), is_entry=pl.lit(True))
    with duckdb.connect() as connection:
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA {schema}")
        facts = {t.name: build / t.path for t in ORD}
        held = {n: pl.read_parquet(p) if p.exists() else TABLES[n].empty() for n, p in facts.items()}
        for name, frame in {**held, **frames}.items():
            connection.register("own", frame.to_arrow())
            connection.execute(f"CREATE TABLE {TABLES[name].schema}.{name} AS FROM own")
        macros.define_words(connection, TODAY)
        result = judge(connection, CodeList(listed, "column 1", []), TODAY, None)
        return {row["code"]: row for row in result.to_dicts()}


OLD = ("OLD", "NEW", "SPLIT", "M1", "M2", "K1", "K2")
ALL.add(
    [
        *(organisation(code, "RO98", **CLOSED) for code in OLD),
        *(organisation(code, "RO98") for code in ("A", "B", "C", "D", "E")),
    ],
    successions=[
        entry("OLD", "Successor", "A"),  # on the old record alone
        entry("B", "Predecessor", "NEW"),  # on the new record alone
        entry("SPLIT", "Successor", "A"),
        entry("C", "Predecessor", "SPLIT"),  # each part on another side
        entry("M1", "Successor", "D"),
        entry("M2", "Successor", "D"),
        entry("K1", "Successor", "K2"),  # in a circle both are ends
        entry("K2", "Successor", "K1"),
    ],
)


@pytest.mark.promise("successors")
def test_every_successor_is_offered_and_none_is_chosen(rows: dict[str, Row]) -> None:
    answer = {code: row["replaced_by"] for code, row in rows.items() if code in OLD}
    assert answer == {"OLD": ["A"], "NEW": ["B"], "SPLIT": ["A", "C"], "M1": ["D"], "M2": ["D"]} | {
        "K1": ["K2"],
        "K2": ["K1"],
    }
    assert rows["SPLIT"]["note"] == "Closed on 2020-03-31; now A, C"
    assert rows["K1"]["note"] == "Closed on 2020-03-31; then K2, closed on 2020-03-31"


PAST = {"operational_end": date(2026, 7, 31), "status": "Inactive"}
ALL.add(
    [
        *(organisation(code, "RO98", **CLOSED) for code in ("1AA", "1BB", "A1", "B1", "SPL")),
        *(organisation(code, "RO98", **PAST) for code in ("2AA", "3AA")),
        *(organisation(code, "RO98") for code in ("1CC", "C1", "P1", "P2")),
    ],
    successions=[
        entry("1AA", "Successor", "1BB"),
        entry("1AA", "Successor", "1CC", "2027-04-01"),  # the shortest way is announced, the longer has begun
        entry("1BB", "Successor", "1CC"),
        entry("2AA", "Successor", "1CC", "2026-10-01"),
        entry("3AA", "Successor", "ZZ9", "2026-08-01"),  # a code that is not held
        entry("A1", "Successor", "B1"),
        entry("B1", "Successor", "C1"),
        entry("C1", "Successor", "B1", "2027-04-01"),  # no circle before that day
        entry("SPL", "Successor", "P1"),
        entry("SPL", "Successor", "P2", "2027-04-01"),
    ],
)


@pytest.mark.promise("successors")
def test_a_succession_counts_from_its_day_whatever_the_shortest_way_is(rows: dict[str, Row]) -> None:
    assert {c: rows[c]["replaced_by"] for c in ("1AA", "2AA", "3AA", "A1", "SPL")} == {
        "1AA": ["1CC"],
        "2AA": [],
        "3AA": ["ZZ9"],
        "A1": ["C1"],
        "SPL": ["P1"],
    }
    assert rows["1AA"]["note"] == "Closed on 2020-03-31; now 1CC"
    assert rows["2AA"]["note"] == "Closed on 2026-07-31; to be succeeded by 1CC from 2026-10-01"
    assert rows["3AA"]["note"] == "Closed on 2026-07-31; now ZZ9"
    assert rows["SPL"]["note"] == "Closed on 2020-03-31; now P1; to be succeeded by P2 from 2027-04-01"


OVER = {"legal_start": date(2002, 4, 1), "legal_end": date(2024, 10, 31)}
ALL.add(
    [
        organisation("G6V2S", "RO197", legal_start=date(2026, 11, 1)),
        organisation("RRP", "RO197", **OVER),
        organisation("RRX", "RO197", status="Inactive", **OVER),
        organisation("08H", "RO98"),
        organisation("93C", "RO98"),
    ],
    successions=[entry("08H", "Successor", "93C")],
)


@pytest.mark.promise("explained")
def test_proposed_and_succeeded_without_an_end_are_not_good_without_a_word(rows: dict[str, Row]) -> None:
    codes = ("G6V2S", "RRP", "RRX", "08H", "93C")
    verdicts = {code: (rows[code]["verdict"], rows[code]["note"]) for code in codes}
    in_law = ("legally_closed", "Closed in law on 2024-10-31, still in operation; ODS records no successor")
    assert verdicts == {
        "G6V2S": ("good", "Open since 2010-04-01; proposed: in law from 2026-11-01"),
        "RRP": in_law,
        "RRX": in_law,
        "08H": ("good", "a contradiction: succeeded by 93C from 2020-04-01, but ODS gives it no end"),
        "93C": ("good", None),
    }
    notable = {code for code in codes if rows[code]["is_notable"]}
    assert notable == {"G6V2S", "08H"}


ALL.add(
    [
        *(organisation(code, "RO98") for code in ("09A", "09D", "09F", "09G")),
        *(organisation(code, "RO98", **CLOSED) for code in ("09B", "09E")),
        organisation("09C", "RO98"),
    ],
    successions=[
        entry("09A", "Successor", "09B"),
        entry("09B", "Successor", "09C"),
        entry("09D", "Successor", "09E"),
        entry("09F", "Successor", "09C", "2026-10-01"),
        {**entry("09G", "Successor", "09C"), "legal_start": None},
    ],
)


@pytest.mark.promise("successors")
def test_an_open_code_whose_successor_has_begun_has_its_replacement(rows: dict[str, Row]) -> None:
    codes = ("08H", "09A", "09D", "09F", "09G")
    assert {rows[code]["verdict"] for code in codes} == {"good"}
    answer = {code: (rows[code]["replaced_by"], rows[code]["note"]) for code in codes}
    contradiction = "a contradiction: succeeded by {} from 2020-04-01, but ODS gives it no end"
    assert answer == {
        "08H": (["93C"], contradiction.format("93C")),
        "09A": (["09C"], f"{contradiction.format('09B')}; now 09C"),
        "09D": (["09E"], f"{contradiction.format('09E')}; then 09E, closed on 2020-03-31"),
        "09F": ([], "to be succeeded by 09C from 2026-10-01"),
        "09G": ([], "to be succeeded by 09C"),
    }


NUMBERS = ["15E00", "5E000", "50E04", "5E005", "8E006", "908E4", "9083E3", "9996E3", "123456789E6", "8E123"]
ALL.add([organisation(code, "RO177") for code in (*NUMBERS, "F83004", "9E999")])


def test_a_code_that_is_a_number_to_a_spreadsheet_is_offered_by_its_value(rows: dict[str, Row]) -> None:
    assert {given: rows[given]["likely_codes"] for given in MEANT} == MEANT
    assert {rows[given]["verdict"] for given in MEANT} == {"not_held"}
