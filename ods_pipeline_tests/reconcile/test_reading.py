"""Report files as people have them: a header row, other columns, a byte-order mark, a zip, and wrong."""

import gzip
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.reconcile.comparing import rules
from ods_pipeline.reconcile.reading import read_report, reports

ROW = ["A81001", "THE DENSHAM SURGERY", "Y63", "QHM", "1 HIGH STREET", "", "", "STOCKTON", "", "TS18 1HU"]
ROW += ["19740401", "", "A", "B", "84H", "20200401", "", "01642 000000", *[""] * 5, "84H", "", "4", ""]


def line(row: list[str] = ROW) -> str:
    return ",".join(f'"{cell}"' for cell in row) + "\r\n"


def write(folder: Path, content: str | bytes, name: str = "epraccur_2026-11-20.csv") -> str:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(file)


def test_the_legacy_layout_by_place(tmp_path: Path) -> None:
    read = read_report(write(tmp_path, line()))
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


def test_a_comma_within_quotes_and_a_byte_order_mark(tmp_path: Path) -> None:
    row = [*ROW]
    row[4] = "4TH FLOOR, EAST WING"
    read = read_report(write(tmp_path, b"\xef\xbb\xbf" + line(row).encode()))
    assert read.rows["code"].to_list() == ["A81001"]
    assert read.rows["address_1"].to_list() == ["4TH FLOOR, EAST WING"]


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
    (row,) = read_report("epraccur=" + write(tmp_path, text, "a file.csv")).rows.iter_rows(named=True)
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
    read = read_report(write(tmp_path, line([*cells, "1"]), "epcncorepartnerdetails.csv"))
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
    read = read_report("etr=" + write(tmp_path, text, "a.csv"))
    assert read.rows.select("line", "code", "name", "postcode").rows() == [(5, "RRP", "A TRUST", "N1 1AA")]
    assert "the header row is line 4; what is above it is taken for a title" in read.notes


def test_what_a_file_with_a_header_has_no_column_for_is_named(tmp_path: Path) -> None:
    text = "Organisation Code,Name,Postcode,Fax\nRRP,A TRUST,N1 1AA,1\n"
    read = read_report("etr=" + write(tmp_path, text, "a.csv"))
    assert read.fields == ("name", "postcode")
    assert read.notes == [
        "columns of the file that are not compared: Fax",
        "not compared, because the file does not have all columns for it: address, opened, closed, status, "
        "region, icb",
    ]


def test_rows_of_empty_cells_are_left_out(tmp_path: Path) -> None:
    empty = "," * 26 + "\r\n"
    read = read_report(write(tmp_path, empty + line() + empty + line(["A81002", *ROW[1:]]) + empty + empty))
    assert read.rows.select("line", "code").rows() == [(2, "A81001"), (4, "A81002")]


def test_every_code_is_in_capitals(tmp_path: Path) -> None:
    read = read_report(write(tmp_path, line([cell.lower() for cell in ROW])))
    columns = ["code", "region", "icb", "status", "parent", "provider"]
    assert read.rows.select(columns).row(0) == ("A81001", "Y63", "QHM", "A", "84H", "84H")
    cells = "a81001,X,16c,Y,u12345,A PCN,16c,Y,20200401,,Y\r\n"
    members = read_report(write(tmp_path, cells, "epcncorepartnerdetails.csv")).rows
    assert members.select("sub_icb", "parent", "parent_sub_icb").row(0) == ("16C", "U12345", "16C")


def _zip(folder: Path, names: list[str]) -> str:
    file = folder / "epraccur.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, line())
    return str(file)


def test_packed_reports(tmp_path: Path) -> None:
    for argument in (
        write(tmp_path, gzip.compress(line().encode()), "epraccur_2019-10.csv.gz"),
        _zip(tmp_path, ["epraccur.csv", "epraccur.pdf"]),
    ):
        assert read_report(argument).rows.height == 1


@pytest.mark.parametrize(
    "day",
    [
        *("2026-11-20", "20261120", "20-11-2026", "20.11.2026", "20112026", "2026_11_20", "2026.11.20 (1)"),
        *("20 Nov 2026", "20th November 2026", "20Nov26", "20-nov-2026 v2"),
    ],
)
def test_the_day_in_the_name_as_people_write_it(tmp_path: Path, day: str) -> None:
    read = read_report(write(tmp_path, line(), f"epraccur {day}.csv"))
    assert read.first_day == read.last_day == date(2026, 11, 20)


@pytest.mark.parametrize("name", ["Nov 2026", "November-2026", "nov26", "2026-11"])
def test_the_month_in_the_name_as_people_write_it(tmp_path: Path, name: str) -> None:
    read = read_report(write(tmp_path, line(), f"epraccur {name}.csv"))
    assert (read.first_day, read.last_day) == (date(2026, 11, 1), date(2026, 11, 30))


