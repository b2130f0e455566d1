"""comments.py: comments, CDATA and instructions are not markup, and no byte moves where places count."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.xml.comments import _FEW, blanked, may_hold, plain, with_xml_line_ends


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"<a>x</a>", b"<a>x</a>"),
        (b"a<!-- <b> -->c", b"a            c"),
        (b"a<![CDATA[<!--]]>c", b"a................c"),
        (b"<!-- <![CDATA[ -->c", b" " * 18 + b"c"),
        (b"a<!-- b", b"a......"),
        (b"a<!-->", b"a....."),
        (b"a<![CDATA[b]]", b"a............"),
        (b"a<?b <!-- ?>c<!-- d --><?e ?>f", b"a" + b" " * 11 + b"c" + b" " * 16 + b"f"),
        (b"a<?b <![CDATA[ ?>c]]>", b"a" + b" " * 16 + b"c]]>"),
        (b"a<!-- <?b -->c<!-- ?> -->d", b"a" + b" " * 12 + b"c" + b" " * 11 + b"d"),
        (b"<![CDATA[<?a]]>b<?c?>", b"." * 15 + b"b" + b" " * 5),
        (b"a<?b", b"a..."),
        (b"a<?>b", b"a...."),
    ],
)
def test_comments_and_cdata_are_blanked_in_place(text: bytes, wanted: bytes) -> None:
    assert blanked(text) == blanked(bytearray(text)) == wanted


PARTS = st.lists(
    st.sampled_from(
        [
            "<b/>",
            "x ",
            "<!-- <b> -->",
            "<!--<![CDATA[-->",
            "<![CDATA[<b>&\"'--é]]>",
            "<![CDATA[]]>",
            "<?a <!-- ?>",
            "<?a <![CDATA[?>",
            "<?a?>",
            "<!--<?a-->",
            "<![CDATA[<?a]]>",
        ]
    )
)


@given(PARTS)
def test_a_parser_reads_the_same_from_plain_text(parts: list[str]) -> None:
    document = f"<a>{''.join(parts)}</a>".encode()
    one, other = ElementTree.fromstring(document), ElementTree.fromstring(plain(document))
    assert ["".join(one.itertext()), len(one)] == ["".join(other.itertext()), len(other)]
    assert re.findall(rb"<b", plain(document)) == [b"<b"] * len(one)


@given(st.lists(st.sampled_from(["\r\n", "\r", "\n", "\t", " ", "&#13;", "&#10;", "&#9;", "'", "x", ">"])))
def test_white_space_is_that_of_a_parser(parts: list[str]) -> None:
    text = "".join(parts)
    quoted = text.replace("'", "")
    document = f"<a>{text}<b\r\nc=\"{text}\"\td='{quoted}'/>{text}</a>".encode()
    one, other = ElementTree.fromstring(document), ElementTree.fromstring(with_xml_line_ends(document))
    assert ElementTree.tostring(one) == ElementTree.tostring(other)
    written = with_xml_line_ends(document)
    assert b"\r" not in written
    assert not [tag for tag in re.findall(rb"<b[^/]*/>", written) if b"\n" in tag or b"\t" in tag]


@pytest.mark.parametrize("many", [b"", b"?!" * (_FEW + 1)])
@given(text=st.text(alphabet="<!?a").map(str.encode))
def test_the_quick_look_misses_no_beginning(many: bytes, text: bytes) -> None:
    begins = bool(re.search(rb"\A[!?]|<[!?]", text))
    after = bool(re.search(rb"<[!?]", text))
    assert may_hold(b"a" + many + text) == after
    assert may_hold(text) == may_hold(bytearray(text)) == begins
