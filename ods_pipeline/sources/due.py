"""Which stamps a run has to ask for. Pure functions of what is held and of today.

Lives here: windows of stamps. Does not live here: reading what is held (``inventory/held.py``).
"""

from collections.abc import Iterable
from datetime import date, timedelta

from ods_pipeline.errors import OdsError

# The ORD API lists changes since a date at most 185 days back; one day is left for the time zone.
LONGEST_GAP = 184
# A record stamped D can be edited again during D and come out on D+1 still stamped D; one day more is safe.
SETTLED_AFTER = 2

Window = tuple[date, date]


def due_window(
    published: date,
    fetched: Iterable[tuple[date, date, date]],
    today: date,
    *,
    longest_gap: int | None = LONGEST_GAP,
    title: str = "the ORD API",
) -> Window | None:
    """Return the stamps to ask for today, first and last inclusive; None if today's fetch is done.

    A stamp is settled once it was asked for two days later or more: on an ordinary day the last three stamps
    are due, and after missed days more. A fetch of a day that has not come was made by a wrong clock: it
    settles nothing.

    Args:
        published: The PublicationDate of the newest release.
        fetched: The first and last stamp (inclusive) and the as-of date of each fetch held.
        today: The UK date.
        longest_gap: How many days back the source lists changes; None without a limit.
        title: The source's name in messages.

    Raises:
        OdsError: The first stamp due is more than ``longest_gap`` days ago, or today is before the release.
    """
    if today < published:
        raise OdsError(
            f"by the clock it is {today} in the UK, but the newest release was published {published}",
            do="Set the machine's clock, or remove that release if its PublicationDate is wrong",
        )
    fetches = [fetch for fetch in fetched if fetch[2] <= today]
    first = _first(published, today, fetches)
    if any(as_of >= today and start <= first and end >= today for start, end, as_of in fetches):
        return None
    if longest_gap is not None and (today - first).days > longest_gap:
        raise OdsError(
            f"changes since {first} are needed, but {title} only goes back {longest_gap} days",
            do="Take the next release first: ods-pipeline build --release latest. ODT has no limit, if you "
            "have a key for it (ODS_ODT_API_KEY)",
        )
    return first, today


def _first(published: date, today: date, fetches: list[tuple[date, date, date]]) -> date:
    settled: set[date] = set()
    for start, end, as_of in fetches:
        last = min(end, as_of - timedelta(days=SETTLED_AFTER))
        settled.update(start + timedelta(days=n) for n in range((last - start).days + 1))
    day = published
    while day in settled and day < today:
        day += timedelta(days=1)
    return min(day, max(published, today - timedelta(days=SETTLED_AFTER)))


def days_between(window: Window) -> list[date]:
    """Return every day of a window, in order."""
    return [window[0] + timedelta(days=n) for n in range((window[1] - window[0]).days + 1)]
