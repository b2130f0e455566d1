"""Rows in order of a key, moved only where they are not in order yet.

Most tables come as they left the last build, or as SQL sorted them: to look is much cheaper than to sort.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl


def sorted_by(frame: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The rows in order of ``key``, which tells them apart: the order of rows with one key is not settled."""
    if in_order(frame, key):
        return frame
    frame = frame.rechunk()  # to move rows out of many chunks takes several times as long
    columns = [frame[name] for name in key]
    if all((c.dtype.is_numeric() or c.dtype.is_temporal()) and not c.null_count() for c in columns):
        # Several numbers are sorted faster one after the other than as one row each.
        return frame[np.lexsort([c.to_physical().to_numpy() for c in reversed(columns)])]
    return frame.sort(key)


def in_order(frame: pl.DataFrame, key: Sequence[str]) -> bool:
    """Whether each row comes after the one before, or has the same key. A null in a key is no order."""
    falls, level = pl.lit(False), pl.lit(True)
    for name in key:
        before = pl.col(name).shift(1)
        falls = falls | (level & (pl.col(name) < before))
        level = level & (pl.col(name) == before)
    if any(frame[name].null_count() for name in key):
        return False
    return not frame.select(falls.fill_null(False).any()).item()


def as_before(frame: pl.DataFrame, key: Sequence[str]) -> pl.Series:
    """Which rows have the key of the row before; in a frame sorted by ``key``, all that repeat one."""
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in key)
    return frame.select((same & (pl.int_range(pl.len()) > 0)).alias("as_before")).to_series()
