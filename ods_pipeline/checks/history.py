"""What must hold of the versions, as plain functions on frames."""

import polars as pl

from ods_pipeline.checks.base import Finding, sample


def intervals_apart(versions: pl.DataFrame) -> Finding:
    """No version ends before it begins, and none of a code begins before the one before it has ended; only
    the last of a code stands."""
    ordered = versions.sort("ods_code", "known_from")
    more = pl.col("ods_code") == pl.col("ods_code").shift(-1)
    backwards = pl.col("known_to") < pl.col("known_from")
    overlaps = more & (pl.col("known_to").is_null() | (pl.col("known_to") > pl.col("known_from").shift(-1)))
    wrong = ordered.filter((backwards | overlaps).fill_null(False))["ods_code"].unique().sort()
    return Finding(
        "intervals_apart",
        wrong.is_empty(),
        f"versions of {len(wrong):,} codes overlap or end before they begin: {sample(wrong)}"
        if len(wrong)
        else f"{versions.height:,} versions, one after another",
        facts={"versions": versions.height, "codes": versions["ods_code"].n_unique(), "wrong": len(wrong)},
    )
