"""Exports of systems: short names of columns, columns of words next to the codes, pivot tables."""

from pathlib import Path

import duckdb
import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.code_list import read_code_list
from ods_pipeline.lists.judging import judge
from ods_pipeline_tests.reconcile.small_reports import TODAY
from ods_pipeline_tests.support.workbooks import Cell, workbook

NAMES = ["Ref", "Region", "Name", "{}", "Contract", "Area", "Postcode", "List Size", "Start", "Active"]
ROWS = [
    ["1", "London", "RITCHIE STREET", "F83021", "GMS", "NCL", "N1 1AA", "4,201", "01/04/2013", "Yes"],
    ["2", "London", "ARNOS GROVE", "F85700", "PMS", "NCL", "N11 1AA", "5,000", "01/04/2013", "Yes"],
    ["3", "London", "CANALSIDE", "U90003", "GMS", "NCL", "NW1 1AA", "", "01/07/2019", "No"],
]


def column_of(folder: Path, lines: list[list[str]]) -> str:
    file = folder / "list.csv"
    file.write_text("".join(";".join(line) + "\n" for line in lines))
    return read_code_list(file).column


@pytest.mark.parametrize(
    "name",
    [
        "Prac Cd",
        "ORG",
        "Provider",
        "Practice Code (ODS)",
        "PRAC_CDE",
        "Surgery",
        "Practice No",
        "ODS_CD",
        "K",
    ],
)
def test_the_column_whatever_a_system_calls_it(tmp_path: Path, name: str) -> None:
    column = column_of(tmp_path, [[each.format(name) for each in NAMES], *ROWS])
    assert column.startswith("column 4")


@pytest.mark.parametrize("above", ["ICB", "CCG Code", "Commissioner", "Sub ICB"])
def test_an_organisation_counts_before_what_is_above_it(tmp_path: Path, above: str) -> None:
    for name in ("Practice", "Practice Code", "Prac Cd", "Site No"):
        lines = [[above, name, "List"], ["QMJ", "F83021", "3"], ["13T", "F85700", "4"]]
        assert column_of(tmp_path, lines) == f"column 2 ('{name}')"


def test_a_repeated_word_is_no_rival_of_codes(tmp_path: Path) -> None:
    lines = [["Team", "Which"], ["ABC", "F83021"], ["XYZ", "F85700"], ["ABC", "U90003"], ["XYZ", "F83021"]]
    assert column_of(tmp_path, lines) == "column 2 ('Which')"
    trusts = [["First", "Other"], ["RAL", "F83021"], ["RRP", "F85700"]]
    with pytest.raises(OdsError, match="the columns are: 1 'First', 2 'Other'"):
        column_of(tmp_path, trusts)


def test_of_columns_with_the_same_codes_the_first_is_taken(tmp_path: Path) -> None:
    lines = [["First", "Other"], ["f83021", "F83021"], ["RRP", "RRP"]]
    assert column_of(tmp_path, lines) == "column 1 ('First')"


@pytest.mark.parametrize("name", ["CCG", "Commissioner", "Sub ICB"])
def test_codes_that_have_lost_a_zero_are_offered(
    tmp_path: Path, sample: duckdb.DuckDBPyConnection, name: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"{name},Spend\n0C,1\n5C,2\n13T,3\n3N,4\n")
    judged = judge(sample, read_code_list(file), TODAY, None)
    assert judged["likely_codes"].to_list() == [["00C"], ["05C"], [], ["03N"]]


def test_a_pivot_table(tmp_path: Path, sample: duckdb.DuckDBPyConnection) -> None:
    rows: list[list[Cell]] = [["Region", "(All)"], [], ["Row Labels", "Sum of Cost"], ["RL4", 1]]
    rows += [["   F83021", 2], ["(blank)", 1], ["Grand Total", 4]]
    file = tmp_path / "list.xlsx"
    file.write_bytes(workbook({"Notes": [["Prepared by", "A"]], "Pivot": rows}))
    judged = judge(sample, read_code_list(file), TODAY, None)
    assert judged.select("line", "verdict").rows() == [
        (4, "good"),
        (5, "good"),
        (6, "blank"),
        (7, "not_an_entry"),
    ]
