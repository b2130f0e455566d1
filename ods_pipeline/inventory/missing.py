"""Which days are missing: stamps that no fetch asked for. Pure functions.

Does not live here: which stamps a run asks for (``due.py``, ``sources/due.py``).
"""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from ods_pipeline.inventory.aside import is_unsettled
from ods_pipeline.sources.due import Window, days_between


def missing_stamps(captures: pl.DataFrame) -> list[date]:
    """Return the LastChangeDate stamps that no fetch asked for.

    They count from the newest release's PublicationDate to the newest delta's as-of date, both inclusive.
    A fetch of which a good part was set aside counts as not asked. Empty without deltas or without a release.
    """
    every = captures.filter(pl.col("kind") == "delta")
    deltas = every.filter(~is_unsettled())
    releases = captures.filter(pl.col("kind") == "full")
    if every.is_empty() or releases.is_empty():
        return []
    first, last = releases["publication_date"].max(), every["as_of"].max()
    assert isinstance(first, date) and isinstance(last, date)
    covered: set[date] = set()
    for start, end in deltas.select("stamps_from", "stamps_to").iter_rows():
        covered.update(start + timedelta(days=n) for n in range((end - start).days + 1))
    span = last.toordinal() - first.toordinal()
    return [d for n in range(span + 1) if (d := first + timedelta(days=n)) not in covered]


def missing_days(window: Window, fetched: Sequence[tuple[date, date]]) -> list[date]:
    """Return the days of a window that no fetch asked for; all intervals include both ends."""
    return [d for d in days_between(window) if not any(start <= d <= end for start, end in fetched)]


def ranges_without(window: Window, missing: Sequence[date]) -> list[Window]:
    """Return the ranges of a window that remain without the missing days; all ends are inclusive."""
    ranges: list[Window] = []
    left_out = set(missing)
    for day in days_between(window):
        if day in left_out:
            continue
        if ranges and ranges[-1][1] == day - timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges
