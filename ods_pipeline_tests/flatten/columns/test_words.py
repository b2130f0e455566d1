"""words.py: words are the bytes of the texts, wherever in its buffers a column begins."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.columns.words import WORD, Words, bytes_of

TEXTS = st.lists(st.none() | st.text("aZ0é€ ", max_size=20), max_size=6)
KINDS = st.sampled_from([pa.string(), pa.large_string()])


def word(text: bytes) -> int:
    return int.from_bytes(text, "little")


@given(TEXTS, KINDS, st.integers(0, 3))
def test_words_are_those_of_the_bytes(texts: list[str | None], kind: pa.DataType, skipped: int) -> None:
    column = pa.array([*["skipped"] * skipped, *texts], kind).slice(skipped)
    words, written = Words(column), [(text or "").encode() for text in texts]
    assert words.lengths.tolist() == [len(text) for text in written]
    for place in range(3):
        rows = words.having(place)
        cut = [text[WORD * place : WORD * (place + 1)] for text in written]
        assert words.at(place, rows).tolist() == [word(part) for part in cut if part]
    assert words.at(0, slice(None)).tolist() == [word(text[:WORD]) for text in written]


def test_an_empty_column_has_no_bytes() -> None:
    data, ends = bytes_of(pa.array([], pa.string()))
    assert (data.tolist(), ends.tolist()) == ([], [0])