@pytest.mark.parametrize("name", ["decommissioned_2020", "marks_20", "31 Feb 2026", "(1)"])
def test_a_name_without_a_day_has_none(tmp_path: Path, name: str) -> None:
    assert read_report(write(tmp_path, line(), f"epraccur {name}.csv")).first_day is None


def test_of_several_files_in_a_zip_the_report_itself_is_taken(tmp_path: Path) -> None:
    names = [
        "__MACOSX/._epraccur.csv",
        "pack/epraccur_2026-11-20.CSV",
        "pack/etr_2026-11-20.csv",
        "notes.pdf",
    ]
    read = read_report(_zip(tmp_path, names))
    assert read.rows["code"].to_list() == ["A81001"]
    assert read.first_day == date(2026, 11, 20)  # the zip's own name has none


def test_what_spreadsheets_and_databases_put_into_cells(tmp_path: Path) -> None:
    row = ['="A81001"', *ROW[1:10], "'19740401", "NULL", "A", "NULL", "'84h", *ROW[15:]]
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n"
    (read,) = read_report(write(tmp_path, quoted)).rows.to_dicts()
    assert (read["code"], read["opened"], read["closed"], read["parent"]) == (
        "A81001",
        "19740401",
        None,
        "84H",
    )


def test_a_status_may_be_spelled_out(tmp_path: Path) -> None:
    words = ["Active", "INACTIVE", "Closed", "Dormant", "Proposed", "c", "Odd"]
    read = read_report(write(tmp_path, "".join(line([*ROW[:12], word, *ROW[13:]]) for word in words)))
    assert read.rows["status"].to_list() == ["A", "C", "C", "D", "P", "C", "ODD"]


def test_a_month_in_the_name_is_all_of_its_days(tmp_path: Path) -> None:
    read = read_report(write(tmp_path, line(), "epraccur_2024-02.csv"))
    assert (read.first_day, read.last_day) == (date(2024, 2, 1), date(2024, 2, 29))


BAD: list[tuple[Callable[[Path], str], str]] = [
    (lambda d: str(d / "epraccur.csv"), "no such file"),
    (lambda d: write(d, "", "epraccur.csv"), "the file is empty"),
    (lambda d: write(d, " \r\n", "epraccur.csv"), "the file is empty"),
    (lambda d: write(d, b"\xef\xbb\xbf"), "the file is empty"),
    (lambda d: write(d, b"\xef\xbb\xbf\r\n\r\n"), "the file is empty"),
    (lambda d: write(d, b"\xff\xfe"), "the file is empty"),
    (lambda d: write(d, ",,,,\n,,,,\n"), "the file is empty"),
    (lambda d: write(d, line(), "practices.csv"), "not clear which report"),
    (lambda d: write(d, line(ROW[:12])), "each line has 12 columns; epraccur has 27"),
    (lambda d: write(d, line() + line([*ROW, "more"])), "line 2 has 28 columns; epraccur has 27"),
    (
        lambda d: write(d, "Organisation Code,Open Date,Close Date,Postcode\nA81001,,,\n"),
        "no column for name",
    ),
    (lambda d: write(d, "Organisation Code,Name\n"), "a header row and nothing else"),
    (lambda d: write(d, line(["The Densham Surgery", *ROW[1:]])), "is not an ODS code"),
    (lambda d: write(d, "NHS Trusts" + "," * 26 + "\n" + line()), "line 1: 'NHS Trusts' is not an ODS code"),
    (
        lambda d: write(d, line() + "Organisation Code,Name,Postcode\n"),
        "line 1 looks like a row of the report",
    ),
    (lambda d: write(d, b"\x1f\x8b\x08damaged"), "damaged or cut short"),
    (lambda d: write(d, b"PK\x03\x04damaged"), "damaged or cut short"),
    (lambda d: _zip(d, ["a.csv", "b.csv"]), "the zip holds 2 CSV files"),
    (lambda d: _zip(d, ["xl/workbook.xml"]), "this is a workbook. Save the sheet of the report as CSV"),
    (lambda d: write(d, b"\x00\x01\x02" * 400), "not a text file"),
]


@pytest.mark.parametrize(("make", "words"), BAD, ids=[words for _, words in BAD])
def test_what_is_not_a_report_is_rejected(tmp_path: Path, make: Callable[[Path], str], words: str) -> None:
    with pytest.raises(OdsError, match=words):
        read_report(make(tmp_path))


def test_rules_and_reports_are_numbered_once() -> None:
    assert rules()["rule"].to_list() == list(range(rules().height))
    assert set(rules()["outcome"]) == {"agree", "explained", "not_compared", "newer_there"}
    assert {r.layout for r in reports().values()} == {"organisations", "pcn_partners", "memberships"}
