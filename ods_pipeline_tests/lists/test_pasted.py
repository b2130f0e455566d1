"""Lists pasted from a query, a program or a terminal, and headers and titles of lists of several parts."""

from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline_tests.support.lists import lines, read_list

IN_ONE_LINE = [(1, "RRP"), (1, "TAF")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("ods_code IN ('RRP','TAF')", IN_ONE_LINE),
        ("WHERE p.ods_code NOT IN ('RRP', 'TAF');\n", IN_ONE_LINE),
        ('codes = ["RRP", "TAF"]\n', IN_ONE_LINE),
        ('codes <- c("RRP", "TAF")\n', IN_ONE_LINE),
        ('{"codes": ["RRP", "TAF"]}', IN_ONE_LINE),
        ('[\n  "RRP",\n  "TAF"\n]\n', [(2, "RRP"), (3, "TAF")]),
        ("codes = {\n  'RRP',  # it's Barnet\n  'unknown',\n}\n", [(2, "RRP"), (3, "UNKNOWN")]),
        (
            "-- July\nSELECT *\nFROM t\nJOIN u USING (a)\nWHERE code IN (\n'E83003', -- Oak\n'89997'\n)\n",
            [(6, "E83003"), (7, "89997")],
        ),
        ("SELECT 1 WHERE a IN ('RRP') AND b IN ('TAF')", IN_ONE_LINE),
        # Without quotes, as people type them.
        ("IN (RRP, TAF)", IN_ONE_LINE),
        ("ods_code in (rrp,taf)", IN_ONE_LINE),
        ("IN (\nRRP, -- Barnet\nTAF\n)", [(2, "RRP"), (3, "TAF")]),
        ("SELECT *\nFROM t\nWHERE code NOT IN (E83003, 'RRP')", [(3, "E83003"), (3, "RRP")]),
        ("codes <- c(RRP, TAF)", IN_ONE_LINE),
        ("codes: [RRP, TAF]", IN_ONE_LINE),
        ("INSERT INTO t VALUES ('RRP'), ('TAF')", IN_ONE_LINE),
        ("INSERT INTO t VALUES\n('RRP'),\n('TAF');", [(2, "RRP"), (3, "TAF")]),
    ],
)
def test_a_list_pasted_from_a_query_or_a_program(
    tmp_path: Path, content: str, expected: list[tuple[int, str]]
) -> None:
    codes = read_list(tmp_path, content)
    assert lines(codes) == expected
    assert "the texts in brackets or conditions are read, and nothing around them" in codes.notes


@pytest.mark.parametrize(
    "content",
    [
        "code,sites\nRRP,\"['RRP01', 'RRP02']\"\nTAF,\"['TAF01', 'TAF02']\"\n",
        'code,name\nRRP,Barnet ("B12")\nTAF,Camden\n',
        "code,name\nRRP,\"Barnet ('North', 'South', 'East', 'West')\"\nTAF,Camden\n",
        'code,name\nRRP,"Barnet (in (RRP01, RRP02))"\nTAF,"Camden"\n',
        "code,name\nRRP,Barnet (RRP)\nTAF,Camden (TAF)\n",
    ],
)
def test_a_table_with_such_brackets_in_a_cell_is_a_table(tmp_path: Path, content: str) -> None:
    assert lines(read_list(tmp_path, content)) == [(2, "RRP"), (3, "TAF")]


@pytest.mark.parametrize(
    "name", ["Practice code", "ODS Code", "code", "Practices", "GP practice", "Pharmacies"]
)
def test_a_header_above_each_part_of_a_list_is_no_entry(tmp_path: Path, name: str) -> None:
    for first in ("ODS code\n", "Trusts\n", ""):
        codes = read_list(tmp_path, f"{first}RRP\nTAF\n\n{name}\nE83003\nE83005\n")
        entries = codes.rows.filter("is_entry")["code"].to_list()
        assert entries == ["RRP", "TAF", "E83003", "E83005"]
        assert codes.rows.filter(~codes.rows["is_entry"])["given"].to_list() == [name]


