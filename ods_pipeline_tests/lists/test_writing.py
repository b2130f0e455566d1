"""A spreadsheet can open the CSV of a check without harm."""

import csv
import io

import polars as pl
import pytest

from ods_pipeline.lists.writing import safe_csv


def written(**columns: list[object]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(safe_csv(pl.DataFrame(columns)), newline="")))


@pytest.mark.promise("no_injection")
@pytest.mark.parametrize("prefix", ["=", "+", "-", "@", "\t", "\r", " =", "\n="])
def test_a_formula_is_made_text(prefix: str) -> None:
    attack = f'{prefix}cmd|" /C calc"!A0'
    assert written(given=[attack])[0]["given"] == f"'{attack}"


def test_other_text_does_not_change() -> None:
    values = ["RRP", "ST MARY'S, LEEDS", 'THE "OAKS"', "A=B", "", None]
    assert [row["given"] for row in written(given=values, n=[1] * 6)] == [*values[:-1], ""]


def test_lists_are_joined_by_spaces() -> None:
    assert [row["codes"] for row in written(codes=[["A1", "B2"], []], n=[1, 2])] == ["A1 B2", ""]
