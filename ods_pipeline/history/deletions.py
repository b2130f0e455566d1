"""Which codes are gone, and how that is known: notices, absence from releases, and 404s.

Nothing is gone because one source is silent: every rule here says what would contradict it.
"""

import polars as pl

from ods_pipeline.history.observations import Observed
from ods_pipeline.schema import TABLES


def deletions_of(observed: Observed) -> pl.DataFrame:
    """Rows of ``deletions``: notices that nothing later contradicts, codes absent from the newest
    release and from everything after it, and codes that the API no longer gives (unconfirmed)."""
    seen = observed.seen
    last = seen.sort("seq").group_by("ods_code").agg(pl.col("seq", "as_of", "name", "primary_role_id").last())
    last = last.rename({"seq": "last_seq", "as_of": "last_as_of", "primary_role_id": "last_role"})
    told = (
        observed.notices.sort("seq")
        .group_by("ods_code", "deleted_on", "source", maintain_order=True)
        .agg(pl.col("primary_role_id", "reason_code", "reason", "seq").first())
        .join(last, on="ods_code", how="left")
    )
    # A record seen after the day of the notice is a code that came back. On the day itself a fetch that
    # got the record speaks against a notice only if it did not come before the notice did.
    never_held = pl.col("last_seq").is_null()
    before = (pl.col("last_as_of") < pl.col("deleted_on")) | (
        (pl.col("last_as_of") == pl.col("deleted_on")) & (pl.col("last_seq") < pl.col("seq"))
    )
    notified = told.filter((pl.col("source") == "ord_notifications") & (never_held | before))
    gone = told.filter(
        (pl.col("source") == "gone_from_api") & (never_held | (pl.col("last_seq") < pl.col("seq")))
    )
    absent = _absent(observed, last)
    rows = pl.concat(
        [
            notified.with_columns(pl.lit("confirmed").alias("state"), pl.lit(0).alias("rank")),
            absent,
            gone.with_columns(pl.lit("unconfirmed").alias("state"), pl.lit(3).alias("rank")),
        ],
        how="diagonal_relaxed",
    ).with_columns(pl.coalesce("last_role", "primary_role_id").alias("primary_role_id"))
    return (
        rows.sort(
            "ods_code", "rank", "deleted_on", "seq", descending=[False, False, True, False], nulls_last=True
        )
        .group_by("ods_code", maintain_order=True)
        .first()
        .select(TABLES["deletions"].columns)
        .cast(pl.Schema(TABLES["deletions"].dtypes))
    )


def _absent(observed: Observed, last: pl.DataFrame) -> pl.DataFrame:
    """Codes that some capture held and that a later release, and all after it, no longer have.

    A record that was set aside was there all the same, and its code is not absent. If its code is not known
    it may be any of those missing: that release proves no absence, and what it lacks is unconfirmed until
    another one does. A release without any usable record proves nothing at all.
    """
    aside = observed.quarantined
    there = pl.concat([aside, last.select("ods_code", pl.col("last_seq").alias("seq"))])
    last_there = there.group_by("ods_code").agg(pl.col("seq").max().alias("there_seq"))
    releases = observed.seen.filter("is_release").select("seq", pl.col("as_of").alias("deleted_on")).unique()
    proving = releases.join(aside.filter(pl.col("ods_code").is_null()), on="seq", how="anti")
    proof = pl.col("proof").is_not_null()
    return (
        _next_after(last.join(last_there, on="ods_code"), releases)
        .filter(pl.col("deleted_on").is_not_null())
        .pipe(_next_after, proving.select("seq", pl.col("seq").alias("proof")))
        .with_columns(
            pl.lit("absent_from_release").alias("source"),
            pl.when(proof).then(pl.lit("confirmed")).otherwise(pl.lit("unconfirmed")).alias("state"),
            pl.when(proof).then(1).otherwise(2).alias("rank"),
        )
    )


def _next_after(codes: pl.DataFrame, releases: pl.DataFrame) -> pl.DataFrame:
    """Joins to each code the first of the releases after ``there_seq``."""
    return codes.sort("there_seq").join_asof(
        releases.sort("seq"),
        left_on="there_seq",
        right_on="seq",
        strategy="forward",
        allow_exact_matches=False,
    )
