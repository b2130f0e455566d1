"""scan.py: records are counted as a parser counts them, and what the path maps do not know is named."""

import zipfile
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ods_pipeline.flatten.xml.comments import plain
from ods_pipeline.flatten.xml.scan import DamagedXml, known_names, scan
from ods_pipeline.flatten.xml.segments import RECORDS_CLOSE, RECORDS_OPEN
from ods_pipeline_tests.support.builders import make_record
from ods_pipeline_tests.support.payloads import organisation_xml
from ods_pipeline_tests.support.real_payloads import EXCERPT

RECORD = organisation_xml(make_record("R1A"))


def unknown(*records: str) -> dict[str, int]:
    return dict(scan(RECORDS_OPEN + "".join(records).encode() + RECORDS_CLOSE).unknown)


def records_by_parser(document: bytes) -> int:
    return sum(1 for _ in ElementTree.fromstring(document).iter("Organisation"))


@pytest.mark.promise("audited")
@pytest.mark.parametrize("inner", ["fullfile.zip", "archive.zip"])
def test_the_sample_has_as_many_records_as_a_parser_counts(sample_release: Path, inner: str) -> None:
    with zipfile.ZipFile(sample_release) as outer, zipfile.ZipFile(BytesIO(outer.read(inner))) as file:
        document = file.read(file.namelist()[0])
    scanned = scan(plain(document))
    assert scanned.records == records_by_parser(document) > 0
    assert (scanned.unknown, scanned.odd) == ({}, {})


def test_nothing_in_the_real_excerpt_is_unknown(shared: Path) -> None:
    document = (shared / EXCERPT).read_bytes()
    scanned = scan(plain(document))
    assert scanned.records == records_by_parser(document)
    assert (scanned.unknown, scanned.odd) == ({}, {})


@pytest.mark.parametrize("name", ["A", "EightXes", "AdditionalAttributes", "x:Name", "xName", "Rôle"])
def test_unknown_elements_are_named_and_counted(name: str) -> None:
    assert unknown(RECORD.replace("</Name>", f"</Name><{name}/><{name}>1</{name}>")) == {name: 2}


def test_a_name_of_a_megabyte_is_reported_by_its_beginning() -> None:
    ((name, count),) = unknown(RECORD.replace("</Name>", f"</Name><{'x' * 1_000_000}/>")).items()
    assert (name, count) == ("x" * 200, 1)


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("name", ["x", "newThing", "aRatherLongAttributeName", "odd-name.1", "x:value"])
def test_unknown_attributes_are_named_and_counted_in_any_quotes(name: str, quote: str) -> None:
    wider = RECORD.replace("<Organisation ", f"<Organisation {name}={quote}1{quote} ").replace(
        "<Status ", f"<Status {name} =\t{quote}2{quote} "
    )
    assert unknown(RECORD) == {}
    assert unknown(wider) == {f"@{name}": 3}, "once on the record, once on its status, once on its role's"


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("</Name>", "</Name><Odd><Name>X</Name></Odd>", {"Odd": 1, "/Odd/Name": 1}),
        ("<Location>", "<Location><Status value='Active'/>", {"/GeoLoc/Location/Status": 1}),
        ("</Name>", "</Name><Town>X</Town>", {"/Town": 1}),
        ("<Name>", '<Name value="1">', {"/Name/@value": 1}),
        ("<Roles>", "<Roles id='1'>", {"/Roles/@id": 1}),
        ("</Name>", "</Name><Manifest/>", {"/Manifest": 1}),
        ("<Organisation ", '<Organisation version="1" ', {"@version": 1}),
    ],
)
def test_a_known_name_at_an_unknown_place_is_given_with_its_path(old: str, new: str, names: dict) -> None:
    assert unknown(RECORD.replace(old, new, 1)) == names


def test_names_in_the_head_are_checked_as_well() -> None:
    head = b"<OrgRefData><Manifest><Odd/><Version value='1' odd=''/><Name/></Manifest></OrgRefData>"
    assert scan(head).unknown == {"Odd": 1, "@odd": 1, "/Manifest/Name": 1}


def test_records_that_cannot_be_read_among_others_are_described() -> None:
    twice = RECORD.replace("</Name>", "</Name><Name>B &#38; C&#1;</Name>").replace("BODY", "A &#38; B")
    lost = RECORD.replace("<Roles>", '<Role id="RO1" uniqueRoleId="9"/><Roles>')
    odd = scan(RECORDS_OPEN + (RECORD + twice + lost).encode() + RECORDS_CLOSE).odd
    assert [(n, r.rule, r.detail, r.ods_code, r.name) for n, r in odd.items()] == [
        (1, "repeated_element", "/Name occurs more than once", "R1A", "A & B R1A"),
        (2, "lost_component", "1 Role where none is read", "R1A", "BODY R1A"),
    ]


def test_text_that_is_not_well_formed_is_an_error() -> None:
    with pytest.raises(DamagedXml):
        scan(RECORDS_OPEN + b"<Organisation>")


def test_the_known_names_are_those_of_the_maps() -> None:
    elements, attributes = known_names()
    assert {"Organisation", "RecordCount", "concept", "Succ", "UPRN"} <= elements
    assert {"extension", "uniqueRelId", "forwardSuccession", "refOnly"} <= attributes
    assert "AdditionalAttributes" not in elements
