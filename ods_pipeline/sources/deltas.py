"""Which delta source a run asks. A new source is registered here.

What lives here: the choice. What does not: the fetch itself (``fetch.py``), the sources (``ord/``).
"""

from collections.abc import Mapping
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.sources.due import Window
from ods_pipeline.sources.fetch import close_stale_fetches, fetch_changes
from ods_pipeline.sources.ord.source import OrdSource
from ods_pipeline.sources.protocol import DeltaSource
from ods_pipeline.sources.settings import Sources


def open_source(sources: Sources) -> DeltaSource:
    """A new connection to the delta source of these settings. The caller closes it."""
    return OrdSource(sources)


def fetch_stamps(
    root: DataRoot, sources: Sources, window: Window, also: Mapping[str, str] | None = None
) -> list[Path]:
    """Fetches the stamps of ``window`` (both inclusive); see ``fetch.fetch_changes``."""
    return fetch_changes(
        root, lambda: open_source(sources), window, also, clock=sources.clock, manners=sources.manners
    )


def close_stale(root: DataRoot, sources: Sources) -> None:
    """Completes the unfinished fetches of earlier days; see ``fetch.close_stale_fetches``."""
    close_stale_fetches(root, lambda: open_source(sources), sources.clock)
