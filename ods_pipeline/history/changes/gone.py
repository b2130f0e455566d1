"""Codes that leave the register, and records that move to the archive file.

Lives here: the events ``deleted`` and ``archived``. Does not live here: which codes are gone, and how that is
known (``history/deletions.py``, ``history/presence.py``).
"""

import polars as pl

from ods_pipeline.history.changes.event import events
from ods_pipeline.history.columns import NOTICE_SOURCES
from ods_pipeline.history.tables import release_files
from ods_pipeline.schema.sorting import sorted_by


def deletions(
    versions: pl.DataFrame, notices: pl.DataFrame, captures: pl.DataFrame, current: pl.DataFrame
) -> pl.DataFrame:
    """Return the events ``deleted``: the end of every last version before a gap, and unconfirmed deletions.

    A code whose deletion is unconfirmed keeps its current version. ``field`` shows how the deletion is known,
    and ``new_value`` whether it is confirmed.

    Args:
        versions: ``history.organisations``.
        notices: ``history.notices``.
        captures: ``ord.captures``.
        current: ``ord.deletions``.
    """
    # Both lists may have a notice: the one that came first counts, so that a second list makes no event.
    first = (
        notices.filter(pl.col("source").is_in(NOTICE_SOURCES))
        .sort("ods_code", "deleted_on", "capture_id", "source", descending=[False, False, False, True])
        .unique(["ods_code", "deleted_on"], keep="first", maintain_order=True)
        .select("ods_code", "deleted_on", pl.col("source").alias("noticed_by"))
    )
    ended = versions.filter(pl.col("gone_by").is_not_null()).select(
        "ods_code",
        "name",
        pl.col("known_to").alias("deleted_on"),
        "gone_by",
        pl.lit("confirmed").alias("state"),
    )
    ended = ended.join(first, on=["ods_code", "deleted_on"], how="left").with_columns(
        pl.when(pl.col("gone_by") == "absent")
        .then(pl.lit("absent_from_release"))
        .otherwise("noticed_by")
        .alias("source")
    )
    held = versions.select("ods_code", "known_to").filter(pl.col("known_to").is_null())
    unconfirmed = current.filter(pl.col("state") == "unconfirmed").join(held, on="ods_code", how="semi")
    columns = ["ods_code", "name", "deleted_on", "source", "state"]
    gone = pl.concat([ended.select(columns), unconfirmed.select(columns)])
    brought = notices.select("ods_code", "deleted_on", "source", "capture_id")
    releases = release_files(captures).filter(pl.col("published_in") == "full")
    rows = (
        gone.join(brought, on=["ods_code", "deleted_on", "source"], how="left")
        .join(releases.select(pl.col("as_of").alias("deleted_on"), "release_id"), on="deleted_on", how="left")
        .with_columns(pl.coalesce("capture_id", "release_id").alias("capture_id"))
        .join(captures.select("capture_id", pl.col("as_of").alias("day")), on="capture_id", how="left")
        .with_columns(pl.lit(None, pl.Date).alias("stamped_on"), pl.lit(False).alias("is_unstamped"))
    )
    return events(
        rows,
        "deleted",
        field=pl.col("source"),
        effective=pl.col("deleted_on"),
        old="name",
        new="state",
    )


def archivings(observations: pl.DataFrame, captures: pl.DataFrame) -> pl.DataFrame:
    """Return the events ``archived``: a record moved from the full file to the archive file.

    The two files belong to adjoining releases among those that have the record. Its content may be unchanged.
    """
    columns = ("ods_code", "as_of", "published_in", "capture_id")
    seen = observations.filter(~pl.col("is_delta") & ~pl.col("ref_only")).select(columns)
    # In order of code, the row before belongs to the same code or to another: cheaper than a window.
    same_code = pl.col("ods_code") == pl.col("ods_code").shift(1)
    rows = (
        sorted_by(seen, ["ods_code", "as_of"])
        .with_columns(pl.when(same_code).then(pl.col("published_in").shift(1)).alias("published_before"))
        .filter((pl.col("published_in") == "archive") & (pl.col("published_before") == "full"))
        .join(release_files(captures), on=["as_of", "published_in"], how="left")
        .with_columns(
            pl.coalesce("release_id", "capture_id").alias("capture_id"),
            pl.col("as_of").alias("day"),
            pl.lit(False).alias("is_unstamped"),
            pl.lit(None, pl.Date).alias("stamped_on"),
        )
    )
    return events(rows, "archived", field="published_in", old="published_before", new="published_in")
