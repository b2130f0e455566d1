"""The README keeps its word: its commands, its example output and its questions, on the embedded sample."""

import re
from pathlib import Path

import duckdb
import pytest

from ods_pipeline_tests.support import questions
from ods_pipeline_tests.support.rooms import REPOSITORY, sample_root

pytestmark = pytest.mark.promise("documented")

README = (REPOSITORY / "README.md").read_text()
FENCES = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_opens_with_the_two_commands() -> None:
    (first, build), (second, test) = FENCES[:2]
    assert (first, second) == ("sh", "sh")
    for command in (build, test):
        assert "python3 -m venv .venv" in command
        assert "-c constraints.txt" in command
    assert "ods-pipeline build" in build
    assert "pytest" in test


@pytest.mark.parametrize("document", [questions.QUESTIONS, questions.README], ids=lambda p: p.name)
def test_the_answers_shown_are_the_answers(document: Path) -> None:
    """Rewritten with `python -m ods_pipeline_tests.support.questions`, the documents stay as they are."""
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        assert questions.answered(document, connection) == document.read_text(encoding="utf-8")


def test_no_question_is_without_an_answer() -> None:
    asked = questions.statements(questions.QUESTIONS)
    assert len(asked) >= 20
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        assert [sql for sql in asked if not connection.sql(sql).fetchall()] == []


def test_every_question_is_named_in_the_readme() -> None:
    headings = re.findall(r"^### ([^?.]+)", questions.QUESTIONS.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(headings) == len(questions.statements(questions.QUESTIONS))
    assert [heading for heading in headings if heading not in README] == []


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
