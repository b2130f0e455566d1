"""Relationships that changed although no organisation got a new stamp: a question that is asked once a week.

Lives here: when it is asked, and whose relationships they are. Does not live here: asking (``changes.py``).

The daily question goes by the stamps of organisations. Whether ODT stamps an organisation when one of its
relationships changes is not documented. ``_lastUpdated`` is the time at which the store changed a resource:
an affiliation that it changed, while its organisation has an older stamp, is a change that nobody stamped,
and the organisation is then asked for by its code.
"""

import json
from datetime import date, timedelta

from ods_pipeline.sources.due import SETTLED_AFTER, Window
from ods_pipeline.sources.odt import terms
from ods_pipeline.sources.odt.answers import resources
from ods_pipeline.sources.odt.names import AFFILIATION
from ods_pipeline.sources.odt.pages import names
from ods_pipeline.sources.odt.relationships import source_of
from ods_pipeline.sources.protocol import HeldPages

# Groups of pages: the affiliations that were changed, and the code system's entries of their organisations.
TOUCHED, TERMS_OF_TOUCHED = "touched", "terms-of-touched"
# A load that rewrites every resource proves nothing; an ordinary week changes far fewer.
MOST = 20_000
_WEEK, _SUNDAY = timedelta(days=7), 6


def first_day_due(window: Window) -> date | None:
    """Return the first day from which changed relationships are asked for; None if the question is not due.

    It is due on Sundays, and after missed days, one of which may have been a Sunday. ``window`` has the
    stamps asked for, both inclusive.
    """
    first, last = window
    is_ordinary = (last - first).days <= SETTLED_AFTER
    if is_ordinary and last.weekday() != _SUNDAY:
        return None
    return min(first, last - _WEEK)


def sources_of_touched(held: HeldPages) -> list[str]:
    """Return the organisations whose records have the changed relationships, sorted."""
    codes = {
        code
        for name in names(held, TOUCHED)
        for affiliation in resources(json.loads(held.read(name)), AFFILIATION)
        if (code := source_of(affiliation)) is not None
    }
    return sorted(codes)


def unstamped(window: Window, held: HeldPages) -> list[str]:
    """Return those that have no stamp within the window, sorted: no daily question finds them."""
    since = first_day_due(window)
    if since is None or not names(held, TOUCHED):
        return []
    pages = (json.loads(held.read(name)) for name in names(held, TERMS_OF_TOUCHED))
    known = terms.terms(pages)
    stamps = {code: (known[code].stamp or "") if code in known else "" for code in sources_of_touched(held)}
    return [code for code, stamp in stamps.items() if stamp <= since.isoformat()]
