"""The README keeps its word: its commands, its example output and its questions, on the embedded sample."""

import re

import duckdb
import pytest

from ods_pipeline_tests.rooms import REPOSITORY, sample_root

README = (REPOSITORY / "README.md").read_text()
FENCES = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
QUESTIONS = [
    statement.strip()
    for kind, text in FENCES
    if kind == "sql"
    for statement in text.split(";")
    if statement.strip()
]


def test_opens_with_the_two_commands() -> None:
    (first, build), (second, test) = FENCES[:2]
    assert (first, second) == ("sh", "sh")
    for command in (build, test):
        assert "python3 -m venv .venv" in command
        assert "-c constraints.txt" in command
    assert "ods-pipeline build" in build
    assert "pytest" in test


@pytest.mark.parametrize("statement", QUESTIONS, ids=lambda s: s.splitlines()[0].removeprefix("-- "))
def test_every_question_has_an_answer(statement: str) -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        assert connection.sql(statement).fetchall()


def test_the_answers_shown_are_the_answers() -> None:
    shown = next(text for kind, text in FENCES if kind == "text" and "payee_code" in text)
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        values = {
            str(value)
            for question in QUESTIONS
            if "payee" in question or "TAF01" in question
            for row in connection.sql(question).fetchall()
            for value in row
        }
    cells = {cell.strip() for line in shown.splitlines() if "│" in line for cell in line.split("│")[1:-1]}
    assert values <= cells


def test_the_counts_shown_are_the_counts() -> None:
    """Every count in the example output is what the sample gives, and none is left out."""
    shown = next(text for kind, text in FENCES if kind == "text" and "ord.organisations" in text)
    told = dict(re.findall(r"^((?:ord|history|marts)\.\w+) +([\d,]+)$", shown, re.MULTILINE))
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        tables = connection.sql(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY ALL"
        ).fetchall()
        counts = {name: f"{connection.table(name).shape[0]:,}" for (name,) in tables}
    assert told == counts
