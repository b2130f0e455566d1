"""scan.py: the count of names agrees with a parser, and names that the path maps do not know are reported."""

import re
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.xml.scan import count_elements, known_names, unknown_names
from ods_pipeline_tests.support.builders import make_record
from ods_pipeline_tests.support.payloads import organisation_xml

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,30}", fullmatch=True)
READ_UP_TO = 16  # characters of an element's name that the scan reads


def by_regex(document: bytes) -> dict[str, int]:
    return Counter(name.decode()[:READ_UP_TO] for name in re.findall(rb"<([A-Za-z_][\w:.-]*)", document))


def by_parser(document: bytes) -> dict[str, int]:
    tags = (element.tag.rpartition("}") for element in ElementTree.fromstring(document).iter())
    return Counter((f"HSCOrgRefData:{name}" if space else name)[:READ_UP_TO] for space, _, name in tags)


def unknown(document: bytes) -> dict[str, int]:
    return unknown_names(document, count_elements(document))


@pytest.mark.promise("audited")
@pytest.mark.parametrize("inner", ["fullfile.zip", "archive.zip"])
def test_count_agrees_with_a_regex_and_a_parser_on_the_sample(sample_release: Path, inner: str) -> None:
    with zipfile.ZipFile(sample_release) as outer, zipfile.ZipFile(BytesIO(outer.read(inner))) as file:
        document = file.read(file.namelist()[0])
    counted = count_elements(document)
    assert counted == by_regex(document) == by_parser(document)
    assert counted["Organisation"] == int(re.findall(rb'<RecordCount value="(\d+)"', document)[0])
    assert unknown(document) == {}


def test_count_agrees_on_the_real_excerpt_and_nothing_in_it_is_unknown(shared: Path) -> None:
    document = (shared / "ord-xml" / "HSCOrgRefData_Full_20171025_excerpt.xml").read_bytes()
    assert count_elements(document) == by_regex(document) == by_parser(document)
    assert unknown(document) == {}


@given(st.lists(st.tuples(NAMES, st.integers(1, 5)), max_size=12))
def test_count_agrees_on_names_of_every_length(names: list[tuple[str, int]]) -> None:
    text = "".join(f"<{name}/><{name} a='1'>x</{name}>" * times for name, times in names)
    document = f"<root>{text}</root>".encode()
    assert count_elements(document) == by_regex(document) == by_parser(document)


@pytest.mark.parametrize(
    "name", ["A", "AB", "SevenXs", "EightXes", "NineXesss", "FifteenLettersX", "SixteenLettersXY"]
)
def test_unknown_elements_are_named_and_counted(name: str) -> None:
    record = organisation_xml(make_record("R1A")).replace("</Name>", f"</Name><{name}/><{name}>1</{name}>")
    assert unknown(record.encode()) == {name: 2}


def test_a_longer_unknown_name_is_reported_by_its_beginning() -> None:
    assert unknown(b"<Organisation><AdditionalAttributes/></Organisation>") == {"AdditionalAttrib": 1}


@pytest.mark.parametrize("name", ["x", "newThing", "aRatherLongAttributeName", "odd-name.1"])
def test_unknown_attributes_are_named_and_counted(name: str) -> None:
    record = organisation_xml(make_record("R1A"))
    wider = record.replace("<Organisation ", f'<Organisation {name}="1" ').replace(
        "<Status ", f'<Status {name}="2" '
    )
    assert unknown(record.encode()) == {}
    assert unknown(wider.encode()) == {f"@{name}": 3}, (
        "once on the record, once on its status, once on its role's"
    )


def test_unknown_attributes_whose_names_end_alike_are_counted_apart() -> None:
    document = b'<Name x="1" ax="1"/><Name x="1" LongerNameThanEight="1" OtherNameThanEight="1"/>'
    assert unknown(document) == {"@x": 2, "@ax": 1, "@LongerNameThanEight": 1, "@OtherNameThanEight": 1}


def test_the_known_names_are_those_of_the_maps() -> None:
    elements, attributes = known_names()
    assert {"Organisation", "RecordCount", "concept", "Succ", "UPRN"} <= elements
    assert {"extension", "uniqueRelId", "forwardSuccession", "refOnly"} <= attributes
    assert "AdditionalAttributes" not in elements
