"""Report files as people have them: cells, empty rows, a byte-order mark, and what is no report."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.reconcile.reading import read_report
from ods_pipeline_tests.reconcile.small_reports import PRACTICE, line, report_file


def test_a_comma_within_quotes_and_a_byte_order_mark(tmp_path: Path) -> None:
    row = [*PRACTICE]
    row[4] = "4TH FLOOR, EAST WING"
    read = read_report(report_file(tmp_path, b"\xef\xbb\xbf" + line(row).encode()))
    assert read.rows["code"].to_list() == ["A81001"]
    assert read.rows["address_1"].to_list() == ["4TH FLOOR, EAST WING"]


def test_rows_of_empty_cells_are_left_out(tmp_path: Path) -> None:
    empty = "," * 26 + "\r\n"
    read = read_report(
        report_file(tmp_path, empty + line() + empty + line(["A81002", *PRACTICE[1:]]) + empty + empty)
    )
    assert read.rows.select("line", "code").rows() == [(2, "A81001"), (4, "A81002")]


def test_every_code_is_in_capitals(tmp_path: Path) -> None:
    read = read_report(report_file(tmp_path, line([cell.lower() for cell in PRACTICE])))
    columns = ["code", "region", "icb", "status", "parent", "provider"]
    assert read.rows.select(columns).row(0) == ("A81001", "Y63", "QHM", "A", "84H", "84H")
    cells = "a81001,X,16c,Y,u12345,A PCN,16c,Y,20200401,,Y\r\n"
    members = read_report(report_file(tmp_path, cells, "epcncorepartnerdetails.csv")).rows
    assert members.select("sub_icb", "parent", "parent_sub_icb").row(0) == ("16C", "U12345", "16C")


def test_a_spreadsheet_saves_no_columns_after_the_last_filled_one(tmp_path: Path) -> None:
    whole, saved = (read_report(report_file(tmp_path, line(row))) for row in (PRACTICE, PRACTICE[:26]))
    assert saved.rows.equals(whole.rows) and saved.fields == whole.fields
    assert saved.notes == ["columns 27 to 27 are not in the file"]
    assert {*whole.fields} - {*read_report(report_file(tmp_path, line(PRACTICE[:24]))).fields} == {"setting"}


def test_what_spreadsheets_and_databases_put_into_cells(tmp_path: Path) -> None:
    row = ['="A81001"', *PRACTICE[1:10], "'19740401", "NULL", "A", "NULL", "'84h", *PRACTICE[15:]]
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n"
    (read,) = read_report(report_file(tmp_path, quoted)).rows.to_dicts()
    assert (read["code"], read["opened"], read["closed"], read["parent"]) == (
        "A81001",
        "19740401",
        None,
        "84H",
    )


def test_a_status_may_be_spelled_out(tmp_path: Path) -> None:
    words = ["Active", "INACTIVE", "Closed", "Dormant", "Proposed", "c", "Odd"]
    read = read_report(
        report_file(tmp_path, "".join(line([*PRACTICE[:12], word, *PRACTICE[13:]]) for word in words))
    )
    assert read.rows["status"].to_list() == ["A", "C", "C", "D", "P", "C", "ODD"]


BAD: list[tuple[Callable[[Path], str], str]] = [
    (lambda d: str(d / "epraccur.csv"), "no such file"),
    (lambda d: report_file(d, "", "epraccur.csv"), "the file is empty"),
    (lambda d: report_file(d, " \r\n", "epraccur.csv"), "the file is empty"),
    (lambda d: report_file(d, b"\xef\xbb\xbf"), "the file is empty"),
    (lambda d: report_file(d, b"\xef\xbb\xbf\r\n\r\n"), "the file is empty"),
    (lambda d: report_file(d, b"\xff\xfe"), "the file is empty"),
    (lambda d: report_file(d, ",,,,\n,,,,\n"), "the file is empty"),
    (lambda d: report_file(d, line(), "practices.csv"), "not clear which report"),
    (lambda d: report_file(d, "Organisation Code,Name\n"), "a header row and nothing else"),
    (lambda d: report_file(d, b"\x00\x01\x02" * 400), "not a text file"),
]


@pytest.mark.parametrize(("make", "words"), BAD, ids=[words for _, words in BAD])
def test_what_is_not_a_report_is_rejected(tmp_path: Path, make: Callable[[Path], str], words: str) -> None:
    with pytest.raises(OdsError, match=words):
        read_report(make(tmp_path))
