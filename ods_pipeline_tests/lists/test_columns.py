"""Which column has the codes, and which line is its header."""

from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.codes import share_of_codes
from ods_pipeline_tests.support.lists import lines, parquet, read_list

TWO = [(2, "RRP"), (3, "TAF")]


@pytest.mark.parametrize(
    ("content", "column", "expected"),
    [
        pytest.param(
            "Practice ODS code review,July 2026\nName,Code\nA,E83003\nB,E83005\n",
            "column 2 ('Code')",
            [(3, "E83003"), (4, "E83005")],
            id="a title of two cells, an exact name below",
        ),
        pytest.param(
            "Practice ODS code review,July 2026\nName,Surgery\nA,E83003\nB,E83005\n",
            "column 2 ('Surgery')",
            [(3, "E83003"), (4, "E83005")],
            id="a title, codes by their form",
        ),
        pytest.param(
            "ODS code list\nPractice\nE83003\nE83005\n",
            "column 1 ('Practice')",
            [(3, "E83003"), (4, "E83005")],
            id="a title of one column",
        ),
        pytest.param(
            "Our ODS codes\nName\nE83003\nE83005\n",
            "column 1 ('Name')",
            [(3, "E83003"), (4, "E83005")],
            id="a title above any name",
        ),
        pytest.param(
            "Cost code,Practice\n10234,RRP\n10235,TAF\n", "column 2 ('Practice')", TWO, id="cost codes"
        ),
        pytest.param(
            "Cost code,Practice\nAB102,RRP\nAB103,TAF\n",
            "column 2 ('Practice')",
            TWO,
            id="cost codes that look like ours",
        ),
        pytest.param(
            "Ledger code,Surgery\n102,RRP\n103,TAF\n", "column 2 ('Surgery')", TWO, id="ledger codes"
        ),
        pytest.param("Code,Practice\n1,RRP\n2,TAF\n", "column 2 ('Practice')", TWO, id="own numbers"),
        pytest.param("Service code,Where\n101,RRP\n102,TAF\n", "column 2 ('Where')", TWO, id="other codes"),
        pytest.param(
            "Practice,Code\nLeeds,RRP\nYork,TAF\n", "column 2 ('Code')", TWO, id="names of practices"
        ),
        pytest.param(
            "Practice code,Code\nRRP,A12\nTAF,B12\n", "column 1 ('Practice code')", TWO, id="the specific"
        ),
        pytest.param(
            "PracticeCode,PCT\nE83003,5A9\n",
            "column 1 ('PracticeCode')",
            [(2, "E83003")],
            id="words run together",
        ),
        pytest.param(
            "sitename,sitecode\nABC,RRP\nDEF,TAF\n", "column 2 ('sitecode')", TWO, id="in lower case"
        ),
        pytest.param(
            "Provider,Provider ODS,ICB ODS\nLeeds,RRP,93C\nYork,TAF,93C\n",
            "column 2 ('Provider ODS')",
            TWO,
            id="the word ODS at the end",
        ),
        pytest.param("Site ID,ODS ID\n1,RRP\n2,TAF\n", "column 2 ('ODS ID')", TWO, id="an ODS ID"),
        pytest.param("Practice code,ODS\n,RRP\n,TAF\n", "column 2 ('ODS')", TWO, id="an empty column"),
        pytest.param(
            'ODS code,Parent code\n"RRP, TAF",A12\n"RRP, TAF",B12\n',
            "column 1 ('ODS code')",
            [(2, "RRP"), (2, "TAF"), (3, "RRP"), (3, "TAF")],
            id="several codes in each cell",
        ),
        pytest.param(
            "Lead ODS code now,Note\nRRP,x\nTAF,y\nCode,Meaning\nX12,z\n",
            "column 1 ('Lead ODS code now')",
            [*TWO, (4, "CODE"), (5, "X12")],
            id="a legend below the list",
        ),
        pytest.param(
            "ODS code,Name\nunknown,A\nTAF,B\n",
            "column 1 ('ODS code')",
            [(2, "UNKNOWN"), (3, "TAF")],
            id="an entry",
        ),
        pytest.param(
            "Practice ODS code,Name\n01-Aug,A\n02-Aug,B\n",
            "column 1 ('Practice ODS code')",
            [(2, "01-AUG"), (3, "02-AUG")],
            id="codes that have become dates",
        ),
    ],
)
def test_what_is_below_a_name_decides_too(
    tmp_path: Path, content: str, column: str, expected: list[tuple[int, str]]
) -> None:
    codes = read_list(tmp_path, content)
    assert (codes.column, lines(codes)) == (column, expected)


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ("RRP Barnet\nTAF Camden and Islington\nG6V2S North London\n", 1),
        ("Barnet (RRP)\nCamden (TAF)\n", 1),
        ("NHS Trust\nRRP Barnet\nTAF Camden\n", 2),
        ("Code and name\nRRP Barnet\nTAF Camden\n", 2),
        ("THE NAME\nBarnet\nCamden\nRRP\n", 2),
    ],
)
def test_an_entry_of_a_code_and_words_is_no_header(tmp_path: Path, content: str, first: int) -> None:
    assert lines(read_list(tmp_path, content))[0][0] == first


def test_names_of_parquet_columns_are_held_against_their_cells(tmp_path: Path) -> None:
    content = parquet(cost_code=["AB1", "AB2"], practice=["RRP", "TAF"])
    assert lines(read_list(tmp_path, content, name="a.parquet")) == [(1, "RRP"), (2, "TAF")]


