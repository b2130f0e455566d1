"""Lists of several parts, each with its columns in another order."""

from pathlib import Path

import pytest

from ods_pipeline_tests.support.lists import read_list

RRP, TAF, OAK, LICHFIELD = (2, "RRP"), (4, "TAF"), (4, "E83003"), (5, "E83005")


def entries(folder: Path, rows: list[str], *options: str) -> list[tuple[int, str]]:
    codes = read_list(folder, "\n".join(rows) + "\n", *options)
    return codes.rows.filter("is_entry").select("line", "code").rows()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["ODS code,Name", "RRP,Barnet", "Name,ODS code", "Camden,TAF"], [RRP, TAF]),
        (["ODS code,Name", "RRP,Barnet", "Town,Name,Practice code", "Leeds,Camden,TAF"], [RRP, TAF]),
        # The column that has the name of the first part's, and not another one of codes.
        (
            ["Practice code,PCN code", "E83003,U12345", "PCN code,Practice code", "U12345,E83005"],
            [(2, "E83003"), (4, "E83005")],
        ),
        # Three parts, the third like the first.
        (
            ["Code,Name", "RRP,Barnet", "Name,Code", "Camden,TAF", "Code,Name", "E83003,Oakleigh"],
            [RRP, TAF, (6, "E83003")],
        ),
        # The first part has no header.
        (
            ["RRP,Barnet", "TAF,Camden", "Name,Practice code", "Oakleigh,E83003", "Lichfield,E83005"],
            [(1, "RRP"), (2, "TAF"), OAK, LICHFIELD],
        ),
        # The same columns again, and a cell that is like a name of codes, begin no part.
        (["ODS code,Name", "RRP,Barnet", "ODS code,Name", "TAF,Camden"], [RRP, TAF]),
        (["ODS code,Source", "RRP,ODS", "TAF,ESR"], [RRP, (3, "TAF")]),
        (["ODS code,Kind,Note", "RRP,Code,as it was", "TAF,ESR,as it is"], [RRP, (3, "TAF")]),
        # One row above the header may be a title.
        (["Author,SAM", "ODS code,Name", "E83003,Oakleigh"], [(3, "E83003")]),
    ],
)
def test_each_part_is_read_by_its_own_header(
    tmp_path: Path, rows: list[str], expected: list[tuple[int, str]]
) -> None:
    assert entries(tmp_path, rows) == expected


def test_a_column_that_is_requested_is_followed_by_name_and_not_by_number(tmp_path: Path) -> None:
    rows = ["Code,Parent", "RRP,TAF", "Parent,Code", "E83003,E83005"]
    assert entries(tmp_path, rows, "Parent") == [(2, "TAF"), OAK]
    assert [code for _, code in entries(tmp_path, rows, "2")][-1] == "E83005"


def test_what_is_read_from_where_is_noted(tmp_path: Path) -> None:
    rows = ["ODS code,Name", "RRP,Barnet", "", "Name,ODS code", "Camden,TAF"]
    notes = read_list(tmp_path, "\n".join(rows)).notes
    assert notes[-2:] == ["from line 1 on column 1 is read", "from line 4 on column 2 is read"]
