"""comments.py: comments and CDATA are kept apart from markup, and no byte moves where places count."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.xml.comments import blanked, plain


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
    ],
)
def test_comments_and_cdata_are_blanked_in_place(text: bytes, wanted: bytes) -> None:
    assert blanked(text) == blanked(bytearray(text)) == wanted


PARTS = st.lists(
    st.sampled_from(
        ["<b/>", "x ", "<!-- <b> -->", "<!--<![CDATA[-->", "<![CDATA[<b>&\"'--é]]>", "<![CDATA[]]>"]
    )
)


@given(PARTS)
def test_a_parser_reads_the_same_from_plain_text(parts: list[str]) -> None:
    document = f"<a>{''.join(parts)}</a>".encode()
    one, other = ElementTree.fromstring(document), ElementTree.fromstring(plain(document))
    assert ["".join(one.itertext()), len(one)] == ["".join(other.itertext()), len(other)]
    assert re.findall(rb"<b", plain(document)) == [b"<b"] * len(one)
