"""The day or month that the name of a file has, as people in Britain write it."""

import re
from calendar import monthrange
from datetime import date

_DAY_IN_NAME = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)")
# The same as people in Britain write it: 29-11-2026.
_DAY_FIRST = re.compile(r"(?<!\d)(0[1-9]|[12]\d|3[01])[-_.]?(0[1-9]|1[0-2])[-_.]?(20\d\d)(?!\d)")
# And with the name of the month: 29 Nov 2026, November-2026, Nov26.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july"),
            *("aug august", "sep sept september", "oct october", "nov november", "dec december"),
        ),
        1,
    )
    for name in names.split()
}
_MONTH_IN_WORDS = re.compile(
    r"(?i)(?:(?<!\d)([0-3]?\d)(?:st|nd|rd|th)?[-_. ]?)?(?<![a-z])"
    rf"({'|'.join(_MONTHS)})[-_. ]?((?:20)?\d\d)(?!\d)"
)


def days_in(name: str) -> tuple[date | None, date | None]:
    """Return the first and last day that a date or month in a name can mean; None where there is none.

    A date is 2026-11-29, 20261129, 29-11-2026 or 29 Nov 2026, a month 2026-11 or November 2026.
    """
    if day_first := _DAY_FIRST.search(name):
        number, month, year = map(int, day_first.groups())
    elif words := _MONTH_IN_WORDS.search(name):
        number, year = int(words[1] or 0), 2000 + int(words[3][-2:])
        month = _MONTHS[words[2].lower()]
    elif year_first := _DAY_IN_NAME.search(name):
        year, month, number = int(year_first[1]), int(year_first[2]), int(year_first[3] or 0)
    else:
        return None, None
    if number == 0:
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    try:
        day = date(year, month, number)
    except ValueError:
        return None, None
    return day, day
