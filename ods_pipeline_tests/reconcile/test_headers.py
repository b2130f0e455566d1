"""The names of columns that each report has of its own, and what a website answers instead of a report."""

import io
import zipfile
from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.reconcile.reading import read_report
from ods_pipeline_tests.reconcile.small_reports import line, report_file, trusts_of_sample


@pytest.mark.parametrize(
    ("report", "header", "columns"),
    [
        ("epcn", "PCN Code,PCN Name,Current Sub ICB Loc Code,Open Date,Close Date", "code name parent"),
        ("ebranchs", "Branch Code,Branch Name,Practice Code,Start Date,End Date", "code name parent"),
        ("ets", "Site Code,Site Name,Trust Code,Opened,Closed", "code name parent"),
        ("etr", "Trust Cd,Trust Name,Postcode,Operational Start Date,Close", "code name postcode"),
        ("ephpsite", "Site Code,Site Name,Provider Code,Open,Close", "code name parent"),
        ("edispensary", "Contractor Code,Trading Name,Addr1,Open,Close", "code name address_1"),
        ("epharmacyhq", "ODS Code,Organisation,PostCode,Start Date,End Date", "code name postcode"),
    ],
)
def test_a_report_has_names_of_its_own(tmp_path: Path, report: str, header: str, columns: str) -> None:
    content = f"{header}\nRL403,A NAME,RL4,20190701,20200630\n"
    (row,) = read_report(report_file(tmp_path, content, f"{report}.csv")).rows.to_dicts()
    filled = {name: value for name, value in row.items() if value and name != "line"}
    values = ("RL403", "A NAME", "RL4", "20190701", "20200630")
    assert filled == dict(zip([*columns.split(), "opened", "closed"], values, strict=True))


def test_pcn_code_is_the_parent_where_a_row_is_a_membership(tmp_path: Path) -> None:
    content = "Practice Code,PCN Code,Start Date,End Date\nF83021,U90003,20190701,20200630\n"
    (row,) = read_report(report_file(tmp_path, content, "epcncorepartnerdetails.csv")).rows.to_dicts()
    assert [row[name] for name in ("code", "parent", "joined", "left")] == content.split("\n")[1].split(",")


def test_a_text_file_in_a_zip(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("etr.txt", "".join(map(line, trusts_of_sample())))
    read = read_report(report_file(tmp_path, buffer.getvalue(), "etr.zip"))
    assert read.rows.height == len(trusts_of_sample())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<!DOCTYPE html><html><body>404 Not Found</body></html>", "this is a web page or XML, not a report"),
        (b'\xef\xbb\xbf{"error": "no such report"}', "this is JSON, not a report"),
        ("RL4\nRM3\n", "each line has 1 column; epraccur has 27"),
    ],
)
def test_what_a_website_answers_instead_of_a_report(tmp_path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(OdsError, match=words):
        read_report(report_file(tmp_path, content))
