"""Steps: a version beside the one before it, and the days on which dates in a version arrive.

Nothing here depends on a clock. A day has come when a capture speaks for it or for a later one, whether or
not that capture holds the record: so the same captures give the same steps, in whatever order they arrive.
"""

import polars as pl

# What a version says of its body and where it comes from; every step has it twice.
BODY = (
    "name",
    "record_class",
    "status",
    "ref_only",
    "primary_role_id",
    "legal_start",
    "legal_end",
    "operational_start",
    "operational_end",
    "address_line_1",
    "address_line_2",
    "address_line_3",
    "town",
    "county",
    "postcode",
    "country",
    "uprn",
    "assigning_authority",
    "known_from",
)
# The dates whose arrival is an event, with how many days after them the new state begins.
ARRIVALS = {"operational_start": 0, "operational_end": 1, "legal_end": 1}


def first_release(captures: pl.DataFrame) -> pl.Expr:
    """The as-of date of the first release held, as a literal: of that day and before, nothing is news."""
    return pl.lit(captures.filter(pl.col("kind") != "delta")["as_of"].min(), pl.Date)


def calendar(captures: pl.DataFrame) -> pl.DataFrame:
    """``day, before_day, first_capture_id``: every day that some capture speaks for, the one before it, and
    the capture of that day that counts first (a release before a delta, then by id)."""
    return (
        captures.sort("as_of", pl.col("kind") == "delta", "capture_id")
        .group_by("as_of", maintain_order=True)
        .agg(pl.col("capture_id").first().alias("first_capture_id"))
        .rename({"as_of": "day"})
        .with_columns(pl.col("day").shift(1).alias("before_day"))
    )


def steps_of(versions: pl.DataFrame, captures: pl.DataFrame) -> pl.DataFrame:
    """One row a pair of adjoining versions of a code. ``versions`` hold the columns of BODY twice, with the
    suffix ``_before`` those of the version before, and ``gone_by_before``.

    Columns: ``ods_code, day`` (on which it was seen), ``before_day`` (the last day before it that any
    capture speaks for), ``capture_id, stamped_on, is_unstamped``, and BODY of the version, with the suffix
    ``_before`` of the one before. A code that was gone in between makes no step.
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
            "stamped_on",
            "is_unstamped",
            *BODY,
            *(f"{c}_before" for c in BODY),
        )
    )


def arrivals_of(versions: pl.DataFrame, captures: pl.DataFrame) -> pl.DataFrame:
    """Steps within a version: the days on which one of its dates has come. Columns as of ``steps_of``; both
    sides are the same version."""
    days = calendar(captures)
    arriving = (
        versions.lazy()
        .unpivot(on=list(ARRIVALS), index=["ods_code", "known_from", "known_to"], value_name="come")
        .with_columns(
            pl.col("come").dt.offset_by(
                pl.col("variable").replace_strict({n: f"{d}d" for n, d in ARRIVALS.items()})
            )
        )
        .filter(pl.col("come") > pl.col("known_from"), pl.col("come") <= days["day"].max())
        .sort("come")
        .join_asof(days.lazy(), left_on="come", right_on="day", strategy="forward", coalesce=False)
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
        "stamped_on",
        pl.lit(False).alias("is_unstamped"),
        *BODY,
        *(pl.col(c).alias(f"{c}_before") for c in BODY),
    )
