"""segments.py: a register file is cut at record boundaries only, and a file that is not whole is rejected."""

import io
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.xml.segments import RECORDS_CLOSE, RECORDS_OPEN, RegisterStream, check_text
from ods_pipeline_tests.support.builders import CODE_LISTS, make_record
from ods_pipeline_tests.support.payloads import organisation_xml, release_xml

CODES = ["R1A", "R1B", "R1C", "R1D"]
DOCUMENT = release_xml([make_record(code) for code in CODES], publication_date="2026-08-21", **CODE_LISTS)
RECORD = organisation_xml(make_record("R9Z")).encode()
RECORDS_ELEMENT = [b"<Organisations>", b"</Organisations>"]


def stream(document: bytes, segment_bytes: int = 1 << 20) -> RegisterStream:
    return RegisterStream(io.BytesIO(document), "register.xml", segment_bytes)


def codes(document: bytes, segment_bytes: int = 1 << 20) -> list[list[str]]:
    """Return the codes in each segment; every segment must be a well-formed document."""
    by_segment = []
    for segment in stream(document, segment_bytes).segments():
        records = ElementTree.fromstring(segment).findall("Organisations/Organisation")
        by_segment.append([record.find("OrgId").attrib["extension"] for record in records])
    return by_segment


@pytest.mark.promise("conserved")
@pytest.mark.parametrize("segment_bytes", [3_000, 100_000, 1 << 20, 32 << 20])
def test_segments_hold_every_record_once_and_in_order(segment_bytes: int) -> None:
    many = [f"R{number:04d}" for number in range(2500)]
    document = release_xml([make_record(code) for code in many], publication_date="2026-08-21", **CODE_LISTS)
    assert len(document) > 2 << 20, "it must not fit into the first read"
    pieces = codes(document, segment_bytes)
    assert [code for piece in pieces for code in piece] == many
    assert (len(pieces) == 1) == (segment_bytes > len(document))


def test_head_is_a_document_of_its_own_with_manifest_and_code_lists_but_no_record() -> None:
    head = ElementTree.fromstring(stream(DOCUMENT).head)
    assert [child.tag for child in head] == ["Manifest", "CodeSystems", "Organisations"]
    assert len(head[2]) == 0
    assert head.find("Manifest/RecordCount[@value='4']") is not None


@pytest.mark.parametrize(
    "document",
    [
        b"\xef\xbb\xbf" + DOCUMENT,
        DOCUMENT.replace(b"<HSCOrg", b"<!-- 4 records -->\r\n<!-- and no more --><HSCOrg", 1),
        DOCUMENT.replace(b"</Organisation>", b"</Organisation><!-- between -->"),
        DOCUMENT + b"\r\n<!-- the end -->\r\n",
        DOCUMENT.replace(b"\r\n", b"\n"),
        DOCUMENT.replace(b"HSCOrgRefData:", b"").replace(b"xmlns:HSCOrgRefData=", b"xmlns="),
        DOCUMENT.replace(b"</Organisations>", b"<!-- " + RECORD + b" --></Organisations>"),
        DOCUMENT.replace(b"<Organisations>", b"<Organisations><!-- each <Organisation > is one record -->"),
        DOCUMENT.replace(b"<Manifest>", b"<!-- <Organisation> --><Manifest>"),
        DOCUMENT.replace(b"</Name>", b"</Name><!-- not </Organisation> " + b"yet " * 700 + b"-->"),
        DOCUMENT.replace(b"BODY", b"<![CDATA[</Organisation>]]>" + b"<![CDATA[<!--]]>"),
        DOCUMENT.replace(b"</Organisation>", b"</Organisation >"),
        DOCUMENT.replace(b"</Organisations>", b"</Organisations >"),
        DOCUMENT.replace(b"<HSCOrg", b"<?style a='>'?>\r\n<!-- a --><?b <x> ?><HSCOrg", 1),
        DOCUMENT + b"\r\n<?the end?><!-- of it --><?really?>\r\n",
        DOCUMENT.replace(b"<Manifest>", b"<?a <Organisation> ?><Manifest>"),
        DOCUMENT.replace(b"</Organisation>", b"</Organisation><?a <!-- ?><?b </Organisation> --> ?>"),
        DOCUMENT.replace(b"utf-8", b"UTF-8"),
        DOCUMENT.replace(b"encoding=", b"encoding = ").replace(b"utf-8", b"US-ASCII"),
        DOCUMENT[DOCUMENT.index(b"<HSCOrg") :],
    ],
    ids=[
        "byte-order mark",
        "comment before root",
        "comment between",
        "comment at end",
        "LF",
        "default namespace",
        "record commented out at the end",
        "comment that names records before the first",
        "comment that names records in the head",
        "comment with an end tag in it",
        "CDATA with an end tag in it",
        "white space in end tags of records",
        "white space in the end tag of all",
        "instructions before root",
        "instructions at end",
        "instruction that names records in the head",
        "instructions that look like a comment",
        "encoding in upper case",
        "encoding that is part of UTF-8",
        "no declaration",
    ],
)
@pytest.mark.parametrize("segment_bytes", [100, 1_000, 1 << 20])
def test_harmless_variants_are_read(document: bytes, segment_bytes: int) -> None:
    assert [code for piece in codes(document, segment_bytes) for code in piece] == CODES


