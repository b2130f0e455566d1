"""The CSV that a check writes can be opened by a spreadsheet without harm."""

import csv
import io

import polars as pl
import pytest

from ods_pipeline.lists.writing import safe_csv


def written(**columns: list[object]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(safe_csv(pl.DataFrame(columns)), newline="")))


@pytest.mark.promise("no_injection")
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", " =", "\n="])
def test_a_formula_is_made_text(sign: str) -> None:
    attack = f'{sign}cmd|" /C calc"!A0'
    assert written(given=[attack])[0]["given"] == f"'{attack}"


def test_what_is_no_formula_stays() -> None:
    values = ["RRP", "ST MARY'S, LEEDS", 'THE "OAKS"', "A=B", "", None]
    assert [row["given"] for row in written(given=values, n=[1] * 6)] == [*values[:-1], ""]


def test_lists_stand_with_spaces() -> None:
    assert [row["codes"] for row in written(codes=[["A1", "B2"], []], n=[1, 2])] == ["A1 B2", ""]
