"""Which codes are gone, and how that is known: by a notice, by absence from a release, or by a 404.

One source that is silent never makes a code gone: every rule here names what would contradict it. The same
evidence ends the versions of a code (``presence.py``). So a code that was ever held has a confirmed deletion
if and only if it has no current version.

Lives here: the table ``deletions``. Does not live here: the events ``deleted`` (``changes/gone.py``).
"""

import polars as pl

from ods_pipeline.history.observations import Observed
from ods_pipeline.history.presence import notices_of_deletion, releases_after
from ods_pipeline.schema import TABLES

# The kinds of evidence, the strongest first. The first two confirm a deletion.
_NOTICE, _ABSENT, _UNPROVEN, _GONE = range(4)


def deletions_of(observed: Observed) -> pl.DataFrame:
    """Return the rows of the table ``deletions``, one for each code that is gone.

    A code is gone if a notice names it and no later capture contradicts the notice, if the newest release
    and everything after it lack the code, or if the API no longer has it (a 404, unconfirmed).
    """
    last = _last_seen(observed)
    never_held = pl.col("last_seq").is_null()
    # A code that is seen after a notice came back. On the day of the notice itself, only a fetch that did not
    # come before the notice contradicts it: its place shows which came first.
    notified = (
        notices_of_deletion(observed)
        .join(last, on="ods_code", how="left")
        .filter(never_held | (2 * pl.col("last_seq") < pl.col("place")))
        .with_columns(pl.lit(_NOTICE).alias("rank"))
    )
    gone = (
        observed.notices.filter(pl.col("source") == "gone_from_api")
        .join(last, on="ods_code", how="left")
        .filter(never_held | (pl.col("last_seq") < pl.col("seq")))
        .with_columns(pl.lit(_GONE).alias("rank"))
    )
    after = releases_after(observed)
    absent = (
        last.with_columns(after[c].gather(last["last_seq"]) for c in after.columns)
        .filter(pl.col("absent_on").is_not_null() & pl.col("name").is_not_null())
        .with_columns(
            pl.col("absent_on").alias("deleted_on"),
            pl.lit("absent_from_release").alias("source"),
            pl.when(pl.col("proof_seq").is_not_null()).then(_ABSENT).otherwise(_UNPROVEN).alias("rank"),
        )
    )
    rows = pl.concat([notified, absent, gone], how="diagonal_relaxed").with_columns(
        pl.when(pl.col("rank") <= _ABSENT)
        .then(pl.lit("confirmed"))
        .otherwise(pl.lit("unconfirmed"))
        .alias("state"),
        pl.coalesce("last_role", "primary_role_id").alias("primary_role_id"),
    )
    return (
        # If two notices have one day, that of ORD counts: it has a reason.
        rows.sort(
            "ods_code", "rank", "deleted_on", "source", descending=[False, False, True, True], nulls_last=True
        )
        .unique("ods_code", keep="first", maintain_order=True)
        .select(TABLES["deletions"].columns)
        .cast(pl.Schema(TABLES["deletions"].dtypes))
    )


def _last_seen(observed: Observed) -> pl.DataFrame:
    """Return ``ods_code, last_seq, name, last_role``: when each code was seen last.

    ``last_seq`` counts records that were set aside too. ``name`` and ``last_role`` come from the newest
    record that was not set aside; they are null if there is none.
    """
    seen = (
        observed.runs.sort("ods_code", "seq_last")
        .unique("ods_code", keep="last", maintain_order=True)
        .select(
            "ods_code", pl.col("seq_last").alias("seq"), "name", pl.col("primary_role_id").alias("last_role")
        )
    )
    aside = (
        observed.quarantined.filter(pl.col("ods_code").is_not_null())
        .group_by("ods_code")
        .agg(pl.col("seq").max().alias("aside_seq"))
    )
    return seen.join(aside, on="ods_code", how="full", coalesce=True).select(
        "ods_code", pl.max_horizontal("seq", "aside_seq").alias("last_seq"), "name", "last_role"
    )
