"""Spans: maximal runs of equal observations over consecutive releases, the compressed form of all releases.

Lives here: joining, splitting and cutting of spans. A register of 393,000 records changes by some thousands a
month, so a hundred releases as spans are hardly larger than one. A release that arrives late splits the spans
around it, and no other release has to be read again.

A span has ``ods_code``, ``first`` and ``last`` (ordinals of releases, both inclusive) and what was observed.
"""

from collections.abc import Sequence

import polars as pl

from ods_pipeline.history.columns import OBSERVATION

# Columns that follow from the two hashes, so that there is no need to compare them.
_FOLLOWING = ("core_hash", "fax_numbers", "name", "primary_role_id", "operational_start")
# Observations of one code that agree in these columns are equal.
SAME = tuple(c for c in OBSERVATION if c != "ods_code" and c not in _FOLLOWING)


def joined(spans: pl.DataFrame) -> pl.DataFrame:
    """Join equal spans that follow one another. The order of the rows makes no difference."""
    ordered = spans.sort("ods_code", "first")
    same_code = pl.col("ods_code") == pl.col("ods_code").shift(1)
    follows = pl.col("first") == pl.col("last").shift(1) + 1
    equal = [pl.col(c).eq_missing(pl.col(c).shift(1)) for c in SAME]
    begins = ordered.select(~pl.all_horizontal(same_code, follows, *equal).fill_null(False)).to_series()
    ends = begins.shift(-1, fill_value=True)
    return ordered.filter(begins).with_columns(ordered["last"].filter(ends))


def split_for(spans: pl.DataFrame, new: Sequence[int]) -> pl.DataFrame:
    """Split spans at new releases that lie between the releases they were made from.

    Args:
        spans: Spans whose ``first`` and ``last`` are ordinals that already count the new releases.
        new: The ordinals of the new releases.

    Returns:
        Spans of which none covers a new release.
    """
    if not new:
        return spans
    marks, known = pl.Series(sorted(new), dtype=pl.Int64), set(new)
    bounds = [m - 1 for m in new if m - 1 not in known] + [m for m in new if m + 1 not in known]
    at = [marks.search_sorted(spans[c]) for c in ("first", "last")]
    broken, whole = spans.filter(at[0] < at[1]), spans.filter(at[0] == at[1])
    cuts = pl.Series("cut", sorted(bounds), dtype=pl.Int64).to_frame()
    pieces = cut(broken, broken.select("ods_code").unique().join(cuts, how="cross"))
    return pl.concat([whole, pieces.filter(~pl.col("first").is_in(marks.implode()))])


def cut(spans: pl.DataFrame, cuts: pl.DataFrame) -> pl.DataFrame:
    """Cut spans after the given ordinals.

    Args:
        spans: Spans of any codes.
        cuts: ``ods_code, cut``: an ordinal after which the spans of this code are cut. An ordinal outside a
            span leaves that span unchanged.
    """
    long = spans.filter(pl.col("first") < pl.col("last")).join(cuts, on="ods_code", how="semi")
    if long.is_empty():
        return spans
    uncut = spans.join(long.select("ods_code", "first", "last"), on=["ods_code", "first", "last"], how="anti")
    long = long.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("span"))
    inner = (
        long.select("ods_code", "span", "first", "last")
        .join(cuts, on="ods_code")
        .filter((pl.col("first") <= pl.col("cut")) & (pl.col("cut") < pl.col("last")))
        .select("span", (pl.col("cut") + 1).alias("first"))
    )
    starts = pl.concat([long.select("span", "first"), inner]).unique().sort("span", "first")
    following = pl.when(pl.col("span") == pl.col("span").shift(-1)).then(pl.col("first").shift(-1) - 1)
    pieces = starts.with_columns(following.alias("end")).join(long.drop("first"), on="span", how="left")
    pieces = pieces.with_columns(pl.coalesce("end", "last").alias("last")).select(spans.columns)
    return pl.concat([uncut, pieces])
