"""Lists as people keep them: which lines are read, from which sheet, and what is none."""

import io
import zipfile
from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.code_list import read_all_sheets, read_code_list
from ods_pipeline_tests.support.lists import lines, parquet, parquet_of_bytes, read_list
from ods_pipeline_tests.support.workbooks import workbook

TWO = [(2, "RRP"), (3, "TAF")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("RRP\nTAF\n", [(1, "RRP"), (2, "TAF")], id="bare codes"),
        pytest.param("RRP\rTAF", [(1, "RRP"), (2, "TAF")], id="line ends of old Macs"),
        pytest.param("ODS code\r\nRRP\r\nTAF\r\n", TWO, id="a header"),
        pytest.param('name,Practice Code\n"A, B",RRP\nC,TAF\n', TWO, id="a column found by its name"),
        pytest.param("name;Organisation Code\nA, B;RRP\nC;TAF\n", TWO, id="semicolons"),
        pytest.param(
            "LEEDS\tRRP\nYORK AND SELBY\tTAF\n", [(1, "RRP"), (2, "TAF")], id="by the form of its cells"
        ),
        pytest.param("year|what\n2024|RRP\n2025|TAF\n", TWO, id="years are not codes"),
        pytest.param("postcode,code\nN1 9XA,RRP\nN1 9XB,TAF\n", TWO, id="a postcode is not a code"),
        pytest.param("\ncode\n\nTAF\n \n", [(4, "TAF")], id="empty lines count, but are not entries"),
        pytest.param("code,name\n,B\nTAF,\n,\n", [(2, None), (3, "TAF")], id="a line with all but its code"),
        pytest.param(
            'code,name\nRRP,"two\nlines"\nTAF,\n', [(2, "RRP"), (4, "TAF")], id="a cell of two lines"
        ),
        pytest.param("Our trusts\n\ncode,name\nRRP,A\nTAF,B\n", [(4, "RRP"), (5, "TAF")], id="a title above"),
        pytest.param("code\n rrp\u200b\nt\u00a0a f\n", TWO, id="spaces, invisible characters and lower case"),
        pytest.param("code\n\uff32\uff32\uff30\nTAF\n", TWO, id="full-width letters"),
        pytest.param('code\n="RRP"\n\'TAF\n', TWO, id="what a spreadsheet puts around text"),
        pytest.param('code,name\nRRP,"open\nTAF,x\n', TWO, id="a quote that is never closed"),
        pytest.param("code,a\nRRP\nTAF,b,c,d\n", TWO, id="ragged lines"),
        pytest.param("sep=;\nname;code\nA, B;RRP\n", [(3, "RRP")], id="the delimiter stated for Excel"),
        pytest.param("sep=,\r\nRRP\r\nTAF\r\n", TWO, id="the same above bare codes"),
    ],
)
def test_the_codes_of_a_text_file(tmp_path: Path, content: str, expected: list[tuple[int, str]]) -> None:
    assert lines(read_list(tmp_path, content)) == expected


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_every_encoding_that_spreadsheets_write(tmp_path: Path, encoding: str) -> None:
    codes = read_list(tmp_path, "name,code\nCAFÉ,RRP\nB,TAF\n".encode(encoding))
    assert lines(codes) == TWO
    notes = [note for note in codes.notes if "Windows-1252" in note]
    assert notes == (
        ["the file is not UTF-8 (line 2), so it is read as Windows-1252"] if encoding == "cp1252" else []
    )


def test_the_text_of_the_cell_is_kept_next_to_the_code(tmp_path: Path) -> None:
    assert read_list(tmp_path, "code\n rrp \n").rows["given"].to_list() == [" rrp "]


def test_a_workbook_with_titles_numbers_and_other_sheets(tmp_path: Path) -> None:
    rows = [["Our list"], [], ["Name", "Code"], ["A", "RRP"], ["B", 50], ["C", None], [None, "TAF"]]
    content = workbook({"Empty": [], "March": rows, "Notes": [["ask Finance"]]})
    codes = read_list(tmp_path, content, name="list.xlsx")
    assert lines(codes) == [(4, "RRP"), (5, "50"), (6, None), (7, "TAF")]
    assert codes.notes[0] == "sheet 'March' is read; the workbook also has Empty, Notes"


