"""The two kinds of partition: releases by their date, deltas by their LastChangeDate stamp."""

from datetime import date, datetime, timedelta

import dagster as dg

from ods_pipeline.defs.keys import RELEASES
from ods_pipeline.sources.clock import UK

# Used until a release is held: deltas are useless before.
FIRST_STAMP = date(2026, 1, 1)
_RANGE_START, _RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"

releases = dg.DynamicPartitionsDefinition(name=RELEASES)


def stamps(first: date, last: date, *, is_sample: bool = False) -> dg.DailyPartitionsDefinition:
    """Return one partition per stamp, from ``first`` to today (UK), or to ``last`` if that is later.

    Today is included (``end_offset=1``): the midnight checker stamps records with today. The stamps of the
    sample end with ``last``: nobody asks for a later one.
    """
    today = datetime.now(UK).date()
    if is_sample and last < today:
        after = last + timedelta(days=1)
        return dg.DailyPartitionsDefinition(
            start_date=first.isoformat(), end_date=after.isoformat(), timezone=UK.key
        )
    ahead = max(0, (last - today).days)
    return dg.DailyPartitionsDefinition(start_date=first.isoformat(), timezone=UK.key, end_offset=1 + ahead)


def range_tags(first: str, last: str) -> dict[str, str]:
    """Return the tags of a run that covers a range of partitions, both keys inclusive."""
    return {_RANGE_START: first, _RANGE_END: last}
