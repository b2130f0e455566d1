"""Which changes of fax numbers nobody has stated.

The API may leave out a fax that TRUD has, so a JSON record without one says nothing. That there is none is
known only if the newest record of the body that could say so (from XML, or with a fax) had none.
"""

import polars as pl

from ods_pipeline.history.changes.event import DAY
from ods_pipeline.history.changes.rows import STEP
from ods_pipeline.schema.identity import is_another_organisation

_BODY = ("name", "operational_start", "primary_role_id")


def unstated(changed: pl.DataFrame, observations: pl.DataFrame, captures: pl.DataFrame) -> pl.DataFrame:
    """``ods_code, day, contact_type`` of the changes of fax numbers with a side that nobody knew. ``changed``
    are changes of contacts (``contact_type, old, new``, null for none) with the columns of their steps."""
    fax = changed.filter(pl.col("contact_type") == "fax")
    sides = {"old": ("_before", pl.col("day") - DAY), "new": ("", pl.col("day"))}
    found = []
    for value, (suffix, until) in sides.items():
        body = [pl.col(f"{c}{suffix}").alias(c) for c in _BODY]
        silent = fax.filter(pl.col(value).is_null()).select(
            *STEP, "contact_type", *body, until.alias("until")
        )
        spoke = _newest_that_spoke(silent, observations, captures)
        of_it = silent.join(spoke, on=STEP).filter(~is_another_organisation("_then"))
        found.append(silent.join(of_it, on=STEP, how="anti").select(*STEP, "contact_type"))
    return pl.concat(found)


def _newest_that_spoke(
    asked: pl.DataFrame, observations: pl.DataFrame, captures: pl.DataFrame
) -> pl.DataFrame:
    """Of each step the newest complete record up to the day ``until`` that could say whether there is a fax:
    ``ods_code, day``, and _BODY with the suffix ``_then``."""
    can_say = ~pl.col("ref_only") & (pl.col("is_xml") | pl.col("fax_hash").is_not_null())
    releases = captures.filter(pl.col("kind") != "delta").select(pl.col("as_of").alias("last_release"))
    # A run of equal observations over releases has last been seen in the newest of them up to that day.
    seen_on = pl.min_horizontal("as_of_last", pl.when(~pl.col("is_delta")).then("last_release"))
    return (
        asked.select(*STEP, "until")
        .sort("until")
        .join_asof(
            releases.unique().sort("last_release"),
            left_on="until",
            right_on="last_release",
            coalesce=False,
        )
        .join(observations.filter(can_say), on="ods_code")
        .filter(pl.col("as_of") <= pl.col("until"))
        .with_columns(seen_on.alias("seen_on"))
        .sort(*STEP, "seen_on", "is_delta", "capture_id")
        .unique(STEP, keep="last", maintain_order=True)
        .select(*STEP, *(pl.col(c).alias(f"{c}_then") for c in _BODY))
    )