def test_a_sheet_by_name(tmp_path: Path) -> None:
    content = workbook({"One": [["RRP"]], "Two": [["TAF"]]})
    assert lines(read_list(tmp_path, content, None, "Two", name="a.xlsx")) == [(1, "TAF")]
    with pytest.raises(OdsError, match=r"no sheet 'Three'.*with one of: One, Two"):
        read_list(tmp_path, content, None, "Three", name="a.xlsx")


def altered(content: bytes, part: str, old: str, new: str) -> bytes:
    """A workbook with another text in one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            text = source.read(info).decode()
            assert info.filename != part or old in text
            target.writestr(info, text.replace(old, new) if info.filename == part else text)
    return out.getvalue()


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_comes_last_and_is_named_as_such(tmp_path: Path, state: str) -> None:
    def hide(content: bytes, name: str) -> bytes:
        return altered(content, "xl/workbook.xml", f'name="{name}"', f'name="{name}" state="{state}"')

    both = workbook({"Old": [["code"], ["RRP"]], "New": [["code"], ["TAF"]]})
    codes = read_list(tmp_path, hide(both, "Old"), name="list.xlsx")
    assert (lines(codes), codes.notes[0]) == ([(2, "TAF")], "sheet 'New' is read; the workbook also has Old")
    assert lines(read_list(tmp_path, hide(both, "New"), name="list.xlsx")) == [(2, "RRP")]
    notes = workbook({"Notes": [["ask Finance for it"]], "Old": [["code"], ["RRP"]]})
    codes = read_list(tmp_path, hide(notes, "Old"), name="list.xlsx")
    assert (lines(codes), codes.notes[1]) == ([(2, "RRP")], "sheet 'Old' is hidden")
    codes = read_list(tmp_path, hide(both, "Old"), None, "Old", name="list.xlsx")
    assert (lines(codes), codes.notes[1]) == ([(2, "RRP")], "sheet 'Old' is hidden")
    lists, _ = read_all_sheets(tmp_path / "list.xlsx")
    assert "sheet 'Old' is hidden" in lists["Old"].notes


def test_a_cell_whose_formula_failed_is_not_blank(tmp_path: Path) -> None:
    content = workbook({"S": [["code", "n"], ["RRP", 1], ["x1", 1], ["x2", 1], ["TAF", 1]]})
    for cell, error in (("x1", "#N/A"), ("x2", "#REF!")):
        old = f't="inlineStr"><is><t xml:space="preserve">{cell}</t></is>'
        content = altered(content, "xl/worksheets/sheet1.xml", old, f't="e"><v>{error}</v>')
    codes = read_list(tmp_path, content, name="list.xlsx")
    assert codes.rows["given"].to_list() == ["RRP", "#N/A", "#REF!", "TAF"]


def test_a_day_of_a_workbook_is_shown_as_a_day(tmp_path: Path) -> None:
    content = workbook({"S": [["code", "n"], ["RRP", 1], [45870, 1], [45870.5, 1]]})
    formats = '<xf numFmtId="0"/><xf numFmtId="16" applyNumberFormat="1"/>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles"
    content = altered(
        content,
        "xl/_rels/workbook.xml.rels",
        "</Relationships>",
        f'<Relationship Id="rId9" Type="{link}" Target="styles.xml"/></Relationships>',
    )
    for row in (3, 4):
        content = altered(content, "xl/worksheets/sheet1.xml", f'<c r="A{row}">', f'<c r="A{row}" s="1">')
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(
            "xl/styles.xml", f'<styleSheet xmlns="{main}"><cellXfs count="2">{formats}</cellXfs></styleSheet>'
        )
    codes = read_list(tmp_path, out.getvalue(), name="list.xlsx")
    assert codes.rows["given"].to_list() == ["RRP", "2025-08-01", "2025-08-01 12:00:00"]


def test_a_sheet_with_a_column_of_that_name_has_codes_though_few(tmp_path: Path) -> None:
    rows = [
        ["Name", "Org code", "Beds"],
        ["A", "RKE", 10],
        ["B", 89999, 2],
        ["Total", None, 12],
        ["C", 99, 3],
    ]
    sheets = {
        "Notes": [["ask for the code", "by"], ["the lead of RRP", "Friday"]],
        "Beds": [["Ours"], *rows, [], ["", "x"]],
    }
    codes = read_list(tmp_path, workbook({**sheets, "Sub": [["code"], ["93C"]]}), name="list.xlsx")
    assert lines(codes)[:2] == [(3, "RKE"), (4, "89999")]
    assert codes.notes[0] == "sheet 'Beds' is read; the workbook also has Notes, Sub"


def test_only_a_workbook_has_a_sheet(tmp_path: Path) -> None:
    for content in ("RRP\n", parquet(code=["RRP"])):
        with pytest.raises(OdsError, match=r"only a workbook has sheets\. Leave --sheet out"):
            read_list(tmp_path, content, None, "One", name="list.csv")


def test_a_parquet_file(tmp_path: Path) -> None:
    content = parquet(name=["A", "B"], org_code=["RRP", None], size=[1, 2])
    assert lines(read_list(tmp_path, content, name="a.parquet")) == [(1, "RRP"), (2, None)]
    assert lines(read_list(tmp_path, content, "3", name="a.parquet")) == [(1, "1"), (2, "2")]
    assert lines(read_list(tmp_path, parquet(x=["RRP"], y=[1.5]), name="a.parquet")) == [(1, "RRP")]


def test_the_content_and_not_the_name_decides_the_kind_of_file(tmp_path: Path) -> None:
    assert lines(read_list(tmp_path, workbook({"S": [["RRP"]]}), name="list.csv")) == [(1, "RRP")]
    assert lines(read_list(tmp_path, "RRP\n", name="list.xlsx")) == [(1, "RRP")]


@pytest.mark.promise("explained")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "there is nothing in the file", id="empty"),
        pytest.param(b" \n\t\n", "there is nothing in the file", id="white space"),
        pytest.param(b"ODS code\n", "a header and nothing below it", id="a header alone"),
        pytest.param(b"RRP,TAF\nQM7,RNK\n", "not clear which column", id="two columns of codes"),
        pytest.param(b"in the,beginning\nwas the,word\n", "not clear which column", id="prose"),
        pytest.param(bytes(range(256)) * 20, "this is not a text file", id="bytes"),
        pytest.param(b"%PDF-1.7 ...", "this is a PDF, not a list", id="a PDF"),
        pytest.param(b"\x1f\x8b\x08...", "a gzip file", id="gzip"),
        pytest.param(b"PK\x03\x04...", "the workbook is damaged or cut short", id="half a zip"),
        pytest.param(b"PAR1 and no more PAR1", "the Parquet file cannot be read", id="half a Parquet file"),
        pytest.param(parquet_of_bytes(b"RR\xd0"), "the Parquet file cannot be read", id="Parquet, no UTF-8"),
        pytest.param(bytes.fromhex("D0CF11E0A1B11AE1") * 99, "the workbook cannot be read", id="half an xls"),
        pytest.param(b"RRP" + b"," * 3000, "line 1 has 3,001 cells", id="too many columns"),
        pytest.param(b'"' + b"x" * 200_000, "not a list of lines", id="a cell without end"),
    ],
)
def test_what_is_not_a_list_is_explained_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(OdsError, match=message) as caught:
        read_list(tmp_path, content)
    assert str(caught.value).startswith(str(tmp_path / "list.csv"))
    assert "\n" not in str(caught.value)
    assert caught.value.do


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    for place, said in ((tmp_path / "nowhere.csv", "there is no such file"), (tmp_path, "this is a folder")):
        with pytest.raises(OdsError, match=said):
            read_code_list(place)


def test_the_sheet_with_codes_is_taken_whichever_it_is(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    notes = [["About this workbook"], ["It has the practices of March"], ["and their codes"]]
    path.write_bytes(workbook({"Notes": notes, "March": [["Code", "n"], ["F83004", "1"], ["A81001", "2"]]}))
    codes = read_code_list(path)
    assert codes.rows["code"].to_list() == ["F83004", "A81001"]
    assert codes.notes[0] == "sheet 'March' is read; the workbook also has Notes"
