"""Steps: each version next to the one before it, and the days on which a date in a version arrives.

Nothing here depends on a clock. A day has arrived when a capture speaks for it or for a later day, whether or
not that capture holds the record. So the same captures give the same steps, in whatever order they come.

Lives here: the steps. Does not live here: what a step means (``life.py``), and the versions themselves
(``history/versions.py``).
"""

import polars as pl

from ods_pipeline.history.columns import RECORD

# What a step has of a version. Every step has these columns twice.
RECORD_OF_STEP = (*RECORD, "known_from", "stamped_on")
# The dates whose arrival is an event, and how many days later the new state begins. Ends are inclusive.
ARRIVALS = {"operational_start": 0, "operational_end": 1, "legal_end": 1}


def first_release(captures: pl.DataFrame) -> pl.Expr:
    """Return the as-of date of the first release held, as a literal. Up to that day, nothing is a change."""
    return pl.lit(captures.filter(pl.col("kind") != "delta")["as_of"].min(), pl.Date)


def calendar(captures: pl.DataFrame) -> pl.DataFrame:
    """Return every day that a capture speaks for, with the day before it and its first capture.

    Returns:
        ``day``; ``before_day``, the row before; ``first_capture_id``, which is a release rather than a delta,
        then the first by id.
    """
    return (
        captures.sort("as_of", pl.col("kind") == "delta", "capture_id")
        .group_by("as_of", maintain_order=True)
        .agg(pl.col("capture_id").first().alias("first_capture_id"))
        .rename({"as_of": "day"})
        .with_columns(pl.col("day").shift(1).alias("before_day"))
    )


def steps_of(versions: pl.DataFrame, captures: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each pair of adjoining versions of a code. A gap between them makes no step.

    Args:
        versions: The versions, with ``RECORD_OF_STEP`` and ``gone_by`` of the version before (suffix
            ``_before``).
        captures: ``ord.captures``.

    Returns:
        ``ods_code``; ``day``, on which the later version was first seen; ``before_day``, the last day before
        it that any capture speaks for; ``capture_id, is_unstamped``; and ``RECORD_OF_STEP`` of
        both versions (suffix ``_before`` for the earlier).
    """
    adjoining = pl.col("known_from_before").is_not_null() & pl.col("gone_by_before").is_null()
    return (
        versions.filter(adjoining)
        .with_columns(pl.col("known_from").alias("day"))
        .join(calendar(captures).select("day", "before_day"), on="day", how="left")
        .select(
            "ods_code",
            "day",
            "before_day",
            "capture_id",
            "is_unstamped",
            *RECORD_OF_STEP,
            *(f"{c}_before" for c in RECORD_OF_STEP),
        )
    )


def arrivals_of(versions: pl.DataFrame, captures: pl.DataFrame) -> pl.DataFrame:
    """Return the steps within a version: the days on which one of its dates arrives.

    Returns:
        The columns of ``steps_of``. Both sides are the same version.
    """
    days = calendar(captures)
    arriving = (
        versions.lazy()
        .unpivot(on=list(ARRIVALS), index=["ods_code", "known_from", "known_to"], value_name="arrival")
        .with_columns(
            pl.col("arrival").dt.offset_by(
                pl.col("variable").replace_strict({n: f"{d}d" for n, d in ARRIVALS.items()})
            )
        )
        .filter(pl.col("arrival") > pl.col("known_from"), pl.col("arrival") <= days["day"].max())
        .sort("arrival")
        .join_asof(days.lazy(), left_on="arrival", right_on="day", strategy="forward", coalesce=False)
        .filter(pl.col("known_to").is_null() | (pl.col("day") < pl.col("known_to")))
        .select("ods_code", "known_from", "day", "before_day", "first_capture_id")
        .unique()
        .collect()
    )
    return arriving.join(versions.drop("capture_id"), on=["ods_code", "known_from"]).select(
        "ods_code",
        "day",
        "before_day",
        pl.col("first_capture_id").alias("capture_id"),
        pl.lit(False).alias("is_unstamped"),
        *RECORD_OF_STEP,
        *(pl.col(c).alias(f"{c}_before") for c in RECORD_OF_STEP),
    )
