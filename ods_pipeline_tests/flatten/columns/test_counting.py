"""counting.py: the counts are those of plain Python."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.columns.counting import (
    has_control_bytes,
    slashes_and_equals,
    slashes_and_equals_in_values,
)

COLUMNS = st.lists(
    st.lists(st.none() | st.text("/=é a\t\n\x1f\ufffe\uffff\ufffd\uff0f", max_size=6), max_size=4), max_size=3
)


def tables(columns: list[list[str | None]]) -> dict[str, pa.RecordBatch]:
    """One table for each column of texts, next to a column of numbers."""
    arrays = [pa.array(texts, pa.string()) for texts in columns]
    numbers = [pa.array(range(len(array)), pa.uint32()) for array in arrays]
    return {
        str(n): pa.RecordBatch.from_arrays([index, texts], names=["<organisation>", "text"])
        for n, (index, texts) in enumerate(zip(numbers, arrays, strict=True))
    }


@given(st.text('</>="a ', max_size=40))
def test_slashes_and_equals_of_a_document_are_counted(text: str) -> None:
    assert slashes_and_equals(text.encode()) == (text.count("/"), text.count("="))


@given(COLUMNS)
def test_slashes_and_equals_of_values_are_counted(columns: list[list[str | None]]) -> None:
    written = "".join(text or "" for texts in columns for text in texts)
    assert slashes_and_equals_in_values(tables(columns)) == (written.count("/"), written.count("="))


@given(COLUMNS)
def test_control_bytes_are_found(columns: list[list[str | None]]) -> None:
    written = "".join(text or "" for texts in columns for text in texts)
    assert has_control_bytes(tables(columns)) == any(
        character < " " or character in "\ufffe\uffff" for character in written
    )
