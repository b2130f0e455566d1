"""document.py: comments, CDATA, instructions and line ends are what XML says, and hide nothing."""

import pytest

from ods_pipeline.errors import BadRelease
from ods_pipeline_tests.flatten.xml.three_records import ALONE, RECORDS, read, rows_of
from ods_pipeline_tests.support.damage import DAMAGES


@pytest.mark.parametrize(
    "comment",
    [
        "<!-- note -->",
        "<!-- <Role id='RO1' uniqueRoleId='1'/> -->",
        '<!-- <Organisation newThing="1"><Odd/></Organisation> -->',
    ],
)
def test_comments_are_ignored(comment: str) -> None:
    document = read(comment, *(text.replace("<Roles>", f"<Roles>{comment}") for text in RECORDS.values()))
    assert (document.records, document.problems.height, document.unknown) == (3, 0, {})
    assert {code: rows_of(document, code) for code in RECORDS} == ALONE


def test_character_data_may_be_written_in_any_way_xml_allows() -> None:
    forms = ("A &amp; B'S", "<![CDATA[A & B'S]]>", "A &#38; B&#39;S", "A &amp; B&apos;S")
    texts = [RECORDS["R1A"].replace("BODY R1A", form) for form in forms]
    assert {read(text).frames["organisations"]["name"][0] for text in texts} == {"A & B'S"}


@pytest.mark.parametrize(
    "text",
    ["<!-- BODY -->", "<Role>", '<Organisation newThing="1">', "</Name><Odd/>", "a <!-- b", "--> &amp; c"],
)
def test_cdata_is_text_and_nothing_else(text: str) -> None:
    spelt = RECORDS["R1A"].replace("BODY", f"<![CDATA[{text}]]>")
    document = read(spelt, RECORDS["R1B"], RECORDS["R1C"].replace("BODY", "<!-- <![CDATA[ -->BODY"))
    assert (document.records, document.problems.height, document.unknown) == (3, 0, {})
    assert document.frames["organisations"]["name"].to_list() == [f"{text} R1A", "BODY R1B", "BODY R1C"]


def test_white_space_in_the_end_tag_of_a_broken_record_is_ignored() -> None:
    broken = DAMAGES["childless role"].harm(RECORDS["R1B"]).replace("</Organisation>", "</Organisation >")
    document = read(RECORDS["R1A"], broken, RECORDS["R1C"])
    assert document.problems["ods_code"].to_list() == ["R1B"]
    assert {code: rows_of(document, code) for code in ("R1A", "R1C")} == {c: ALONE[c] for c in ("R1A", "R1C")}


@pytest.mark.promise("conserved")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<?a <!-- ?>", "<!-- x --><?b ?>"),
        ("<?a <![CDATA[ ?>", "<?b ]]> ?>"),
        ("<!-- <?a -->", "<!-- ?> -->"),
        ("<?a <!-- ?><?a <![CDATA[ ?>", "<!-- ]]> --><?b ]]>--> ?>"),
    ],
)
def test_no_instruction_hides_what_lies_between_two_of_them(before: str, after: str) -> None:
    hidden = RECORDS["R1B"].replace("<Roles>", f"{before}<Roles>").replace("</Rels>", f"</Rels>{after}")
    document = read(RECORDS["R1A"], hidden, f"{before}{RECORDS['R1C']}{after}")
    assert (document.records, document.problems.height, document.unknown) == (3, 0, {})
    assert {code: rows_of(document, code) for code in RECORDS} == ALONE


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("A\r\nB", "A\nB"), ("A\rB", "A\nB"), ("A\nB", "A\nB"), ("A&#13;B", "A\rB"), ("A&#13;\r\nB", "A\r\nB")],
)
def test_line_ends_in_text_are_read_as_xml_defines_them(written: str, read_as: str) -> None:
    document = read(RECORDS["R1A"], RECORDS["R1B"].replace("BODY", written).replace("<Name", "<Name\r\n"))
    assert document.frames["organisations"]["name"].to_list() == ["BODY R1A", f"{read_as} R1B"]


@pytest.mark.parametrize(
    ("written", "read_as"), [("1\r\n2", "1 2"), ("1\t2", "1 2"), ("1&#10;2", "1\n2"), ("1>\n'2", "1> '2")]
)
def test_line_ends_in_an_attribute_are_spaces(written: str, read_as: str) -> None:
    document = read(RECORDS["R1A"].replace("0113 496 0000", written), RECORDS["R1B"])
    assert document.frames["contacts"]["contact_value"].to_list() == [read_as, "0113 496 0000"]


@pytest.mark.parametrize("elsewhere", ['THE q="', "A foo='x", "B b =\t'c/"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Role id=", '<Role id="RO999" id='),
        ("<OrgId ", '<OrgId extension="EVIL" '),
        ("<OrgId ", "<OrgId extension = 'EVIL' "),
    ],
)
def test_no_text_hides_an_attribute_that_repeats(old: str, new: str, elsewhere: str) -> None:
    named = RECORDS["R1C"].replace("BODY", elsewhere)
    assert read(named).problems.height == 0
    with pytest.raises(BadRelease, match="the XML is damaged"):
        read(RECORDS["R1A"], RECORDS["R1B"].replace(old, new, 1), named)


def test_no_instruction_hides_a_role_outside_the_roles() -> None:
    stray = RECORDS["R1B"].replace("<Roles>", "<?x <Odd?><Role/><Roles>")
    document = read(RECORDS["R1A"], stray, RECORDS["R1C"])
    assert document.problems.select("record", "rule").rows() == [(1, "lost_component")]


@pytest.mark.parametrize("character", ["=", "&#61;", "/", "&#x2F;"])
@pytest.mark.parametrize("lost", ["", '<Role id="RO1" uniqueRoleId="9"/>'])
def test_slashes_and_equals_in_a_value_neither_hide_a_loss_nor_look_like_one(
    character: str, lost: str
) -> None:
    text = RECORDS["R1B"].replace("BODY", f"A{character * 2}B").replace("<Roles>", f"{lost}<Roles>")
    document = read(RECORDS["R1A"], text, RECORDS["R1C"])
    if lost:
        assert document.problems.select("record", "rule").rows() == [(1, "lost_component")]
    else:
        assert document.frames["organisations"]["name"][1] in ("A==B R1B", "A//B R1B")
        assert (document.problems.height, document.unknown) == (0, {})
