"""Packed reports: gzip, and zips of one file, of several, and of none that is a report."""

import gzip
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.reconcile.reading import read_report
from ods_pipeline_tests.reconcile.small_reports import PRACTICE, line, report_file
from ods_pipeline_tests.support.workbooks import workbook


def _zip(folder: Path, names: list[str]) -> str:
    file = folder / "epraccur.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, line())
    return str(file)


def test_packed_reports(tmp_path: Path) -> None:
    for argument in (
        report_file(tmp_path, gzip.compress(line().encode()), "epraccur_2019-10.csv.gz"),
        _zip(tmp_path, ["epraccur.csv", "epraccur.pdf"]),
    ):
        assert read_report(argument).rows.height == 1


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


def test_a_workbook_is_read_as_a_report(tmp_path: Path) -> None:
    # Excel keeps numbers of codes and days as numbers, and a sheet has no columns after the last filled one.
    row = [None if cell == "" else int(cell) if cell.isdigit() else cell for cell in PRACTICE[:26]]
    notes, other = [["Notes on the report"]], [["RRP", "A TRUST"]]
    sheets = {"Notes": notes, "etr": other, "epraccur 20 Nov": [row]}
    file = report_file(tmp_path, workbook(sheets), "epraccur_2026-11-20.xlsx")
    read, same = read_report(file), read_report(report_file(tmp_path, line()))
    assert read.rows.equals(same.rows)
    assert (read.first_day, read.fields) == (same.first_day, same.fields)
    assert read.notes[0] == "sheet 'epraccur 20 Nov' is read; the workbook also has Notes, etr"


def test_a_workbook_with_titles_above_its_header_row(tmp_path: Path) -> None:
    rows = [["NHS Trusts"], [], ["Organisation Code", "Name", "Open Date"], ["RRP", "A TRUST", 36982]]
    file = report_file(tmp_path, workbook({"About": [["Made for you"]], "Sheet1": rows}), "etr.xlsx")
    read = read_report(file)
    assert read.rows.select("line", "code", "name", "opened").rows() == [(4, "RRP", "A TRUST", "36982")]


BAD: list[tuple[Callable[[Path], str], str]] = [
    (lambda d: report_file(d, b"\x1f\x8b\x08damaged"), "damaged or cut short"),
    (lambda d: report_file(d, b"PK\x03\x04damaged"), "damaged or cut short"),
    (lambda d: _zip(d, ["a.csv", "b.csv"]), "the zip holds 2 CSV files"),
    (lambda d: _zip(d, ["xl/workbook.xml"]), "the workbook cannot be read: it is damaged"),
    (lambda d: report_file(d, workbook({"epraccur": []}), "epraccur.xlsx"), "there is nothing in the file"),
]


@pytest.mark.parametrize(("make", "words"), BAD, ids=[words for _, words in BAD])
def test_what_cannot_be_unpacked_is_rejected(tmp_path: Path, make: Callable[[Path], str], words: str) -> None:
    with pytest.raises(OdsError, match=words):
        read_report(make(tmp_path))
