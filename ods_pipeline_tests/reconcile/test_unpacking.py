"""Packed reports: gzip, and zips of one file, of several, and of none that is a report."""

import gzip
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.reconcile.reading import read_report
from ods_pipeline_tests.reconcile.test_reading import line, write


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


BAD: list[tuple[Callable[[Path], str], str]] = [
    (lambda d: write(d, b"\x1f\x8b\x08damaged"), "damaged or cut short"),
    (lambda d: write(d, b"PK\x03\x04damaged"), "damaged or cut short"),
    (lambda d: _zip(d, ["a.csv", "b.csv"]), "the zip holds 2 CSV files"),
    (lambda d: _zip(d, ["xl/workbook.xml"]), "this is a workbook. Save the sheet of the report as CSV"),
]


@pytest.mark.parametrize(("make", "words"), BAD, ids=[words for _, words in BAD])
def test_what_cannot_be_unpacked_is_rejected(tmp_path: Path, make: Callable[[Path], str], words: str) -> None:
    with pytest.raises(OdsError, match=words):
        read_report(make(tmp_path))
