"""The questions that the ORD API answers, each as one method.

Lives here: addresses, paging, and the checks that make an answer complete. Does not live here: the shapes of
answers (``answers.py``), turns, waiting and trying again (``http.py``), which questions a fetch asks
(``source.py``). Answers are kept as they came.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from ods_pipeline.sources.exchange import NotTheAnswer
from ods_pipeline.sources.fields import Form
from ods_pipeline.sources.http import Answer, Asker
from ods_pipeline.sources.ord.answers import (
    ORGANISATIONS,
    checked_code,
    code_in_json,
    code_in_xml,
    list_in,
    stamp_of,
    total_of,
)
from ods_pipeline.sources.ord.hours import maintenance_ends
from ods_pipeline.sources.protocol import Record
from ods_pipeline.sources.settings import Sources

T = TypeVar("T")
TITLE = "the ORD API"
PAGE = 1000  # the most that Limit may be
ROLES, RELS, RECORD_CLASSES, NOTIFICATIONS = "/roles", "/rels", "/recordclasses", "/notifications"
LIST_KEYS = {
    ROLES: "Roles",
    RELS: "Relationships",
    RECORD_CLASSES: "RecordClasses",
    NOTIFICATIONS: "DeletedOrganisations",
}


@dataclass(frozen=True)
class Listing:
    """An answer as it came, and the path that it answers."""

    url_path: str
    content: bytes


@dataclass(frozen=True)
class SearchPage(Listing):
    """One page of search rows, (code, stamp) each. ``total`` is the X-Total-Count of all pages."""

    rows: tuple[tuple[str, str], ...]
    total: int


@dataclass(frozen=True)
class SyncList(Listing):
    """The codes changed on or after a date."""

    codes: tuple[str, ...]


class OrdApi:
    """The ORD API of one set of sources. Threads may share it; ``close`` ends what is under way."""

    def __init__(self, sources: Sources) -> None:
        self.base_url = sources.ord_url
        self.form: Form = sources.payload_format  # of organisations; lists are always JSON
        self._asker = Asker(
            TITLE,
            sources.ord_url,
            sources.clock,
            sources.manners,
            closed_until=None if sources.ignore_maintenance else maintenance_ends,
        )

    def close(self) -> None:
        """End all waiting and asking."""
        self._asker.close()

    def sync(self, since: str) -> SyncList:
        """Return all codes changed on or after a date (ISO), at most 184 days back. Unpaged."""
        path = "/sync?" + urlencode({"LastChangeDate": since})

        def accept(answer: Answer) -> SyncList:
            links = list_in(answer, ORGANISATIONS)
            last_parts = {str(link.get("OrgLink", "")).rpartition("/")[2] for link in links}
            codes = tuple(sorted(map(checked_code, last_parts)))
            if total_of(answer) != len(links):
                raise NotTheAnswer(f"{len(links)} links came, X-Total-Count is {total_of(answer)}")
            return SyncList(path, answer.content, codes)

        return self._ask(path, accept)

    def search(self, since: str, offset: int) -> SearchPage:
        """Return one page of the organisations changed on or after a date (ISO).

        ``offset`` is documented as the number of the first row. The real server was seen to name 20 as the
        offset after 20 rows, as if it were the number of rows before the page; both are allowed for.
        """
        query = {"LastChangeDate": since, "Limit": PAGE} | ({"Offset": offset} if offset > 1 else {})
        path = "/organisations?" + urlencode(query)

        def accept(answer: Answer) -> SearchPage:
            items = list_in(answer, ORGANISATIONS)
            rows = tuple((checked_code(str(item.get("OrgId"))), stamp_of(item)) for item in items)
            returned = answer.headers.get("returned-records", str(len(rows)))
            total = total_of(answer)
            if returned != str(len(rows)) or len(rows) > PAGE:
                raise NotTheAnswer(
                    f"{len(rows)} rows came on a page of {PAGE}, returned-records is {returned}"
                )
            # Only the presence of next-page counts: where the next page begins is known without it.
            before = offset if offset > 1 else 0
            if total > before + len(rows) and not (rows and "next-page" in answer.headers):
                raise NotTheAnswer(f"{before + len(rows)} of {total} rows came and there is no next page")
            return SearchPage(path, answer.content, rows, total)

        return self._ask(path, accept)

    def organisation(self, code: str) -> Record:
        """Return the record of one code, or that it is gone (404, 410).

        If another code comes every time, that answer is returned and marked. It is kept, and set aside when
        it is flattened.
        """
        path = organisation_path(code, self.form)
        code_in = code_in_xml if self.form == "xml" else code_in_json

        def accept(answer: Answer) -> Record:
            if answer.status != 200:
                return Record(code, answer.content, answer.status)
            other = code_in(answer)
            if other != code:
                raise NotTheAnswer(f"{other[:20]} came")
            return Record(code, answer.content)

        def settle(answer: Answer) -> Record:
            is_other = code_in(answer) != code  # raises if it is not a record
            return Record(code, answer.content, is_other=is_other)

        return self._asker.ask(self.base_url + path, path, accept, settle_for=settle)

    def whole_list(self, path: str) -> Listing:
        """Return one of the lists in ``LIST_KEYS``."""

        def accept(answer: Answer) -> Listing:
            list_in(answer, LIST_KEYS[path])
            return Listing(path, answer.content)

        return self._ask(path, accept)

    def _ask(self, path: str, accept: Callable[[Answer], T]) -> T:
        return self._asker.ask(self.base_url + path, path, accept)


def organisation_path(code: str, form: Form) -> str:
    """Return the path and query that ask for a record."""
    return f"/organisations/{code}" + ("?_format=xml" if form == "xml" else "")
