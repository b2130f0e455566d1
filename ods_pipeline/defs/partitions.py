"""The two kinds of partition: releases by their date, deltas by their LastChangeDate stamp."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg

UK = ZoneInfo("Europe/London")
# Used until a release is held: deltas are of no use before there is one.
FIRST_STAMP = date(2026, 1, 1)

releases = dg.DynamicPartitionsDefinition(name="release")


def stamps(first: date, last: date) -> dg.DailyPartitionsDefinition:
    """One partition a stamp from ``first`` to today (UK), or to ``last`` if that is later.

    Today is included (``end_offset=1``): the midnight checker stamps records with today.
    """
    today = datetime.now(UK).date()
    ahead = max(0, (last - today).days)
    return dg.DailyPartitionsDefinition(
        start_date=first.isoformat(), timezone="Europe/London", end_offset=1 + ahead
    )
