"""Which delta source a run asks. A new source is registered here.

Lives here: the choice. Does not live here: the fetch itself (``fetch.py``), the sources (``ord/``, ``odt/``).

Nobody has to choose. The ORD API is asked, and ODT where only that can be: if its key is the only one given,
if the ORD API gives no answer, and if changes of more than 184 days are needed. Each of them is printed.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.due import LONGEST_GAP, SETTLED_AFTER, Window
from ods_pipeline.sources.fetch import close_stale_fetches, fetch_changes
from ods_pipeline.sources.odt.source import OdtSource
from ods_pipeline.sources.ord.hours import maintenance_ends
from ods_pipeline.sources.ord.source import OrdSource
from ods_pipeline.sources.protocol import DeltaSource
from ods_pipeline.sources.settings import Sources

_SOURCES: dict[str, Callable[[Sources], DeltaSource]] = {"ord": OrdSource, "odt": OdtSource}
# The title of each choice in messages.
TITLES = {"ord": "the ORD API", "odt": "the ODT API", "both": "the ORD API and the ODT API"}
log = logging.getLogger(__name__)


def open_source(sources: Sources, name: str | None = None) -> DeltaSource:
    """Return a new connection to a delta source: the one named, or the first of these settings. Close it."""
    return _SOURCES[name or chosen(sources)[0]](sources)


def chosen(sources: Sources, days: int = 0) -> tuple[str, ...]:
    """Return the sources to ask, in order.

    With ``both``, ODT is asked first: on one day the capture that came last counts, and that is ORD's.

    Args:
        sources: The settings.
        days: How many days back changes are needed.
    """
    if sources.deltas_from == "both":
        return "odt", "ord"
    if sources.deltas_from is not None:
        return (sources.deltas_from,)
    if sources.odt_key is not None and (sources.key is None or days > LONGEST_GAP):
        return ("odt",)
    return ("ord",)


def longest_gap(sources: Sources) -> int | None:
    """Return how many days back changes can be asked for; None without a limit. ODT has none."""
    return None if chosen(sources, LONGEST_GAP + 1)[0] == "odt" else LONGEST_GAP


def fetch_stamps(
    root: DataRoot, sources: Sources, window: Window, also: Mapping[str, str] | None = None
) -> list[Path]:
    """Fetch the stamps of ``window`` (both inclusive); see ``fetch.fetch_changes``.

    If nobody chose a source and the ORD API gives no answer, ODT is asked, provided that there is a key.
    """
    names = chosen(sources, (window[1] - window[0]).days)
    if sources.deltas_from is None and names == ("odt",):
        reason = (
            "its key is the only one given" if sources.key is None else f"{LONGEST_GAP} days are not enough"
        )
        log.warning("changes are fetched from the ODT API: %s", reason)
    folders: list[Path] = []
    for name in names:
        try:
            folders += _fetched(root, sources, name, window, also)
        except OdsError as error:
            if not _may_fall_back(sources, name):
                raise
            log.warning("%s gives no answer (%s): the ODT API is asked instead", TITLES[name], error.what)
            folders += _fetched(root, sources, "odt", window, also)
    return folders


def fetch_register(root: DataRoot, sources: Sources) -> list[Path]:
    """Fetch every record that ODT has, as of today (UK); see ``fetch.fetch_changes``.

    An unfinished fetch of today is resumed. ODT has no archived organisations, and leaves out the fields of
    ``schema/silence.py``.
    """
    today = uk_date(sources.clock.now())
    window = (today - timedelta(days=SETTLED_AFTER), today)
    log.warning(
        "the whole register is read from the ODT API, in 600 to 1,100 requests. It lacks archived "
        "organisations, which only a release from TRUD has"
    )
    return fetch_changes(
        root,
        lambda: OdtSource(sources, whole=True),
        window,
        clock=sources.clock,
        manners=sources.manners,
    )


def close_stale(root: DataRoot, sources: Sources) -> None:
    """Complete the unfinished fetches of earlier days; see ``fetch.close_stale_fetches``."""
    for name in _SOURCES:
        close_stale_fetches(root, lambda name=name: open_source(sources, name), sources.clock)


def _fetched(
    root: DataRoot, sources: Sources, name: str, window: Window, also: Mapping[str, str] | None
) -> list[Path]:
    return fetch_changes(
        root,
        lambda: open_source(sources, name),
        window,
        also,
        clock=sources.clock,
        manners=sources.manners,
    )


def _may_fall_back(sources: Sources, failed: str) -> bool:
    """Return whether ODT takes over. In the maintenance hours of ORD nothing is wrong: it is asked later."""
    is_closed = not sources.ignore_maintenance and maintenance_ends(sources.clock.now()) is not None
    return failed == "ord" and sources.deltas_from is None and sources.odt_key is not None and not is_closed
