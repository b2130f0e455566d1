"""SQL blocks of the documents, and their answers on the embedded sample.

Lives here: finding the blocks and answers, and how an answer is laid out. Does not live here: other kinds of
code blocks (`ods_pipeline_tests/docs/test_code_blocks.py`).

`python -m ods_pipeline_tests.support.questions` builds the sample and writes the answer below each SQL block
of README.md and docs/.
"""

import re
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline_tests.support.rooms import REPOSITORY

QUESTIONS = REPOSITORY / "docs" / "questions.md"
README = REPOSITORY / "README.md"
DOCUMENTS = (README, *sorted((REPOSITORY / "docs").glob("*.md")))
# And those whose code blocks and links are checked alone.
ALL_DOCUMENTS = (
    *DOCUMENTS,
    REPOSITORY / "data" / "sample" / "README.md",
    *sorted((REPOSITORY / "benchmarks").glob("*.md")),
)
# A statement, and the answer below it if there is one.
_STATEMENT = re.compile(r"^```sql\n(?P<sql>.*?)^```\n(?:\n```text\n.*?^```\n)?", re.MULTILINE | re.DOTALL)
_MAX_CELL_WIDTH = 56


def statements(document: Path) -> list[str]:
    """Return every SQL block of a document."""
    return [match["sql"].strip() for match in _STATEMENT.finditer(document.read_text(encoding="utf-8"))]


def with_answers(document: Path, connection: duckdb.DuckDBPyConnection) -> str:
    """Return the document with the answers that the database gives now."""

    def answer(match: re.Match[str]) -> str:
        return f"```sql\n{match['sql']}```\n\n```text\n{aligned(connection, match['sql'])}```\n"

    return _STATEMENT.sub(answer, document.read_text(encoding="utf-8"))


def aligned(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Return an answer as aligned columns, independent of the width of the terminal."""
    result = connection.execute(sql)
    header = [column[0] for column in result.description or []]
    rows = [[_cell(value) for value in row] for row in result.fetchall()]
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in lines
    )


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _MAX_CELL_WIDTH else text[: _MAX_CELL_WIDTH - 1] + "…"


def main() -> None:
    """Build the sample and write the answers into the documents."""
    with tempfile.TemporaryDirectory() as folder:
        root = DataRoot(Path(folder) / "data")
        pipeline.build(root)
        with duckdb.connect(str(root.path / "ods.duckdb"), read_only=True) as connection:
            for document in DOCUMENTS:
                document.write_text(with_answers(document, connection), encoding="utf-8")


if __name__ == "__main__":
    main()
