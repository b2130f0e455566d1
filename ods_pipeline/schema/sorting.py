"""Rows in order of a key, moved only where they are not in order yet.

Lives here: sorting by a key, and the rows that repeat one. Does not live here: which key a table has
(``base.py``).

Most tables arrive in the order of the last build or of the SQL that made them, and to check is much cheaper
than to sort. (``numpy.lexsort`` took 30 % longer than Polars' own sort on 800,000 relationships, so it is not
used.)
"""

from collections.abc import Sequence

import polars as pl


def sorted_by(frame: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Return the rows in order of ``key``, nulls first; the frame itself if they are in order already.

    The key must be unique: rows that share one come in any order.
    """
    if is_sorted_by(frame, key):
        return frame
    # In one chunk first: moving rows out of many chunks takes several times as long.
    return frame.rechunk().sort(key)


def is_sorted_by(frame: pl.DataFrame, key: Sequence[str]) -> bool:
    """Return whether no row comes before its predecessor by ``key``.

    False if any column of the key has a null.
    """
    if any(frame[name].null_count() for name in key):
        return False
    falls, ties = pl.lit(False), pl.lit(True)
    for name in key:
        before = pl.col(name).shift(1)
        falls = falls | (ties & (pl.col(name) < before))
        ties = ties & (pl.col(name) == before)
    return not frame.select(falls.fill_null(False).any()).item()


def repeats_key(frame: pl.DataFrame, key: Sequence[str]) -> pl.Series:
    """Return a mask of the rows whose ``key`` equals that of the row before (two nulls are equal).

    In a frame sorted by ``key`` these are all the rows that repeat one.
    """
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in key)
    return frame.select((same & (pl.int_range(pl.len()) > 0)).alias("repeats_key")).to_series()
