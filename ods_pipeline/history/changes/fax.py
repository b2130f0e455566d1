"""Which apparent changes of fax numbers no record supports.

The API may leave out a fax number that TRUD has, so a JSON record without one proves nothing. That an
organisation has no fax is known only if the newest record of it that could show one (a record from XML, or
one with a fax) had none.

Lives here: which changes of contacts are left out. Does not live here: the events of contacts
(``record.py``), and the content that history keeps (``history/silence.py``).
"""

import polars as pl

from ods_pipeline.history.changes.event import DAY
from ods_pipeline.history.changes.rows import STEP
from ods_pipeline.history.columns import IDENTITY
from ods_pipeline.schema.identity import is_another_organisation


def unsupported(changed: pl.DataFrame, observations: pl.DataFrame, captures: pl.DataFrame) -> pl.DataFrame:
    """Return the changes of fax numbers of which one side is not known.

    Args:
        changed: Changes of contacts: ``contact_type, old, new`` (null for none) and the columns of the step.
        observations: ``history.observations``.
        captures: ``ord.captures``.

    Returns:
        ``ods_code, day, contact_type`` of these changes.
    """
    fax = changed.filter(pl.col("contact_type") == "fax")
    sides = {"old": ("_before", pl.col("day") - DAY), "new": ("", pl.col("day"))}
    unknown = []
    for value, (suffix, until) in sides.items():
        identity = [pl.col(f"{c}{suffix}").alias(c) for c in IDENTITY]
        silent = fax.filter(pl.col(value).is_null()).select(
            *STEP, "contact_type", *identity, until.alias("until")
        )
        newest = _newest_with_fax_known(silent, observations, captures)
        supported = silent.join(newest, on=STEP).filter(~is_another_organisation("_then"))
        unknown.append(silent.join(supported, on=STEP, how="anti").select(*STEP, "contact_type"))
    return pl.concat(unknown)


def _newest_with_fax_known(
    steps: pl.DataFrame, observations: pl.DataFrame, captures: pl.DataFrame
) -> pl.DataFrame:
    """Return, for each step, the newest complete record up to ``until`` that shows whether there is a fax.

    Returns:
        ``ods_code, day``, and the columns ``IDENTITY`` with the suffix ``_then``.
    """
    shows_fax = ~pl.col("ref_only") & (pl.col("is_xml") | pl.col("fax_hash").is_not_null())
    releases = captures.filter(pl.col("kind") != "delta").select(pl.col("as_of").alias("last_release"))
    # A run over releases was last seen in its newest release up to that day.
    seen_on = pl.min_horizontal("as_of_last", pl.when(~pl.col("is_delta")).then("last_release"))
    return (
        steps.select(*STEP, "until")
        .sort("until")
        .join_asof(
            releases.unique().sort("last_release"),
            left_on="until",
            right_on="last_release",
            coalesce=False,
        )
        .join(observations.filter(shows_fax), on="ods_code")
        .filter(pl.col("as_of") <= pl.col("until"))
        .with_columns(seen_on.alias("seen_on"))
        .sort(*STEP, "seen_on", "is_delta", "capture_id")
        .unique(STEP, keep="last", maintain_order=True)
        .select(*STEP, *(pl.col(c).alias(f"{c}_then") for c in IDENTITY))
    )
