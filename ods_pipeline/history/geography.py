"""How many relationships of a type hold on a day, from the versions of history. Pure functions.

Lives here: reading relationships over time for the check of RE5. Does not live here: the check
(``checks/register.py``).
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from ods_pipeline.schema.codes import Relationship


def known_on(day: date) -> pl.Expr:
    """Return the condition that a version is the known one on a day.

    ``known_from`` is inclusive, ``known_to`` exclusive.
    """
    return (pl.col("known_from") <= day) & (pl.col("known_to") > day).fill_null(True)


def open_links(relationships: pl.LazyFrame, rel_id: str, day: date) -> int:
    """Count the relationships of a type that hold on a day by their operational dates (end inclusive)."""
    start, end = pl.col("operational_start"), pl.col("operational_end")
    holds = (start <= day) & (end.is_null() | (end >= day))
    return relationships.filter((pl.col("rel_id") == rel_id) & holds).select(pl.len()).collect().item()


def open_geography_links(frames: Mapping[str, pl.DataFrame]) -> list[tuple[date, int]]:
    """Count the open RE5 on the PublicationDate of each of the two newest releases, as known on that day.

    Args:
        frames: ``captures`` and ``history.relationships``.

    Returns:
        PublicationDate and count, in order of date; shorter if fewer releases are held.
    """
    releases = frames["captures"].filter(pl.col("kind") == "full").sort("publication_date").tail(2)
    versions = frames["history.relationships"].lazy()
    return [
        (day, open_links(versions.filter(known_on(day)), Relationship.IN_GEOGRAPHY_OF.value, day))
        for day in releases["publication_date"]
    ]
