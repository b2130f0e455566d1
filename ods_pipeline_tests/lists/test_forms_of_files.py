"""Lists in forms that are no table of text: pages, conditions, identifiers, JSON, Parquet, and refusals."""

import io
import json
import time
import zipfile
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.code_list import CodeList, read_code_list
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.running import Main


def read(folder: Path, content: str | bytes) -> CodeList:
    file = folder / "list.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_code_list(file)


def codes(folder: Path, content: str | bytes) -> list[str | None]:
    return read(folder, content).rows.filter("is_entry")["code"].to_list()


def test_a_table_in_a_page_as_systems_export_it(tmp_path: Path) -> None:
    page = (
        '<html><head><style>td {x: "RM3"}</style></head><body>\n<table>\n<tr><td colspan=2>Trusts &amp; sites'
        "</td><td></td></tr>\n<tr>\n<th>Name</th><th>Town</th><th>Code</th></tr>\n"
        "<tr><td>Barnet, Enfield</td><td>London</td>\n<td>RRP</td></tr>\n"
        "<tr><td>Camden<br>Islington</td><td></td><td> TAF&nbsp;</td></tr></table></body></html>\n"
    )
    result = read(tmp_path, page)
    assert result.rows.select("line", "code").rows() == [(6, "RRP"), (8, "TAF")]
    assert result.column == "column 3 ('Code')"
    one_line = read(tmp_path, page.replace("\n", " "))
    assert one_line.rows.select("line", "code").rows() == [(3, "RRP"), (4, "TAF")]
    assert any("its rows are counted" in note for note in one_line.notes)


@pytest.mark.parametrize(
    "content",
    [
        "code = 'RRP' OR code = 'TAF'",
        "where a.org_code='RRP'\n   or a.org_code='TAF'\n",
        "select 1 from t where [Org] <> 'RRP' and \"org\" != 'TAF'",
        'filter(df, org == "RRP" | org == "TAF")',
        "org IN ('RRP') OR org = 'TAF'",
        "CASE WHEN org = 'RRP'\nTHEN 1 WHEN org LIKE 'TAF' THEN 2 END",
        "urn:ods:RRP\nurn:ods:TAF\n",
        "identifier,name\nhttps://fhir.nhs.uk/Id/ods-organization-code|RRP,a\n"
        "https://fhir.nhs.uk/Id/ods-organization-code|TAF,b\n",
    ],
)
def test_conditions_and_identifiers(tmp_path: Path, content: str) -> None:
    assert codes(tmp_path, content) == ["RRP", "TAF"]


def test_one_identifier_alone(tmp_path: Path) -> None:
    assert codes(tmp_path, "urn:ods:RRP") == ["RRP"]


def test_a_wrapped_cell_is_no_condition(tmp_path: Path) -> None:
    assert codes(tmp_path, 'Code,Name\n="RRP","a"\n="00C","b"\n') == ["RRP", "00C"]


def organisation(code: str) -> dict:
    identifier = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": code}
    return {"resourceType": "Organization", "id": code, "identifier": [identifier], "name": "A"}


@pytest.mark.parametrize(
    "value",
    [
        {"RRP": "Barnet", "TAF": "Camden"},
        {"RRP": {"name": "Barnet"}, "TAF": {"name": "Camden"}},
        [{"n": 1, "org": {"odsCode": "RRP"}}, {"n": 2, "org": {"odsCode": "TAF"}}],
        {"page": 1, "data": {"items": [{"odsCode": "RRP"}, {"odsCode": "TAF"}]}},
        [["RRP", "Barnet"], ["TAF", "Camden"]],
        [{"region": "London", "codes": ["RRP", "TAF"]}],
        [{"area": "North", "trusts": [{"code": "RRP"}]}, {"area": "South", "trusts": [{"code": "TAF"}]}],
        {"resourceType": "Bundle", "entry": [{"resource": organisation(code)} for code in ("RRP", "TAF")]},
    ],
)
def test_json_in_which_the_codes_are_further_in(tmp_path: Path, value: object) -> None:
    assert codes(tmp_path, json.dumps(value)) == ["RRP", "TAF"]


def test_a_long_list_in_json_takes_seconds_at_most(tmp_path: Path) -> None:
    value = {"items": [{"name": "A", "org": {"code": f"A{n:05}"}} for n in range(50_000)]}
    started = time.monotonic()
    assert read(tmp_path, json.dumps(value)).rows.height == 50_000
    assert time.monotonic() - started < 20


def test_one_organisation_as_the_api_returns_it(tmp_path: Path) -> None:
    roles = [{"id": "RO197", "uniqueRoleId": 1}, {"id": "RO57", "uniqueRoleId": 2}]
    value = {"Organisation": {"Name": "A", "OrgId": {"extension": "RRP"}, "Roles": {"Role": roles}}}
    assert codes(tmp_path, json.dumps(value)) == ["RRP"]
    assert codes(tmp_path, json.dumps(organisation("TAF"))) == ["TAF"]


def test_lists_and_structs_of_parquet(tmp_path: Path) -> None:
    for column in ([["RRP", "TAF"], None], [{"code": "RRP"}, {"code": "TAF"}]):
        buffer = io.BytesIO()
        pl.DataFrame({"number": [1, 2], "org": column}).write_parquet(buffer)
        assert [code for code in codes(tmp_path, buffer.getvalue()) if code] == ["RRP", "TAF"]


def zipped(member: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped("word/document.xml"), "this is a Word document, not a list. Copy the codes"),
        (zipped("codes.csv"), "this is a zip, not a workbook. Unpack it"),
        (b"\x1f\x8b\x08 ...", "this is a gzip file, not a list. Unpack it"),
        (b"{\\rtf1\\ansi RRP}", "this is a document [(]RTF[)], not a list. Copy the codes"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<orgs/>", "this is XML, not a list. Open it in a spreadsheet"),
        (b"ARROW1\0\0 ...", "this is an Arrow [(]Feather[)] file, not a list. Save it"),
    ],
)
def test_what_is_no_list_is_named_with_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(OdsError, match=words):
        read(tmp_path, content)


def test_a_list_from_standard_input(
    tmp_path: Path, run_main: Main, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("Code\nRA9\n")
    monkeypatch.setattr("ods_pipeline.commands.check.STANDARD_INPUT", file)
    assert run_main("check", "-", "--data-root", sample_root().path) == 0
    assert "1 good" in capsys.readouterr().out
