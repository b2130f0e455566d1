"""Which stamps are to be asked for. Pure functions of what is held and of today."""

from collections.abc import Iterable
from datetime import date, timedelta

from ods_pipeline.errors import OdsError

# The API tells what changed since a date at most 185 days back; one day is left for the time zone.
LONGEST_GAP = 184
# A record stamped D can be edited again during D and come out on D+1 still stamped D; one day more is safe.
SETTLED_AFTER = 2

Window = tuple[date, date]


def due_window(published: date, asked: Iterable[tuple[date, date, date]], today: date) -> Window | None:
    """The stamps to ask for today, first and last inclusive; None if today's asking is done.

    ``published`` is the newest release's PublicationDate; ``asked`` holds the first and last stamp
    (inclusive) and the as-of date of each fetch held. A stamp is settled once it was asked for two days
    later or more: on an ordinary day the last three stamps are due, and after missed days more.
    Raises OdsError if the first is more than 184 days ago.
    """
    fetches = list(asked)
    first = _first(published, today, fetches)
    if any(as_of >= today and start <= first and end >= today for start, end, as_of in fetches):
        return None
    if (today - first).days > LONGEST_GAP:
        raise OdsError(
            f"the changes since {first} are wanted, and the ORD API tells those of {LONGEST_GAP} days only",
            do="Take the next release first: ods-pipeline build --release latest",
        )
    return first, today


def _first(published: date, today: date, fetches: list[tuple[date, date, date]]) -> date:
    settled: set[date] = set()
    for start, end, as_of in fetches:
        last = min(end, as_of - timedelta(days=SETTLED_AFTER))
        settled.update(start + timedelta(days=n) for n in range((last - start).days + 1))
    day = min(published, today)
    while day in settled and day < today:
        day += timedelta(days=1)
    return min(day, max(published, today - timedelta(days=SETTLED_AFTER)))


def days_between(window: Window) -> list[date]:
    """Every day of a window."""
    return [window[0] + timedelta(days=n) for n in range((window[1] - window[0]).days + 1)]
