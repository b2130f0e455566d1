"""Events of roles and successions."""

import polars as pl

from ods_pipeline.history.changes.event import events, next_day
from ods_pipeline.history.changes.rows import DATES, STEP, compared, listed, with_same_before

RECORDED = {"Successor": "successor_recorded", "Predecessor": "predecessor_recorded"}


def roles(steps: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """``role_added``, ``role_ended``, and ``dates_corrected`` for the other dates of a role. A primary role
    in place of another is told as ``primary_role_changed`` alone; a stub states its primary role only, so
    what a complete record adds to one is no news."""
    rows = compared(steps, before, after, "unique_role_id")
    primary_changed = pl.col("body_role").ne_missing(pl.col("body_role_before"))
    swapped = primary_changed & pl.coalesce("is_primary", "is_primary_before")
    rows = with_same_before(rows, before, ["role_id"]).filter(~pl.col("was_stub"), ~swapped)
    new = rows.filter(pl.col("begun") & ~(pl.col("body_reopens") & pl.col("had_same")))
    # A row that goes after its end is tidied up: nothing ends by it.
    ended = rows.filter((pl.col("ended") & ~pl.col("follows")) | pl.col("stopped"))
    gone, tidied = (rows.filter(pl.col("gone") & over) for over in (~pl.col("over"), pl.col("over")))
    dated = rows.filter(pl.col("dated") & ~pl.col("follows"))
    this = {"role_id": "role_id", "unique_role_id": "unique_role_id"}
    that = {"role_id": "role_id_before", "unique_role_id": "unique_role_id"}
    changes = listed(DATES)
    return pl.concat(
        [
            events(new, "role_added", effective=pl.col("start"), new="role_id", of=this),
            events(ended, "role_ended", effective=next_day("end"), old="role_id", of=this),
            events(gone, "role_ended", field="removed", old="role_id_before", of=that),
            events(tidied, "record_changed", field="removed", old="role_id_before", of=that),
            events(dated, "dates_corrected", **changes, of=this),
        ]
    )


def successions(steps: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """``successor_recorded`` and ``predecessor_recorded``, from the record that has the entry; its day moved
    is ``dates_corrected``, an entry that went ``succession_removed``."""
    what = ["succession_type", "target_ods_code"]
    key = [*STEP, *what]
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
            events(added, kind, effective=pl.col("new_day"), of=related),
            events(removed, "succession_removed", field=side, old="target_ods_code", of=related),
            events(moved, "dates_corrected", field=side, old="old_days", new="new_days", of=related),
        ]
    )