@pytest.mark.parametrize("column", ["2", "trustid", " Trust_ID "])
def test_the_column_by_name_or_number(tmp_path: Path, column: str) -> None:
    codes = read_list(tmp_path, "code,TrustId\nA81001,RRP\nA81002,TAF\n", column)
    assert (lines(codes), codes.column) == (TWO, "column 2 ('TrustId')")


def test_the_column_by_number_without_a_header(tmp_path: Path) -> None:
    assert lines(read_list(tmp_path, "A81001,RRP\nA81002,TAF\n", "2")) == [(1, "RRP"), (2, "TAF")]


def test_choices_are_notes(tmp_path: Path) -> None:
    codes = read_list(tmp_path, "name,Site Code\nA,RRP01\n")
    assert codes.notes == ["column 2 of 2 is taken ('Site Code')", "line 1 is taken as the header"]


def test_another_column_of_codes_is_named(tmp_path: Path) -> None:
    parts = "Trusts,,Practices,\nODS code,Name,ODS code,Name\nRRP,a,E83003,x\nTAF,b,E83005,y\n"
    note = "column 3 ('ODS code') has codes too and is not read; --column 3 takes it"
    assert note in read_list(tmp_path, parts).notes
    assert lines(read_list(tmp_path, parts, "3"))[-2:] == [(3, "E83003"), (4, "E83005")]
    pcns = read_list(tmp_path, parquet(practice_code=["E83003"], pcn_code=["U12345"]), name="a.parquet")
    assert pcns.notes[1] == "column 2 ('pcn_code') has codes too and is not read; --column 2 takes it"
    names = read_list(tmp_path, "Practice code,Trust\nE83003,Barnet\nE83005,Camden\n")
    assert not any("codes too" in note for note in names.notes)


def test_a_missing_column_is_reported_with_those_that_there_are(tmp_path: Path) -> None:
    for column in ("trust", "3", "0"):
        with pytest.raises(OdsError, match=f"no column '{column}'.*1 'code', 2 'name'"):
            read_list(tmp_path, "code,name\nRRP,A\n", column)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("RRP, TAF, G6V2S\n", [(1, "RRP"), (1, "TAF"), (1, "G6V2S")]),
        ("E83003;E83005\n", [(1, "E83003"), (1, "E83005")]),
        ("E83003, E83005\nE83008\nRRP\n", [(1, "E83003"), (1, "E83005"), (2, "E83008"), (3, "RRP")]),
        (
            "ODS code\nE83003\nE83005, E83008\nRRP\n",
            [(2, "E83003"), (3, "E83005"), (3, "E83008"), (4, "RRP")],
        ),
        ("'E83003','E83005',\n'E83008'\n", [(1, "E83003"), (1, "E83005"), (2, "E83008")]),
        ("('E83003','E83005')\n", [(1, "E83003"), (1, "E83005")]),
        ("E83003.\nE83005;\nE83008,\n", [(1, "E83003"), (2, "E83005"), (3, "E83008")]),
    ],
)
def test_codes_of_lines_of_different_lengths_are_no_columns(
    tmp_path: Path, content: str, expected: list[tuple[int, str]]
) -> None:
    codes = read_list(tmp_path, content)
    assert lines(codes) == expected
    assert codes.column == "every cell"
    assert codes.notes[0] == "every cell is taken for a code: there are no columns"
    assert codes.rows.select("line", "part").is_unique().all()


def test_a_column_with_one_stray_code_is_no_rival(tmp_path: Path) -> None:
    rows = [f"E83{n:03},a practice," for n in range(20)]
    codes = read_list(tmp_path, "\n".join([*rows, "unknown,name,RRP"]))
    assert codes.column == "column 1"


def test_an_entry_with_a_label_is_no_header(tmp_path: Path) -> None:
    codes = read_list(tmp_path, "ODS:E83003\nODS code E83005\nODS code: RRP\n")
    assert lines(codes) == [(1, "E83003"), (2, "E83005"), (3, "RRP")]


PERIODS = ["1st May 2024", "May 2nd, 2024", "3 Sept 24", "04MAY2024", "May 2024", "22nd of July 2024"]
PERIODS += ["Q1 2024/25", "2024Q1", "FY2024/25", "FY2425"]


@pytest.mark.parametrize("period", PERIODS)
def test_a_column_of_days_or_periods_is_no_rival(tmp_path: Path, period: str) -> None:
    cell = f'"{period}"'
    assert read_list(tmp_path, f"{cell},RRP\n{cell},TAF\n").column == "column 2"


def test_codes_that_are_like_months_are_codes() -> None:
    assert share_of_codes(["MAY01", "1MAY", "A2024", "FY242", "MAR2A", "Q1234"]) == 1.0


@pytest.mark.parametrize("place", ["N15 3TH", "NW10PE", "E54000028"])
def test_a_column_of_postcodes_or_gss_codes_is_taken_if_no_other_has_codes(
    tmp_path: Path, place: str
) -> None:
    assert read_list(tmp_path, f"{place},RRP\n{place},TAF\n").column == "column 2"
    assert read_list(tmp_path, f"{place},North\n{place},South\n").column == "column 1"


def test_an_id_of_organisations_is_a_name_of_codes(tmp_path: Path) -> None:
    for name in ("Org ID", "provider_id", "Site Identifier"):
        assert lines(read_list(tmp_path, f"{name},Name\nRRP,a\nTAF,b\n")) == TWO
    assert read_list(tmp_path, "Practice ID,Surgery\n1,E83003\n2,E83005\n").column == "column 2 ('Surgery')"


def test_a_header_that_is_there_again_is_no_entry(tmp_path: Path) -> None:
    codes = read_list(tmp_path, "Practice code\nE83003\npractice Code \nE83005\n")
    assert codes.rows["is_entry"].to_list() == [True, False, True]
