"""Conditions on the versions of history, as plain functions on frames."""

import polars as pl

from ods_pipeline.checks.base import Finding, sample


def intervals_apart(versions: pl.DataFrame) -> Finding:
    """Check that the versions of a code follow one another.

    None ends before it begins, none begins before the previous one has ended, and only the last one of a code
    is open.

    Args:
        versions: ``ods_code``, ``known_from``, ``known_to`` (exclusive).
    """
    ordered = versions.sort("ods_code", "known_from")
    has_next = pl.col("ods_code") == pl.col("ods_code").shift(-1)
    backwards = pl.col("known_to") < pl.col("known_from")
    overlaps = has_next & (
        pl.col("known_to").is_null() | (pl.col("known_to") > pl.col("known_from").shift(-1))
    )
    wrong = ordered.filter((backwards | overlaps).fill_null(False))["ods_code"].unique().sort()
    return Finding(
        "intervals_apart",
        wrong.is_empty(),
        f"versions of {len(wrong):,} codes overlap or end before they begin: {sample(wrong)}"
        if len(wrong)
        else f"{versions.height:,} versions, one after another",
        facts={"versions": versions.height, "codes": versions["ods_code"].n_unique(), "wrong": len(wrong)},
    )
