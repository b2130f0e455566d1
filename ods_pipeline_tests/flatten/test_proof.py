"""proof.py: the rows account for every tag and attribute of whole records, and for less if any is lost."""

import re
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.proof import evidence, tags_and_attributes
from ods_pipeline.flatten.rows import record_parser
from ods_pipeline.flatten.segments import RECORDS_CLOSE, RECORDS_OPEN, RegisterStream
from ods_pipeline_tests.builders import make_record, rel, role, succ
from ods_pipeline_tests.payloads import organisation_xml

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
    """What the rows prove, and what is there."""
    document = RECORDS_OPEN + "".join(texts).encode() + RECORDS_CLOSE
    return evidence(record_parser().parse(document)), tags_and_attributes(document)


@given(st.lists(st.sampled_from([WHOLE, BARE]), max_size=5))
def test_whole_records_are_accounted_for_to_the_last_tag(texts: list[str]) -> None:
    rows, bytes_ = proven(*texts)
    assert rows == bytes_


@pytest.mark.parametrize("inner", ["fullfile.zip", "archive.zip"])
def test_the_sample_is_accounted_for(sample_release: Path, inner: str) -> None:
    with zipfile.ZipFile(sample_release) as outer, zipfile.ZipFile(BytesIO(outer.read(inner))) as file:
        segments = RegisterStream(BytesIO(file.read(file.namelist()[0])), inner).segments()
        for segment in segments:
            assert evidence(record_parser().parse(segment)) == tags_and_attributes(segment)


@pytest.mark.parametrize(
    "added",
    [
        "<Odd/>",
        "<Town>A</Town>",
        '<Role id="RO1" uniqueRoleId="9"/>',
        '<Status odd="1" value="Active"/>',
        "<Rels/>",
        "<GeoLoc><Location/></GeoLoc>",
    ],
)
def test_whatever_the_rows_do_not_show_is_there_and_not_proven(added: str) -> None:
    rows, bytes_ = proven(BARE.replace("</Name>", f"</Name>{added}"), WHOLE)
    assert rows != bytes_
    assert rows[0] <= bytes_[0]
    assert rows[1] <= bytes_[1]


@given(st.text(alphabet='<>/="a ', max_size=40), st.integers(0, 3))
def test_the_counts_agree_with_a_regex(text: str, far: int) -> None:
    """Also where what is counted stands on both sides of the end of a block."""
    document = b"x" * ((1 << 18) - 20) * min(far, 1) + b" " * far + text.encode() + b" "
    assert tags_and_attributes(document) == (
        len(re.findall(rb"<(?!/)", document)),
        len(re.findall(rb'="', document)),
    )
