"""Counts of single bytes in a document and in the values that the parser read from it.

Does not live here: what the counts prove (``xml/proof.py``).
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa

from ods_pipeline.flatten.columns.words import bytes_of

_BLOCK = 1 << 18  # stays in the processor's cache


def slashes_and_equals(document: bytes) -> tuple[int, int]:
    """Count ``/`` and ``=`` in the bytes of a document."""
    data = np.frombuffer(document, np.uint8)
    return _total(data[start : start + _BLOCK] for start in range(0, len(data), _BLOCK))


def slashes_and_equals_in_values(parsed: Mapping[str, pa.RecordBatch]) -> tuple[int, int]:
    """Count ``/`` and ``=`` in all text values, whether they were written as such or as ``&#47;``."""
    return _total(_values(parsed))


def has_control_bytes(parsed: Mapping[str, pa.RecordBatch]) -> bool:
    """Return whether any text value holds a byte below the space, or U+FFFE or U+FFFF, which XML forbids too.

    Line ends count: ODS writes them between elements only.
    """
    return any((data < ord(" ")).any() or _has_noncharacter(data) for data in _values(parsed))


def _has_noncharacter(data: np.ndarray) -> bool:
    """Return whether UTF-8 text holds U+FFFE or U+FFFF: EF BF BE or EF BF BF. Text in English has no EF."""
    starts = np.flatnonzero(data == 0xEF)
    starts = starts[starts < len(data) - 2]
    return bool(((data[starts + 1] == 0xBF) & (data[starts + 2] >= 0xBE)).any())


def _total(blocks: Iterable[np.ndarray]) -> tuple[int, int]:
    slashes = equals = 0
    for block in blocks:
        slashes += int(np.count_nonzero(block == ord("/")))
        equals += int(np.count_nonzero(block == ord("=")))
    return slashes, equals


def _values(parsed: Mapping[str, pa.RecordBatch]) -> Iterator[np.ndarray]:
    """Yield the bytes of all values, column by column."""
    for rows in parsed.values():
        yield from (bytes_of(column)[0] for column in rows.columns if pa.types.is_string(column.type))
