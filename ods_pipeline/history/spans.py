"""Observations of releases, run-length over consecutive releases: a span is a maximal run of equal rows.

Lives here: joining, splitting and cutting of spans. A register of 393,000 records changes by some thousands a
month, so that a hundred releases cost little more than one, and a release that arrives late splits a span
without anybody reading the releases around it again.

A span has ``ods_code``, ``first`` and ``last`` (ordinals of releases, both inclusive) and what was seen.
"""

from collections.abc import Sequence

import polars as pl

# Rows that agree in these say the same. Name, role, start and fax numbers follow from the two hashes.
SAME = ("published_in", "ref_only", "is_xml", "last_change_date", "content_hash", "fax_hash")


def joined(spans: pl.DataFrame) -> pl.DataFrame:
    """Joins spans that are equal and follow one another; a function of the rows, whatever their order."""
    ordered = spans.sort("ods_code", "first")
    same_code = pl.col("ods_code") == pl.col("ods_code").shift(1)
    follows = pl.col("first") == pl.col("last").shift(1) + 1
    equal = [pl.col(c).eq_missing(pl.col(c).shift(1)) for c in SAME]
    begins = ordered.select(~pl.all_horizontal(same_code, follows, *equal).fill_null(False)).to_series()
    ends = begins.shift(-1, fill_value=True)
    return ordered.filter(begins).with_columns(ordered["last"].filter(ends))


def split_for(spans: pl.DataFrame, new: Sequence[int]) -> pl.DataFrame:
    """Splits spans at releases that have arrived between those they were made of.

    ``first`` and ``last`` count the new releases already; ``new`` are the ordinals of these. No span covers
    one of them afterwards.
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
    """Cuts spans of a code after the ordinals ``cut`` (``ods_code, cut``) that lie inside them."""
    long = spans.filter(pl.col("first") < pl.col("last")).join(cuts, on="ods_code", how="semi")
    if long.is_empty():
        return spans
    rest = spans.join(long.select("ods_code", "first", "last"), on=["ods_code", "first", "last"], how="anti")
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
    return pl.concat([rest, pieces])
