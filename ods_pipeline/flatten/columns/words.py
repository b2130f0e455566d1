"""Arrow text columns as NumPy arrays: their bytes, and each text as words of eight bytes.

Does not live here: what the words are for (``fingerprint.py``), what the bytes are for (``counting.py``).
"""

import numpy as np
import pyarrow as pa

WORD = 8


def bytes_of(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of a text column, and the offset of each value in them with the end as one more."""
    if len(column) == 0:
        return np.empty(0, np.uint8), np.zeros(1, np.int32)
    _, offsets, values = column.buffers()
    width = np.int64 if pa.types.is_large_string(column.type) else np.int32
    ends = np.frombuffer(offsets, width)[column.offset : column.offset + len(column) + 1]
    data = np.frombuffer(values, np.uint8) if values is not None else np.empty(0, np.uint8)
    return data[: ends[-1]], ends


class Words:
    """The words of a text column; ``lengths`` is the number of bytes of each text, 0 for a null."""

    def __init__(self, column: pa.Array) -> None:
        data, ends = bytes_of(column)
        padded = np.zeros(len(data) + WORD, np.uint8)
        padded[: len(data)] = data
        self.lengths, self._starts = np.diff(ends), ends[:-1]
        # Every run of eight bytes as one number, without a copy.
        self._windows = np.ndarray(len(data) + 1, "<u8", padded, strides=(1,))

    def having(self, place: int) -> np.ndarray | slice:
        """Return the rows whose text is long enough to have a word at ``place`` (from 0)."""
        is_long = self.lengths > WORD * place
        return slice(None) if is_long.all() else np.flatnonzero(is_long)

    def at(self, place: int, rows: np.ndarray | slice) -> np.ndarray:
        """Return the word at ``place`` of each of ``rows``; bytes behind the end of a text are 0.

        Each of ``rows`` must have a word there (see ``having``).
        """
        beyond = np.maximum(8 * (WORD * (place + 1) - self.lengths[rows]), 0).astype(np.uint64)
        return (self._windows[self._starts[rows] + WORD * place] << beyond) >> beyond
