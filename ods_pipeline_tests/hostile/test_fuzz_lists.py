"""Lists of codes in any bytes are read with every filled line, or rejected in one line."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import NamedTemporaryFile

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline.lists.code_list import read_code_list
from ods_pipeline.lists.reading import read_cells
from ods_pipeline.lists.writing import safe_csv
from ods_pipeline_tests.hostile import list_mutants
from ods_pipeline_tests.hostile.running import IN_MEMORY, outcome, seeded, try_many
from ods_pipeline_tests.support.times import TIMES

pytestmark = pytest.mark.promise("hostile")
# What a spreadsheet takes for the beginning of a formula; the full-width characters in some languages.
FORMULA = tuple("=+-@\t\r＝＋－＠")


class Listed:
    """Writes a list to one file, reads it, and checks the result."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self, content: bytes) -> str:
        self.file.write_bytes(content)
        codes = read_code_list(self.file)
        rows, cells = codes.rows, read_cells(self.file)
        # A cell with two codes gives two rows of one line.
        assert rows["line"].is_sorted() and rows.height > 0
        lines = rows["line"].unique(maintain_order=True)
        assert rows["code"].drop_nulls().str.contains(r"^\S+$").all()
        # No filled line is lost except the header and the lines above it.
        filled = [
            n for n, row in zip(cells.lines, zip(*cells.columns, strict=True), strict=True) if _any(row)
        ]
        assert set(rows["line"]) <= set(filled)
        assert [n for n in filled if n >= lines[0]] == [n for n in lines if n in set(filled)]
        if "line" not in str(codes.notes):
            assert len(filled) == len(lines)
        written = [*csv.reader(io.StringIO(safe_csv(rows), newline=""))]
        assert len(written) == rows.height + 1
        assert not [cell for row in written for cell in row if cell.lstrip(" \n\v\f").startswith(FORMULA)]
        return "read"


def _any(row: tuple[str | None, ...]) -> bool:
    return not pl.Series(row, dtype=pl.String).fill_null("").str.strip_chars().eq("").all()


@pytest.fixture
def listed() -> Iterator[Listed]:
    with NamedTemporaryFile(dir=IN_MEMORY, prefix="ods_list_") as file:
        yield Listed(Path(file.name))


@settings(max_examples=40 * TIMES)
@given(st.randoms(use_true_random=False))
def test_a_list_is_read_whole_or_rejected(random: Random) -> None:
    make = random.choice([list_mutants.text, list_mutants.text, list_mutants.book, list_mutants.table])
    with NamedTemporaryFile(prefix="ods_list_") as file:
        outcome(make(random), Listed(Path(file.name)))


def test_a_damaged_parquet_file_writes_nothing_but_our_line(
    listed: Listed, capfd: pytest.CaptureFixture[str]
) -> None:
    """Polars panics over this one, with pages of Rust on the terminal."""
    assert outcome(list_mutants.table(seeded("lists of codes, Parquet", 1279)), listed) == "rejected"
    assert capfd.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "many", "make"),
    [
        ("lists of codes, text", 16_000, list_mutants.text),
        ("lists of codes, workbooks", 3_000, list_mutants.book),
        ("lists of codes, Parquet", 2_000, list_mutants.table),
    ],
)
def test_a_great_many(listed: Listed, what: str, many: int, make) -> None:
    outcomes = try_many(what, many, make, listed)
    assert min(outcomes["read"], outcomes["rejected"]) > many / 100
