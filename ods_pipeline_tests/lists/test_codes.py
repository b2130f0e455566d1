"""The form of a code: several in a cell, and what people put around them."""

from pathlib import Path

import pytest

from ods_pipeline.lists.code_list import read_code_list
from ods_pipeline_tests.support.lists import lines, read_list


def test_a_cell_with_several_codes_has_a_row_for_each(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('ods code,note\n"RRP, RQX",a\nF83004/F83005 and Y00001,b\nN10 9XD,c\nF83 004,d\n')
    rows = read_code_list(path, "ods code").rows
    assert rows.select("line", "part", "code").rows() == [
        (2, 1, "RRP"),
        (2, 2, "RQX"),
        (3, 1, "F83004"),
        (3, 2, "F83005"),
        (3, 3, "Y00001"),
        (4, 1, "N109XD"),
        (5, 1, "F83004"),
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "(F83004), (F83005)",
        "'F83004, F83005",
        '="F83004, F83005"',
        "F83004 or F83005",
        "f83004 AND f83005",
        "F83004,\u00a0F83005",
        "[F83004] / [F83005]",
        "\uff26\uff18\uff13\uff10\uff10\uff14\uff0cF83005",
        ", F83004; F83005;",
        "F83004 -> F83005",
        "F83004 => F83005",
        "F83004 \u2192 F83005",
        "F83004 to F83005",
    ],
)
def test_several_codes_are_found_within_what_people_put_around_them(tmp_path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')
    codes = read_list(tmp_path, f'ods code,n\n"{quoted}",1\n')
    assert lines(codes) == [(2, "F83004"), (2, "F83005")]
    assert codes.rows["given"].to_list() == [cell] * 2


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("Apr/2026", "APR/2026"),
        ("2026/2027", "2026/2027"),
        ("123,456", "123456"),
        ("1,234,567.0", "1234567"),
        ("89997.0", "89997"),
        (" 010.00", "010"),
        ("0.5", "0.5"),
        ("89997.05", "89997.05"),
        ("MAY,2026", "MAY,2026"),
        ("123/456", "123/456"),
        ("001,02", "001,02"),
    ],
)
def test_a_date_or_a_number_is_not_several_codes(tmp_path: Path, cell: str, code: str) -> None:
    assert lines(read_list(tmp_path, f'ods code,n\n"{cell}",1\nRRP,2\n')) == [(2, code), (3, "RRP")]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        *[
            (cell, "E83003")
            for cell in ("(E83003)", "[E83003]", "E83003.", "`E83003", "\u2019E83003", "E83003*")
        ],
        *[
            (cell, "E83003")
            for cell in ("- E83003", "\u2022 E83003", "2) E83003", "E83003\u00b9", "E83003\u2020")
        ],
        *[
            (cell, "E83003")
            for cell in ("ODS:E83003", "ods-e83003", "ODS code E83003", "Practice code: E83003")
        ],
        *[(cell, "E83003") for cell in ("E83003 - The Surgery", "The Surgery (E83003)", "E83003@nhs.net")],
        *[(cell, "RRP") for cell in ("ODS: RRP", "Organisation code RRP", "ID RRP", "(RRP)", '"RRP"')],
        ("E83018 001", "E83018001"),
        ("Trust RRP", "TRUSTRRP"),
        ("High Road N109XD", "HIGHROADN109XD"),
        ("E83003 - A, E83005 - B", "E83003-A,E83005-B"),
        ("#REF!", "#REF!"),
        ("March2026 figures", "MARCH2026FIGURES"),
    ],
)
def test_a_code_is_found_within_what_people_put_around_it(tmp_path: Path, cell: str, code: str) -> None:
    quoted = cell.replace('"', '""')
    codes = read_list(tmp_path, f'ods code,n\n"{quoted}",1\nRKE,2\n')
    assert lines(codes) == [(2, code), (3, "RKE")]
    assert codes.rows["given"][0] == cell
