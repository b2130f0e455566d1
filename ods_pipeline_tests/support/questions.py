"""The questions of the documents: their statements, and the answers on the embedded sample.

`python -m ods_pipeline_tests.support.questions` builds the sample and writes the answers into
docs/questions.md and README.md: below each SQL block that an answer follows or should follow.
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
# A statement, and the answer below it if there is one.
_ASKED = re.compile(r"^```sql\n(?P<sql>.*?)^```\n(?:\n```text\n.*?^```\n)?", re.MULTILINE | re.DOTALL)
_WIDEST = 56


def statements(document: Path) -> list[str]:
    """Every SQL block of a document."""
    return [match["sql"].strip() for match in _ASKED.finditer(document.read_text(encoding="utf-8"))]


def answered(document: Path, connection: duckdb.DuckDBPyConnection) -> str:
    """The document with the answers as they are."""

    def answer(match: re.Match[str]) -> str:
        return f"```sql\n{match['sql']}```\n\n```text\n{shown(connection, match['sql'])}```\n"

    return _ASKED.sub(answer, document.read_text(encoding="utf-8"))


def shown(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The answer as aligned columns, whatever the width of the terminal."""
    found = connection.execute(sql)
    header = [column[0] for column in found.description or []]
    rows = [[_cell(value) for value in row] for row in found.fetchall()]
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
    ruled = [header, ["-" * width for width in widths], *rows]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in ruled
    )


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = DataRoot(Path(folder) / "data")
        pipeline.build(root)
        with duckdb.connect(str(root.path / "ods.duckdb"), read_only=True) as connection:
            for document in (QUESTIONS, README):
                document.write_text(answered(document, connection), encoding="utf-8")


if __name__ == "__main__":
    main()
