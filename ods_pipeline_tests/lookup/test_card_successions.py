"""The successions on a card: those of its own record, and those that only the other side records."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from ods_pipeline.lookup.card import read_card
from ods_pipeline_tests.support.builders import Held, make_record, succ
from ods_pipeline_tests.support.history.folding import with_duckdb

FIRST, SECOND = date(2026, 5, 21), date(2026, 8, 21)


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """B took over from A, and C is to succeed it; the second release has each on one side.

    A and D record each other, a day apart.
    """
    to_d = succ("A", "Successor", "D", "2024-03-31")
    d = make_record("D", Succs={"Succ": [succ("D", "Predecessor", "A", "2024-04-01")]})
    a = make_record("A", Succs={"Succ": [to_d]})
    more = make_record("A", Succs={"Succ": [to_d, succ("A", "Successor", "B", "2024-04-01")]})
    c = make_record("C", Succs={"Succ": [succ("C", "Predecessor", "B", "2026-10-01")]})
    b = make_record("B")
    held = Held(tmp_path_factory.mktemp("one-sided"))
    held.release([a, b, make_record("C"), d], published=str(FIRST), released="2026-05-29")
    held.release([more, b, c, d], published=str(SECOND), released="2026-08-28")
    file = with_duckdb(held.register(), held.path / "build")
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection


def of(
    register: duckdb.DuckDBPyConnection, code: str, known: date | None = None
) -> list[tuple[str, str, str]]:
    rows = read_card(register, code, None, known).successions
    return [(row["succession_type"], row["target_ods_code"], str(row["legal_start"])) for row in rows]


def test_a_succession_that_only_the_other_side_records_is_on_the_card(
    register: duckdb.DuckDBPyConnection,
) -> None:
    assert of(register, "B") == [("Predecessor", "A", "2024-04-01"), ("Successor", "C", "2026-10-01")]
    assert of(register, "C") == [("Predecessor", "B", "2026-10-01")]


def test_two_sides_are_one_succession_on_the_later_day(register: duckdb.DuckDBPyConnection) -> None:
    assert of(register, "D") == [("Predecessor", "A", "2024-04-01")]
    assert of(register, "A") == [("Successor", "B", "2024-04-01"), ("Successor", "D", "2024-04-01")]


def test_a_day_of_the_register_has_what_the_other_side_recorded_by_then(
    register: duckdb.DuckDBPyConnection,
) -> None:
    assert of(register, "B", FIRST) == []
    assert of(register, "B", SECOND) == of(register, "B")
