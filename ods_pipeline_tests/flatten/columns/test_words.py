"""words.py: words are the bytes of the texts; flags, numbers and nulls are found wherever a column begins."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.columns.words import WORD, Words, as_word, bytes_of, numbers_of, valid_of

TEXTS = st.lists(st.none() | st.text("aZ0é€ ", max_size=20), max_size=6)
KINDS = st.sampled_from([pa.string(), pa.large_string()])


def word(text: bytes) -> int:
    return int.from_bytes(text, "little")


@given(TEXTS, KINDS, st.integers(0, 3))
def test_words_are_those_of_the_bytes(texts: list[str | None], kind: pa.DataType, skipped: int) -> None:
    column = pa.array([*["skipped"] * skipped, *texts], kind).slice(skipped)
    words, written = Words(column), [(text or "").encode() for text in texts]
    assert words.lengths.tolist() == [len(text) for text in written]
    assert len(words) == len(texts)
    for place in range(3):
        rows = words.having(place)
        cut = [text[WORD * place : WORD * (place + 1)] for text in written]
        assert words.at(place, rows).tolist() == [word(part) for part in cut if part]
    assert words.at(0).tolist() == [word(text[:WORD]) for text in written]
    assert words.are("aZ0").tolist() == [text == "aZ0" for text in texts]


@given(TEXTS, st.sampled_from([0, WORD]))
def test_the_end_of_a_text_stands_at_the_end_of_its_word(texts: list[str | None], left_out: int) -> None:
    found, up = Words(pa.array(texts, pa.string())).ending(slice(None), left_out)
    ends = [text[: max(len(text) - left_out, 0)][-WORD:] for text in ((t or "").encode() for t in texts)]
    assert found.tolist() == [word(end.rjust(WORD, b"\0")) for end in ends]
    assert up.tolist() == [8 * (WORD - len(end)) for end in ends]


@pytest.mark.parametrize("skipped", [0, 1, 9])
def test_flags_numbers_and_nulls_are_found_in_a_part_of_a_column(skipped: int) -> None:
    flags = pa.array([*[True] * skipped, False, None, True]).slice(skipped)
    days = pa.array([*[date(2000, 1, 1)] * skipped, date(1970, 1, 3), None, date(1969, 12, 31)]).slice(
        skipped
    )
    for column, first, last in ((flags, False, True), (days, 2, -1)):
        assert (numbers_of(column)[0], numbers_of(column)[2]) == (first, last)
        valid = valid_of(column)
        assert valid is not None
        assert valid.tolist() == [True, False, True]
        assert numbers_of(column[:0]).tolist() == []
        assert valid_of(column[:1]) is None


def test_an_empty_column_has_no_bytes_and_a_text_of_eight_bytes_is_one_word() -> None:
    data, ends = bytes_of(pa.array([], pa.string()))
    assert (data.tolist(), ends.tolist()) == ([], [0])
    assert as_word("12345678") == word(b"12345678")
