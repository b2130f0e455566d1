"""Lists as people keep them: which lines are read, which column, which notes are given."""

import io
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.columns import CodeList, read_all_sheets, read_code_list
from ods_pipeline_tests.support.workbooks import workbook


def read(folder: Path, content: bytes | str, *options: str | None, name: str = "list.csv") -> CodeList:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_code_list(file, *options)


def lines(codes: CodeList) -> list[tuple[int, str | None]]:
    return codes.rows.select("line", "code").rows()


def parquet_of_bytes(cell: bytes) -> bytes:
    """A Parquet file that calls a cell of any bytes text."""
    offsets, out = np.array([0, len(cell)], np.int32), io.BytesIO()
    text = pa.StringArray.from_buffers(1, pa.py_buffer(offsets), pa.py_buffer(cell))
    pq.write_table(pa.table({"code": text}), out)
    return out.getvalue()


def parquet(**columns: list[object]) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()


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
    ],
)
def test_the_codes_of_a_text_file(tmp_path: Path, content: str, expected: list[tuple[int, str]]) -> None:
    assert lines(read(tmp_path, content)) == expected


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_every_encoding_that_spreadsheets_write(tmp_path: Path, encoding: str) -> None:
    codes = read(tmp_path, "name,code\nCAFÉ,RRP\nB,TAF\n".encode(encoding))
    assert lines(codes) == TWO
    notes = [note for note in codes.notes if "Windows-1252" in note]
    assert notes == (
        ["the file is not UTF-8 (line 2), so it is read as Windows-1252"] if encoding == "cp1252" else []
    )


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
    codes = read(tmp_path, content)
    assert (codes.column, lines(codes)) == (column, expected)


def test_names_of_parquet_columns_are_held_against_their_cells(tmp_path: Path) -> None:
    content = parquet(cost_code=["AB1", "AB2"], practice=["RRP", "TAF"])
    assert lines(read(tmp_path, content, name="a.parquet")) == [(1, "RRP"), (2, "TAF")]


def test_the_text_of_the_cell_is_kept_next_to_the_code(tmp_path: Path) -> None:
    assert read(tmp_path, "code\n rrp \n").rows["given"].to_list() == [" rrp "]


@pytest.mark.parametrize("column", ["2", "trust", " TRUST "])
def test_the_column_by_name_or_number(tmp_path: Path, column: str) -> None:
    codes = read(tmp_path, "code,Trust\nA81001,RRP\nA81002,TAF\n", column)
    assert (lines(codes), codes.column) == (TWO, "column 2 ('Trust')")


def test_the_column_by_number_without_a_header(tmp_path: Path) -> None:
    assert lines(read(tmp_path, "A81001,RRP\nA81002,TAF\n", "2")) == [(1, "RRP"), (2, "TAF")]


def test_choices_are_notes(tmp_path: Path) -> None:
    codes = read(tmp_path, "name,Site Code\nA,RRP01\n")
    assert codes.notes == ["column 2 of 2 is taken ('Site Code')", "line 1 is taken as the header"]


def test_a_workbook_with_titles_numbers_and_other_sheets(tmp_path: Path) -> None:
    rows = [["Our list"], [], ["Name", "Code"], ["A", "RRP"], ["B", 50], ["C", None], [None, "TAF"]]
    content = workbook({"Empty": [], "March": rows, "Notes": [["ask Finance"]]})
    codes = read(tmp_path, content, name="list.xlsx")
    assert lines(codes) == [(4, "RRP"), (5, "50"), (6, None), (7, "TAF")]
    assert codes.notes[0] == "sheet 'March' is read; the workbook also has Empty, Notes"


def test_a_sheet_by_name(tmp_path: Path) -> None:
    content = workbook({"One": [["RRP"]], "Two": [["TAF"]]})
    assert lines(read(tmp_path, content, None, "Two", name="a.xlsx")) == [(1, "TAF")]
    with pytest.raises(OdsError, match=r"no sheet 'Three'.*with one of: One, Two"):
        read(tmp_path, content, None, "Three", name="a.xlsx")


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
    codes = read(tmp_path, hide(both, "Old"), name="list.xlsx")
    assert (lines(codes), codes.notes[0]) == ([(2, "TAF")], "sheet 'New' is read; the workbook also has Old")
    assert lines(read(tmp_path, hide(both, "New"), name="list.xlsx")) == [(2, "RRP")]
    notes = workbook({"Notes": [["ask Finance for it"]], "Old": [["code"], ["RRP"]]})
    codes = read(tmp_path, hide(notes, "Old"), name="list.xlsx")
    assert (lines(codes), codes.notes[1]) == ([(2, "RRP")], "sheet 'Old' is hidden")
    codes = read(tmp_path, hide(both, "Old"), None, "Old", name="list.xlsx")
    assert (lines(codes), codes.notes[1]) == ([(2, "RRP")], "sheet 'Old' is hidden")
    lists, _ = read_all_sheets(tmp_path / "list.xlsx")
    assert "sheet 'Old' is hidden" in lists["Old"].notes