@pytest.mark.parametrize("segment_bytes", [3_000, 10_000, 32 << 20])
@pytest.mark.parametrize(
    "hidden", [(b"<!-- not ", b" yet -->"), (b"<![CDATA[ not ", b" yet ]]>"), (b"<?not <!-- ", b" ?>")]
)
def test_no_cut_is_made_inside_a_comment_or_cdata(hidden: tuple[bytes, bytes], segment_bytes: int) -> None:
    many = [f"R{number:04d}" for number in range(1500)]
    document = release_xml([make_record(code) for code in many], publication_date="2026-08-21", **CODE_LISTS)
    note = hidden[0] + b"</Organisation>" + b" as written" * 100 + hidden[1]
    noted = document.replace(b"</Name>", note + b"</Name>")
    assert len(noted) > 2 << 20, "it must not fit into the first read"
    assert [code for piece in codes(noted, segment_bytes) for code in piece] == many


class Dribble(io.BytesIO):
    """A file that returns a few bytes at a time, as an archive may."""

    def read(self, count: int | None = -1, /) -> bytes:
        return super().read(29 if count is None or count < 0 else min(count, 29))


@pytest.mark.promise("conserved")
@pytest.mark.parametrize("segment_bytes", [10, 5_000, 1 << 20])
@pytest.mark.parametrize(
    "noted", [0, 1, 2], ids=["no comment", "one with an end tag in it", "one at each cut"]
)
def test_segments_are_whole_however_small_the_reads(segment_bytes: int, noted: int) -> None:
    document = release_xml(
        [make_record(f"R{number:02d}") for number in range(40)], publication_date="2026-08-21", **CODE_LISTS
    )
    note = b"<!-- no </Organisation> yet -->"
    document = document.replace(b"</Name>", note + b"</Name>", noted * noted * 10)
    whole, pieces = stream(document, 32 << 20), RegisterStream(Dribble(document), "r.xml", segment_bytes)
    assert whole.head == pieces.head
    parts = [p.removeprefix(RECORDS_OPEN).removesuffix(RECORDS_CLOSE) for p in pieces.segments()]
    (only,) = whole.segments()
    assert RECORDS_OPEN + b"".join(parts) + RECORDS_CLOSE == only
    assert all(ElementTree.fromstring(b"<a>" + piece + b"</a>").tag == "a" for piece in parts)


def test_a_record_that_closes_itself_may_be_the_last() -> None:
    closed = b'<Organisation orgRecordClass="RC1" />'
    last = DOCUMENT.replace(b"</Organisations>", closed + b"\r\n</Organisations>")
    pieces = list(stream(last, 1_000).segments())
    assert b"".join(pieces).count(closed) == 1
    records = closed.join(RECORDS_ELEMENT)
    alone = re.sub(rb"<Organisations>.*</Organisations>", records, DOCUMENT, flags=re.DOTALL)
    assert [closed in piece for piece in stream(alone, 10).segments()] == [True]
    for whole in (last, alone):
        with pytest.raises(BadRelease, match="cut short: after the last whole record comes ''"):
            list(stream(whole[: whole.index(closed) + len(closed)]).segments())


@pytest.mark.parametrize("end", [b"<!-- ", b"<![CDATA["])
@pytest.mark.parametrize("records", [True, False])
def test_an_end_inside_a_comment_or_cdata_is_not_an_end(end: bytes, records: bool) -> None:
    whole = DOCUMENT if records else re.sub(rb"(<Organisations>).*(</)", rb"\1\2", DOCUMENT, flags=re.DOTALL)
    for closed in (whole, whole.replace(b"<Organisations></Organisations>", b"<Organisations />")):
        at = closed.index(b"</Organisations>") if b"</Organisations>" in closed else closed.rindex(b"</")
        for text in (closed[:at] + end + closed[at:], closed[:at] + end + closed[at:] + b"-->", closed + end):
            with pytest.raises(BadRelease, match=r"cut short|ends before"):
                list(stream(text).segments())


