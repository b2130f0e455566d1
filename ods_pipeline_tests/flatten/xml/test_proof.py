"""proof.py: rows account for every tag and attribute of whole records, and for less if any is lost."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.columns.counting import slashes_and_equals_in_values
from ods_pipeline.flatten.rows import record_parser
from ods_pipeline.flatten.xml.proof import (
    evidence,
    has_numbered_characters,
    is_proven_quickly,
    written_slashes_and_equals,
)
from ods_pipeline.flatten.xml.segments import RECORDS_CLOSE, RECORDS_OPEN, RegisterStream
from ods_pipeline_tests.support.builders import make_record, rel, role, succ
from ods_pipeline_tests.support.payloads import organisation_xml

pytestmark = pytest.mark.promise("conserved")

WHOLE = organisation_xml(
    make_record(
        "R1A",
        Rels={"Rel": [rel("R1A", "Q1"), rel("R1A", "Q2")]},
        Succs={"Succ": [succ("R1A", "Successor", "R2B")]},
        Roles={"Role": [role("R1A"), role("R1A", "RO57", primary=False)]},
    )
)
BARE = organisation_xml(make_record("R1B", GeoLoc=None, Contacts=None, Status=None))


def proven(*texts: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the slashes and equals signs that the rows prove, and those in the document."""
    return proven_and_written(RECORDS_OPEN + "".join(texts).encode() + RECORDS_CLOSE)


def proven_and_written(document: bytes) -> tuple[tuple[int, int], tuple[int, int]]:
    parsed, has_numbered = record_parser().parse(document), has_numbered_characters(document)
    of_rows, of_values = evidence(parsed), slashes_and_equals_in_values(parsed)
    proven = of_rows[0] + of_values[0], of_rows[1] + of_values[1]
    written = written_slashes_and_equals(document, has_numbered)
    assert is_proven_quickly(parsed, document, has_numbered) == (proven == written)
    return proven, written


@given(st.lists(st.sampled_from([WHOLE, BARE]), max_size=5))
def test_whole_records_are_accounted_for_to_the_last_tag(texts: list[str]) -> None:
    rows, bytes_ = proven(*texts)
    assert rows == bytes_


@pytest.mark.parametrize("inner", ["fullfile.zip", "archive.zip"])
def test_the_sample_is_accounted_for(sample_release: Path, inner: str) -> None:
    with zipfile.ZipFile(sample_release) as outer, zipfile.ZipFile(BytesIO(outer.read(inner))) as file:
        segments = RegisterStream(BytesIO(file.read(file.namelist()[0])), inner).segments()
        for segment in segments:
            rows, bytes_ = proven_and_written(segment)
            assert rows == bytes_


@pytest.mark.parametrize(
    "added",
    [
        "<Odd/>",
        "<Town>A</Town>",
        '<Role id="RO1" uniqueRoleId="9"/>',
        '<Status odd="1" value="Active"/>',
        "<Status odd='1' value=\"Active\"/>",
        '<Status value = "Active" odd\t=\t"1" />',
        "<Rels/>",
        "<GeoLoc><Location/></GeoLoc>",
    ],
)
def test_what_the_rows_do_not_show_is_written_and_not_proven(added: str) -> None:
    """In quotes of either kind, and with white space around the equals sign."""
    rows, bytes_ = proven(BARE.replace("</Name>", f"</Name>{added}"), WHOLE)
    assert rows != bytes_
    assert rows[0] <= bytes_[0]
    assert rows[1] <= bytes_[1]


def test_an_attribute_that_repeats_is_not_proven() -> None:
    for twice in ('value="Active" value="Active"', "value=\"Active\" value='Active'"):
        rows, bytes_ = proven(WHOLE.replace('value="Active"', twice, 1), BARE)
        assert rows[0] == bytes_[0]
        assert rows[1] == bytes_[1] - 1


@pytest.mark.parametrize(
    ("slash", "equals"), [("/", "="), ("&#47;", "&#61;"), ("&#x2F;", "&#x003d;"), ("&amp;#47;", "&#0061;")]
)
def test_slashes_and_equals_in_values_are_counted_however_they_are_written(slash: str, equals: str) -> None:
    odd = WHOLE.replace("<Name>", f"<Name>1 {equals} 1, C{slash}O ").replace('"Q1"', f'"Q{equals}1"')
    parsed = record_parser().parse(RECORDS_OPEN + odd.encode() + RECORDS_CLOSE)
    assert slashes_and_equals_in_values(parsed) == (0 if slash == "&amp;#47;" else 1, 2)
    rows, bytes_ = proven(odd)
    assert rows == bytes_


def test_slashes_and_equals_that_are_not_read_are_not_proven() -> None:
    rows, bytes_ = proven(WHOLE.replace("<Roles>", "<Roles>/=&#47;"))
    assert (rows[0] + 2, rows[1] + 1) == bytes_


@given(st.lists(st.sampled_from([WHOLE, BARE]), max_size=5))
def test_rows_prove_every_tag_and_attribute_of_whole_records(texts: list[str]) -> None:
    document = RECORDS_OPEN + "".join(texts).encode() + RECORDS_CLOSE
    written = document.count(b"<") - document.count(b"</"), document.count(b'="')
    for strict in (False, True):
        assert evidence(record_parser(strict).parse(document)) == written