def test_a_cell_whose_formula_failed_is_not_blank(tmp_path: Path) -> None:
    content = workbook({"S": [["code", "n"], ["RRP", 1], ["x1", 1], ["x2", 1], ["TAF", 1]]})
    for cell, error in (("x1", "#N/A"), ("x2", "#REF!")):
        old = f't="inlineStr"><is><t xml:space="preserve">{cell}</t></is>'
        content = altered(content, "xl/worksheets/sheet1.xml", old, f't="e"><v>{error}</v>')
    codes = read(tmp_path, content, name="list.xlsx")
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
    codes = read(tmp_path, out.getvalue(), name="list.xlsx")
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
    codes = read(tmp_path, workbook({**sheets, "Sub": [["code"], ["93C"]]}), name="list.xlsx")
    assert lines(codes)[:2] == [(3, "RKE"), (4, "89999")]
    assert codes.notes[0] == "sheet 'Beds' is read; the workbook also has Notes, Sub"


def test_only_a_workbook_has_a_sheet(tmp_path: Path) -> None:
    for content in ("RRP\n", parquet(code=["RRP"])):
        with pytest.raises(OdsError, match=r"only a workbook has sheets\. Leave --sheet out"):
            read(tmp_path, content, None, "One", name="list.csv")


def test_a_parquet_file(tmp_path: Path) -> None:
    content = parquet(name=["A", "B"], org_code=["RRP", None], size=[1, 2])
    assert lines(read(tmp_path, content, name="a.parquet")) == [(1, "RRP"), (2, None)]
    assert lines(read(tmp_path, content, "3", name="a.parquet")) == [(1, "1"), (2, "2")]
    assert lines(read(tmp_path, parquet(x=["RRP"], y=[1.5]), name="a.parquet")) == [(1, "RRP")]


def test_the_content_and_not_the_name_decides_the_kind_of_file(tmp_path: Path) -> None:
    assert lines(read(tmp_path, workbook({"S": [["RRP"]]}), name="list.csv")) == [(1, "RRP")]
    assert lines(read(tmp_path, "RRP\n", name="list.xlsx")) == [(1, "RRP")]


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
        pytest.param(b"%PDF-1.7 ...", "not a list but a PDF", id="a PDF"),
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
        read(tmp_path, content)
    assert str(caught.value).startswith(str(tmp_path / "list.csv"))
    assert "\n" not in str(caught.value)
    assert caught.value.do


def test_a_missing_column_is_reported_with_those_that_there_are(tmp_path: Path) -> None:
    for column in ("trust", "3", "0"):
        with pytest.raises(OdsError, match=f"no column '{column}'.*1 'code', 2 'name'"):
            read(tmp_path, "code,name\nRRP,A\n", column)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    for place, said in ((tmp_path / "nowhere.csv", "there is no such file"), (tmp_path, "this is a folder")):
        with pytest.raises(OdsError, match=said):
            read_code_list(place)


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
    ],
)
def test_several_codes_are_found_within_what_people_put_around_them(tmp_path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')
    codes = read(tmp_path, f'ods code,n\n"{quoted}",1\n')
    assert lines(codes) == [(2, "F83004"), (2, "F83005")]
    assert codes.rows["given"].to_list() == [cell] * 2


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("Apr/2026", "APR/2026"),
        ("2026/2027", "2026/2027"),
        ("123,456", "123456"),
        ("1,234,567.0", "1234567.0"),
        ("MAY,2026", "MAY,2026"),
        ("123/456", "123/456"),
        ("001,02", "001,02"),
    ],
)
def test_a_date_or_a_number_is_not_several_codes(tmp_path: Path, cell: str, code: str) -> None:
    assert lines(read(tmp_path, f'ods code,n\n"{cell}",1\nRRP,2\n')) == [(2, code), (3, "RRP")]


def test_the_sheet_with_codes_is_taken_whichever_it_is(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    notes = [["About this workbook"], ["It has the practices of March"], ["and their codes"]]
    path.write_bytes(workbook({"Notes": notes, "March": [["Code", "n"], ["F83004", "1"], ["A81001", "2"]]}))
    codes = read_code_list(path)
    assert codes.rows["code"].to_list() == ["F83004", "A81001"]
    assert codes.notes[0] == "sheet 'March' is read; the workbook also has Notes"