def test_codes_above_a_header_further_down_are_entries_of_a_table_too(tmp_path: Path) -> None:
    codes = read_list(
        tmp_path, "RRP,Barnet\nTAF,Camden\nPractice code,Name\nE83003,Oakleigh\nE83005,Lichfield\n"
    )
    assert codes.rows.filter("is_entry")["code"].to_list() == ["RRP", "TAF", "E83003", "E83005"]


def test_a_title_that_is_like_a_code_is_none(tmp_path: Path) -> None:
    codes = read_list(tmp_path, "QMJ,\nPractice code,Name\nE83003,Oakleigh\nE83005,Lichfield\n")
    assert lines(codes) == [(3, "E83003"), (4, "E83005")]


def test_words_that_are_no_header_are_judged(tmp_path: Path) -> None:
    codes = read_list(tmp_path, "ODS code\nRRP\nnot in ODS\nOakleigh\nTAF\n")
    assert codes.rows["is_entry"].all()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"ods_code": "RRP", "n": 1}\n{"ods_code": "TAF", "n": null}\n', [(1, "RRP"), (2, "TAF")]),
        ('[{"ods_code": "RRP"}, {"n": 2, "ods_code": "TAF"}]', [(1, "RRP"), (2, "TAF")]),
        ('{"Organisations": [\n{"Name": "A", "OrgId": "RRP"},\n{"OrgId": "TAF"}]}', [(1, "RRP"), (2, "TAF")]),
        ('{"ods_code": 89997, "roles": ["RO197"]}', [(1, "89997")]),
    ],
)
def test_records_in_json_are_a_table(tmp_path: Path, content: str, expected: list[tuple[int, str]]) -> None:
    assert lines(read_list(tmp_path, content)) == expected


@pytest.mark.parametrize(
    "content", ["{}", "[]", '{"codes": [1, 2]}', '[{"a": {}}]', "[" * 100_000, "{RRP}\n"]
)
def test_other_json_is_read_as_text_or_rejected(tmp_path: Path, content: str) -> None:
    try:
        codes = read_list(tmp_path, content)
    except OdsError as error:
        assert error.do
    else:
        assert codes.rows["line"].to_list() == [1]


# What DuckDB, MySQL and psql print.
DUCKDB = """
┌──────────┬─────────┐
│ ods_code │  name   │
│ varchar  │ varchar │
├──────────┼─────────┤
│ RRP      │ Barnet  │
│ ·        │ ·       │
│ TAF      │ Camden  │
├──────────┴─────────┤
│ 2 rows             │
└────────────────────┘
"""
MYSQL = """
+----------+--------+
| ods_code | name   |
+----------+--------+
| RRP      | Barnet |
| TAF      | Camden |
+----------+--------+
2 rows in set (0.00 sec)
"""
PSQL = """
 ods_code |  name
----------+--------
 RRP      | Barnet
 TAF      | Camden
(2 rows)
"""


@pytest.mark.parametrize("printed", [DUCKDB, MYSQL, PSQL])
def test_a_table_that_a_database_prints(tmp_path: Path, printed: str) -> None:
    codes = read_list(tmp_path, printed)
    assert codes.rows.filter("is_entry")["code"].to_list() == ["RRP", "TAF"]
    assert codes.column.endswith("('ods_code')")


@pytest.mark.parametrize(
    "title",
    [
        "List of trusts as at 1 April 2026",
        "Trusts 2026/27",
        "Extract of 30/11/2026",
        "Trusts March 31st 2026",
        "Our trusts (2026-11-30)",
    ],
)
def test_a_title_with_a_day_or_year_is_no_entry(tmp_path: Path, title: str) -> None:
    assert lines(read_list(tmp_path, f"{title}\nRRP\nTAF\n")) == [(2, "RRP"), (3, "TAF")]
    assert lines(read_list(tmp_path, f"{title}\nName\nRRP\nTAF\n")) == [(3, "RRP"), (4, "TAF")]


def test_words_with_another_number_are_an_entry(tmp_path: Path) -> None:
    for words in ("Surgery 12", "Marsh 12 Surgery"):
        assert lines(read_list(tmp_path, f"{words}\nRRP\nTAF\n"))[0][0] == 1
