"""Where the columns of a report are: by place, by a header row, under titles, and in other files."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.reconcile.reading import read_report
from ods_pipeline_tests.reconcile.small_reports import PRACTICE, line, report_file


def test_the_legacy_layout_by_place(tmp_path: Path) -> None:
    read = read_report(report_file(tmp_path, line()))
    assert read.report.name == "epraccur" and read.first_day == read.last_day == date(2026, 11, 20)
    (row,) = read.rows.iter_rows(named=True)
    assert (row["line"], row["code"], row["address_1"], row["address_4"]) == (
        1,
        "A81001",
        "1 HIGH STREET",
        "STOCKTON",
    )
    assert (row["opened"], row["closed"], row["parent"], row["provider"], row["setting"]) == (
        "19740401",
        None,
        "84H",
        "84H",
        "4",
    )


@pytest.mark.parametrize(
    "header",
    [
        "Name,Organisation Code,Post Code,Open Date",
        "ORGANISATION NAME;ODS CODE;POSTCODE;OPENED DATE",
        "Org Name\tOrg Code\tPostcode\tDate Opened",
        "Org Name,Org Code,Postcode,Opened",
    ],
)
def test_a_header_row_decides_over_places(tmp_path: Path, header: str) -> None:
    mark = next(c for c in ",;\t" if c in header)
    text = header + "\n" + mark.join(["THE DENSHAM SURGERY", "a81001", "TS18 1HU", "1974-04-01"]) + "\n"
    (row,) = read_report("epraccur=" + report_file(tmp_path, text, "a file.csv")).rows.iter_rows(named=True)
    assert (row["code"], row["name"], row["postcode"], row["opened"]) == (
        "A81001",
        "THE DENSHAM SURGERY",
        "TS18 1HU",
        "1974-04-01",
    )
    assert row["line"] == 2 and row["closed"] is None


def test_memberships_of_primary_care_networks(tmp_path: Path) -> None:
    cells = [
        "A81001",
        "THE DENSHAM SURGERY",
        "16C",
        "NHS X",
        "U12345",
        "A PCN",
        "16C",
        "NHS X",
        "20200401",
        "",
    ]
    read = read_report(report_file(tmp_path, line([*cells, "1"]), "epcncorepartnerdetails.csv"))
    (row,) = read.rows.iter_rows(named=True)
    assert (row["code"], row["parent"], row["parent_name"], row["joined"]) == (
        "A81001",
        "U12345",
        "A PCN",
        "20200401",
    )
    assert (read.first_day, read.last_day) == (None, None)


def test_a_header_row_under_titles(tmp_path: Path) -> None:
    text = "NHS Trusts,,,\n\nas of,1 May 2026,,\nOrganisation Code,Name,Postcode,Fax\nRRP,A TRUST,N1 1AA,1\n"
    read = read_report("etr=" + report_file(tmp_path, text, "a.csv"))
    assert read.rows.select("line", "code", "name", "postcode").rows() == [(5, "RRP", "A TRUST", "N1 1AA")]
    assert "the header row is line 4; what is above it is taken for a title" in read.notes


def test_what_a_file_with_a_header_has_no_column_for_is_named(tmp_path: Path) -> None:
    text = "Organisation Code,Name,Postcode,Fax\nRRP,A TRUST,N1 1AA,1\n"
    read = read_report("etr=" + report_file(tmp_path, text, "a.csv"))
    assert read.fields == ("name", "postcode")
    assert read.notes == [
        "columns of the file that are not compared: Fax",
        "not compared, because the file does not have all columns for it: address, opened, closed, status, "
        "region, icb",
    ]


BAD: list[tuple[Callable[[Path], str], str]] = [
    (lambda d: report_file(d, line(PRACTICE[:12])), "each line has 12 columns; epraccur has 27"),
    (lambda d: report_file(d, line() + line([*PRACTICE, "more"])), "line 2 has 28 columns; epraccur has 27"),
    (
        lambda d: report_file(d, "Organisation Code,Open Date,Close Date,Postcode\nA81001,,,\n"),
        "no column for name",
    ),
    (lambda d: report_file(d, line(["The Densham Surgery", *PRACTICE[1:]])), "is not an ODS code"),
    (
        lambda d: report_file(d, "NHS Trusts" + "," * 26 + "\n" + line()),
        "line 1: 'NHS Trusts' is not an ODS code",
    ),
    (
        lambda d: report_file(d, line() + "Organisation Code,Name,Postcode\n"),
        "line 1 looks like a row of the report",
    ),
]


@pytest.mark.parametrize(("make", "words"), BAD, ids=[words for _, words in BAD])
def test_a_file_with_other_columns_is_rejected(
    tmp_path: Path, make: Callable[[Path], str], words: str
) -> None:
    with pytest.raises(OdsError, match=words):
        read_report(make(tmp_path))


HEADER, FIRST, SECOND = (
    "Code,Name,Postcode",
    "A81001,THE DENSHAM SURGERY,TS18 1HU",
    "A81002,OAK SURGERY,TS18 2AW",
)


@pytest.mark.parametrize(
    ("rows", "expected", "count"),
    [
        ([HEADER, FIRST, HEADER, SECOND], [(2, "A81001"), (4, "A81002")], "1, first line 3"),
        ([HEADER, FIRST, "code, NAME ,post code", SECOND], [(2, "A81001"), (4, "A81002")], "1, first line 3"),
        (
            [HEADER, HEADER, FIRST, "", HEADER, SECOND, HEADER],
            [(3, "A81001"), (6, "A81002")],
            "3, first line 2",
        ),
        # The title of each page is there again, too.
        (
            ["Practices,,", HEADER, FIRST, "Practices,,", HEADER, SECOND],
            [(3, "A81001"), (6, "A81002")],
            "2, first line 4",
        ),
    ],
)
def test_a_header_row_that_is_repeated_is_no_row(
    tmp_path: Path, rows: list[str], expected: list[tuple[int, str]], count: str
) -> None:
    read = read_report(report_file(tmp_path, "\n".join(rows) + "\n"))
    assert read.rows.select("line", "code").rows() == expected
    assert f"lines that repeat the header, left out: {count}" in read.notes


def test_a_header_row_further_down_with_other_columns_is_rejected(tmp_path: Path) -> None:
    for other in ("Name,Code,Postcode", "Code,Name,Opened date", "Code,Postcode,Name"):
        with pytest.raises(OdsError, match="line 3 is another header row, with the columns in another order"):
            read_report(report_file(tmp_path, "\n".join([HEADER, FIRST, other, SECOND]) + "\n"))


def test_a_header_row_below_the_rows_of_the_legacy_layout_is_rejected(tmp_path: Path) -> None:
    header = line(["Organisation Code", "Name", *[""] * 7, "Postcode", *[""] * 17])
    with pytest.raises(OdsError, match="line 31 is a header row, and rows of the report are above it"):
        read_report(report_file(tmp_path, line() * 30 + header + line()))
