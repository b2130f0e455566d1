"""Events of roles and successions.

Lives here: the events of these two tables. Does not live here: relationships, whose ends and beginnings make
moves (``links.py``), and which rows began or ended (``rows.py``).
"""

import polars as pl

from ods_pipeline.history.changes.event import events, next_day
from ods_pipeline.history.changes.rows import STEP, changed_rows, listed_differences, with_same_before
from ods_pipeline.history.columns import DATES

RECORDED = {"Successor": "successor_recorded", "Predecessor": "predecessor_recorded"}


def roles(steps: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return ``role_added``, ``role_ended``, and ``dates_corrected`` for the other dates of a role.

    A primary role that replaces another makes no event here: ``primary_role_changed`` reports it. A stub
    states its primary role only, so roles that a complete record adds to a stub are not changes.

    Args:
        steps: The steps, with the flags of ``with_phases``.
        before: The roles of the earlier versions.
        after: The roles of the later versions.
    """
    rows = changed_rows(steps, before, after, "unique_role_id")
    primary_changed = pl.col("own_role").ne_missing(pl.col("own_role_before"))
    swapped = primary_changed & pl.coalesce("is_primary", "is_primary_before")
    rows = with_same_before(rows, before, ["role_id"]).filter(~pl.col("was_stub"), ~swapped)
    new = rows.filter(pl.col("begun") & ~(pl.col("organisation_reopens") & pl.col("had_same")))
    # A row that is removed after its end was only tidied away: nothing ends.
    ended = rows.filter((pl.col("ended") & ~pl.col("follows")) | pl.col("stopped"))
    gone, tidied = (rows.filter(pl.col("gone") & over) for over in (~pl.col("over"), pl.col("over")))
    dated = rows.filter(pl.col("dated") & ~pl.col("follows"))
    after_ids = {"role_id": "role_id", "unique_role_id": "unique_role_id"}
    before_ids = {"role_id": "role_id_before", "unique_role_id": "unique_role_id"}
    changes = listed_differences(DATES)
    return pl.concat(
        [
            events(new, "role_added", effective=pl.col("start"), new="role_id", about=after_ids),
            events(ended, "role_ended", effective=next_day("end"), old="role_id", about=after_ids),
            events(gone, "role_ended", field="removed", old="role_id_before", about=before_ids),
            events(tidied, "record_changed", field="removed", old="role_id_before", about=before_ids),
            events(dated, "dates_corrected", **changes, about=after_ids),
        ]
    )


def successions(steps: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return ``successor_recorded`` and ``predecessor_recorded``, for the code whose record has the entry.

    An entry whose day moved makes ``dates_corrected``, an entry that was removed ``succession_removed``.

    Args:
        steps: The steps.
        before: The successions of the earlier versions.
        after: The successions of the later versions.
    """
    key = [*STEP, "succession_type", "target_ods_code"]
    days = pl.col("legal_start").sort()
    old, new = (rows.group_by(key).agg(days.alias(name)) for rows, name in ((before, "old"), (after, "new")))
    complete = steps.filter(~pl.col("ref_only_before"))
    context = complete.select(*STEP, "stamped_on", "capture_id", "is_unstamped")
    rows = (
        old.join(new, on=key, how="full", coalesce=True)
        .filter(pl.col("old").ne_missing(pl.col("new")))
        .join(context, on=STEP)
        .with_columns(
            pl.col("old").list.first().alias("old_day"),
            pl.col("new").list.first().alias("new_day"),
            *(pl.col(c).cast(pl.List(pl.String)).list.join(", ").alias(f"{c}_days") for c in ("old", "new")),
        )
    )
    related = {"related_code": "target_ods_code"}
    added = rows.filter(pl.col("old").is_null())
    removed = rows.filter(pl.col("new").is_null())
    moved = rows.filter(pl.col("old").is_not_null() & pl.col("new").is_not_null())
    kind = pl.col("succession_type").replace_strict(RECORDED, return_dtype=pl.String)
    side = pl.col("succession_type")
    return pl.concat(
        [
            events(added, kind, effective=pl.col("new_day"), about=related),
            events(removed, "succession_removed", field=side, old="target_ods_code", about=related),
            events(moved, "dates_corrected", field=side, old="old_days", new="new_days", about=related),
        ]
    )
