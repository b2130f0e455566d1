"""The ORD API as a delta source: which of its questions make up a list of changes.

Lives here: names of pages, the order of questions within a list, and what proves the list complete. Does not
live here: the questions themselves (``client.py``), what a fetch does around them (``sources/fetch.py``).
"""

import logging
from collections.abc import Iterable, Iterator, Sequence

from ods_pipeline.errors import OdsError
from ods_pipeline.sources.due import Window
from ods_pipeline.sources.fields import FIELDS, Form, silent_by_form
from ods_pipeline.sources.ord.answers import linked_codes, listed_rows
from ods_pipeline.sources.ord.client import (
    NOTIFICATIONS,
    RECORD_CLASSES,
    RELS,
    ROLES,
    TITLE,
    OrdApi,
    organisation_path,
)
from ods_pipeline.sources.ord.hours import maintenance_ends
from ods_pipeline.sources.protocol import HeldPages, Page, Record, SourceChanged
from ods_pipeline.sources.settings import Sources

SYNC = "sync.json"
CODE_LISTS = {"roles.json": ROLES, "rels.json": RELS, "recordclasses.json": RECORD_CLASSES}
DELETIONS = {"notifications.json": NOTIFICATIONS}
log = logging.getLogger(__name__)


class OrdSource:
    """The ORD API of one set of sources, one record per request."""

    name, title = "ord", TITLE
    batch = 1
    last_page = SYNC
    needs_closing = False
    derives_records = reads_all = False

    def __init__(self, sources: Sources) -> None:
        self._clock, self._ignores_maintenance = sources.clock, sources.ignore_maintenance
        self._api = OrdApi(sources)
        self.address: str = sources.ord_url
        self.form: Form = sources.payload_format
        self.says: frozenset[str] = FIELDS - silent_by_form(self.form)

    def close(self) -> None:
        """End all waiting and asking."""
        self._api.close()

    def ensure_available(self) -> None:
        """Raise OdsError in the maintenance hours, unless they are to be ignored."""
        if not self._ignores_maintenance and maintenance_ends(self._clock.now()) is not None:
            raise OdsError(
                "from 17:00 to 19:00 UK time the ORD API is not asked: it may be down for maintenance",
                do="Run it again after 19:00, or with --ignore-maintenance-window",
            )

    def code_lists(self, held: HeldPages) -> Iterator[Page]:
        """Roles, relationships and record classes."""
        return self._lists(CODE_LISTS, held)

    def deletions(self, held: HeldPages) -> Iterator[Page]:
        """Return the notices of deletion."""
        return self._lists(DELETIONS, held)

    def changed(self, window: Window, held: HeldPages) -> Iterator[Page]:
        """Yield all search pages since the first stamp, then the sync list that proves them complete.

        Raises SourceChanged, which forgets the search pages, if the rows do not add up.
        """
        if held.has(SYNC):
            return
        since = window[0].isoformat()
        codes = {code for name in _search_pages(held) for code, _ in listed_rows(held.read(name))}
        total = held.announced
        number = len(_search_pages(held))
        while total is None or len(codes) < total:
            # After n rows the next page begins with row n or n + 1, whichever Offset means: none is left out,
            # and one may come again.
            answer = self._api.search(since, max(1, len(codes)))
            new = [code for code, _ in answer.rows]
            why = _contradiction(codes, new, total, answer.total)
            if why:
                raise SourceChanged(why, _search_pages(held))
            total = answer.total
            number += 1
            yield Page(f"search-{number:04d}.json", answer.url_path, answer.content, announced=total)
            codes.update(new)
        sync = self._api.sync(since)
        extra = set(sync.codes) - codes
        if extra:
            log.info("sync lists %d codes that search does not: they are asked for too", len(extra))
        yield Page(SYNC, sync.url_path, sync.content)

    def stamps(self, window: Window, held: HeldPages) -> dict[str, str]:
        """Return the codes of search with their stamps, and those that only sync lists.

        Sync gives no stamp. Such a code changed after search was answered, so it counts as stamped last.
        """
        stamps = {code: stamp for name in _search_pages(held) for code, stamp in listed_rows(held.read(name))}
        if held.has(SYNC):
            for code in linked_codes(held.read(SYNC)):
                stamps.setdefault(code, window[1].isoformat())
        return stamps

    def records(self, codes: Sequence[str], held: HeldPages) -> Iterator[Record]:
        """Return the record of each code, or that it is gone."""
        return map(self._api.organisation, codes)

    def closing(self, held: HeldPages) -> Iterator[Page]:
        """Nothing: sync has proved the list complete, and no record depends on another."""
        return iter(())

    def record_path(self, code: str, form: Form) -> str:
        """Return the path and query of a record."""
        return organisation_path(code, form)

    def _lists(self, paths: dict[str, str], held: HeldPages) -> Iterator[Page]:
        for name, path in paths.items():
            if not held.has(name):
                yield Page(name, path, self._api.whole_list(path).content)


def _search_pages(held: HeldPages) -> list[str]:
    return [name for name in held.names() if name.startswith("search-")]


def _contradiction(codes: Iterable[str], new: list[str], before: int | None, total: int) -> str:
    """Return what is wrong with a page after those before it; empty if nothing is. One row may come again."""
    known = set(codes)
    together = known | set(new)
    if before not in (None, total):
        return f"{before} rows were announced, then {total}"
    if len(set(new)) != len(new) or len(known & set(new)) > 1:
        return "a row came twice"
    if len(together) > total:
        return f"{len(together)} rows came and {total} were announced"
    if len(together) == len(known) < total:
        return f"{len(known)} of {total} rows came, and no more"
    return ""
