"""Arrow columns for arithmetic on whole columns: which values there are, texts as words of eight bytes.

Codes, ids, days and flags are short: one word or two is all there is of them, and numpy does with a column of
words what would else be done text by text. Does not live here: what the words mean (``texts.py``,
``dates.py``, ``fingerprint.py``).
"""

import numpy as np
import polars as pl
import pyarrow as pa

WORD = 8


def as_series(column: pa.Array) -> pl.Series:
    """The column as it is, for Polars."""
    series = pl.from_arrow(column)
    assert isinstance(series, pl.Series)
    return series


def as_array(column: pl.Series) -> pa.Array:
    """The column as it is, in one piece, for what follows."""
    return column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())


def bytes_of(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of a text column, and where each value begins in them (one more than there are values)."""
    if len(column) == 0:
        return np.empty(0, np.uint8), np.zeros(1, np.int32)
    _, offsets, values = column.buffers()
    wide = np.int64 if pa.types.is_large_string(column.type) else np.int32
    ends = np.frombuffer(offsets, wide)[column.offset : column.offset + len(column) + 1]
    data = np.frombuffer(values, np.uint8) if values is not None else np.empty(0, np.uint8)
    return data[: ends[-1]], ends


def valid_of(column: pa.Array) -> np.ndarray | None:
    """Which values are not null; None if all are not."""
    return None if column.null_count == 0 else _bits(column, 0)


def numbers_of(column: pa.Array) -> np.ndarray:
    """The values of a column of flags, days or whole numbers, as they are stored; a null may be any."""
    if pa.types.is_boolean(column.type):
        return _bits(column, 1)
    width = f"<i{column.type.bit_width // 8}"
    if len(column) == 0:
        return np.empty(0, width)
    return np.frombuffer(column.buffers()[1], width)[column.offset : column.offset + len(column)]


def _bits(column: pa.Array, buffer: int) -> np.ndarray:
    """A buffer of one bit a value as one flag a value."""
    if len(column) == 0:
        return np.empty(0, np.bool_)
    packed = np.frombuffer(column.buffers()[buffer], np.uint8)
    bits = np.unpackbits(packed, count=column.offset + len(column), bitorder="little")
    return bits[column.offset :].view(np.bool_)


def as_word(text: str) -> np.uint64:
    """The word of a text of up to eight bytes."""
    return np.uint64(int.from_bytes(text.encode(), "little"))


class Words:
    """The words of a text column. ``lengths``: bytes of each text; a null has none."""

    def __init__(self, column: pa.Array) -> None:
        data, ends = bytes_of(column)
        padded = np.empty(len(data) + WORD, np.uint8)
        padded[: len(data)], padded[len(data) :] = data, 0
        self.lengths, self._starts = np.diff(ends), ends[:-1]
        self._windows = np.ndarray(len(data) + 1, "<u8", padded, strides=(1,))

    def __len__(self) -> int:
        return len(self.lengths)

    def are(self, text: str) -> np.ndarray:
        """Which texts are ``text``, of up to eight bytes."""
        return (self.lengths == len(text.encode())) & (self.at(0) == as_word(text))

    def having(self, place: int) -> np.ndarray | slice:
        """The rows that have a word at ``place`` (from 0), since their texts are long enough."""
        there = self.lengths > WORD * place
        return slice(None) if there.all() else np.flatnonzero(there)

    def at(self, place: int, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The word at ``place`` (from 0) of each of ``rows``, which must have one or be empty; bytes behind
        the end of a text are 0."""
        beyond = np.maximum(8 * (WORD * (place + 1) - self.lengths[rows]), 0).astype(np.uint64)
        return (self._windows[self._starts[rows] + WORD * place] << beyond) >> beyond

    def ending(self, rows: np.ndarray | slice, left_out: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The last eight bytes of each of ``rows``, or those before the last ``left_out``. If they are fewer,
        they are moved up to the end of their word; by how many bits is what comes second."""
        ends = self.lengths[rows] - left_out
        up = np.clip(8 * (WORD - ends), 0, 8 * WORD).astype(np.uint64)
        return self._windows[self._starts[rows] + np.maximum(ends - WORD, 0)] << up, up
