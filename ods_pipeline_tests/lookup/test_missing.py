"""Codes that the register does not hold: the reason that is given."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from ods_pipeline.lookup.missing import held_code, missing_error
from ods_pipeline.marts import macros
from ods_pipeline_tests.support.rooms import sample_root


def test_of_records_set_aside_the_last_gives_the_reason_in_any_order(tmp_path: Path) -> None:
    file = shutil.copyfile(sample_root().path / "ods.duckdb", tmp_path / "ods.duckdb")
    with duckdb.connect(str(file)) as connection:
        for code, records in (("ZZ9AA", [(1, "ids"), (2, "dates")]), ("ZZ9AB", [(2, "dates"), (1, "ids")])):
            connection.executemany(
                """INSERT INTO ord.quarantined_records (ods_code, capture_id, record_number, rule)
                VALUES (?, 'x', ?, ?)""",
                [(code, *record) for record in records],
            )
            assert "breaks a rule: dates" in str(missing_error(connection, code)), code


@pytest.fixture(scope="module")
def three_codes() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        macros.define_words(connection, date(2026, 9, 4))
        connection.execute("CREATE SCHEMA history; CREATE TABLE history.organisations (ods_code VARCHAR)")
        connection.execute("INSERT INTO history.organisations VALUES ('R1A'), ('R1a'), ('x1B')")
        yield connection


@pytest.mark.parametrize(
    ("typed", "held"),
    [
        ("R1A", "R1A"),
        ("R1a", "R1a"),
        ("r1a", "R1A"),
        ("X1B", "x1B"),
        ("r1 a", "R1A"),
        ("R1A,", "R1A"),
        ("(X1B)", "x1B"),
        ("R-1/A.", "R1A"),
        ("R1\u200bA", "R1A"),
        ("\uff321\uff21", "R1A"),
        ("R\u00ad1A\u00b2", "R1A"),
        ("\u201cR1A\u201d \u2013", "R1A"),
        ("Q99", None),
        ("", None),
    ],
)
def test_a_code_is_held_however_it_is_written(
    three_codes: duckdb.DuckDBPyConnection, typed: str, held: str | None
) -> None:
    """A release can bring a code in lower case. As typed comes first, then upper case."""
    assert held_code(three_codes, typed) == held


@pytest.mark.parametrize("typed", ["RX0", "RRQX", "G6VS2", "ZZZ99", "0C", "r1"])
def test_show_proposes_the_codes_that_find_proposes(typed: str) -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        sql = "SELECT ods_code FROM ods_find(?) WHERE match_kind = 'similar'"
        proposed = [code for (code,) in connection.execute(sql, [typed]).fetchall()]
        said = str(missing_error(connection, typed))
    assert (f"Codes like it: {', '.join(proposed)}." in said) if proposed else ("Codes like it" not in said)


def test_what_is_found_in_another_way_is_said() -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        said = str(missing_error(connection, "N20"))
    assert "By name, town or postcode there are answers: ods-pipeline find N20." in said


@pytest.mark.parametrize(
    ("typed", "do"),
    [
        ("V81997", "There is nothing to look up; leave it as it is."),
        ("E06000099", "Look for an organisation of this area by its name: ods-pipeline find NAME."),
        ("9.99E+99", "Take the code from the list that the spreadsheet was made of."),
        ("10-Mar", "Take the code from the list that the spreadsheet was made of."),
        ("", "Give a code."),
        ("+++", "Check the code."),
        ("D8M2P; VM903", "Give one of the codes D8M2P, VM903: ods-pipeline show D8M2P."),
        ("R0A R0B", "Give one of the codes R0A, R0B: ods-pipeline show R0A."),
        ("E83003 in July", "Give the code alone: ods-pipeline show E83003."),
    ],
)
def test_what_to_do_fits_what_was_typed(typed: str, do: str) -> None:
    """``find`` has no more to say about a default code, a number or a date than ``show``."""
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        said = str(missing_error(connection, typed))
    assert said.endswith(do) and "look for it with find" not in said