@pytest.mark.promise("hostile")
@given(st.integers(0, len(DOCUMENT.rstrip()) - 1), st.sampled_from([200, 1 << 20]))
def test_a_file_cut_anywhere_is_rejected(cut: int, segment_bytes: int) -> None:
    with pytest.raises(BadRelease, match=r"^register\.xml: "):
        list(stream(DOCUMENT[:cut], segment_bytes).segments())


@pytest.mark.parametrize("records", [1, 2, 3])
def test_a_cut_between_two_records_is_called_a_cut(records: int) -> None:
    cut = [match.end() for match in re.finditer(b"</Organisation>", DOCUMENT)][records - 1]
    with pytest.raises(BadRelease, match="cut short: after the last whole record comes ''"):
        list(stream(DOCUMENT[:cut]).segments())


@pytest.mark.parametrize(
    "empty",
    [b"<Organisations></Organisations>", b"<Organisations />", b"<Organisations>\r\n  </Organisations>"],
)
def test_a_whole_file_without_records_is_not_an_error(empty: bytes) -> None:
    document = re.sub(rb"<Organisations>.*</Organisations>", empty, DOCUMENT, flags=re.DOTALL)
    assert list(stream(document).segments()) == []
    with pytest.raises(BadRelease, match="ends before its Organisations element does"):
        list(stream(document[: document.index(b"<Organisations")]).segments())


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "the file is empty"),
        (b" \r\n ", "the file is empty"),
        (DOCUMENT.decode().encode("utf-16"), "UTF-16"),
        (DOCUMENT.decode().encode("utf-16-be"), "UTF-16"),
        (bytes(range(256)), "UTF-16 (or binary)"),
        (b"ODS code,Name\r\nR1A,BODY", "not XML: it begins with b'ODS code,Name"),
        (b'{"Organisation": {}}', "not XML"),
        (b"<!DOCTYPE html><html><body>Service unavailable</body></html>", "document type"),
        (b"<html><body>Service unavailable</body></html>", "root element is '<html>'"),
        (DOCUMENT.replace(b"<HSCOrg", b'<!DOCTYPE x [<!ENTITY a "b">]><HSCOrg', 1), "document type"),
        (DOCUMENT.replace(b"<HSCOrg", b"<!-- c --> <!DOCTYPE x><HSCOrg", 1), "document type"),
        (DOCUMENT.replace(b"<HSCOrg", b"<?c <!-- ?><!DOCTYPE x><?d --> ?><HSCOrg", 1), "document type"),
        (DOCUMENT.replace(b"<HSCOrg", b"<?c <HSCOrg", 1), "not ORD XML"),
        (DOCUMENT + b"<?cut", "cut short"),
        (DOCUMENT.replace(b"utf-8", b"ISO-8859-1"), "the encoding 'ISO-8859-1'"),
        (DOCUMENT.replace(b'"utf-8"', b"'windows-1252'"), "the encoding 'windows-1252'"),
        (b"\xef\xbb\xbf" + DOCUMENT.replace(b"utf-8", b"UTF-16"), "the encoding 'UTF-16'"),
        (DOCUMENT.replace(b"org/v2-0-0", b"org/v3-0-0"), "not ORD XML v2-0-0"),
        (
            DOCUMENT.replace(b"OrgRefData ", b"OrgRefDataSet ").replace(b"OrgRefData>", b"OrgRefDataSet>"),
            "not ORD XML",
        ),
    ],
)
def test_a_file_that_is_not_a_register_is_rejected_by_name(document: bytes, message: str) -> None:
    with pytest.raises(BadRelease) as caught:
        list(stream(document).segments())
    assert message in str(caught.value)
    assert caught.value.do, "the message must say what to do next"


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (b"BO\0DY", "the text has a NUL byte near"),
        (b"BO\xffDY", "not UTF-8 near"),
        (b"\xc3", "not UTF-8"),
    ],
)
def test_bytes_that_are_not_text_are_rejected_with_their_place(harm: bytes, message: str) -> None:
    record = organisation_xml(make_record("R1A")).encode()
    check_text(record, "register.xml")
    with pytest.raises(BadRelease, match=message) as caught:
        check_text(record.replace(b"BODY", harm), "register.xml")
    assert "<Name>" in str(caught.value)
