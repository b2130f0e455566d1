"""The ORD API: its questions, and what counts as an answer to each.

Lives here: addresses, paging, what an answer must look like. Does not live here: turns, waiting and trying
again (``polite.py``), which questions a fetch asks and where answers are kept (``fetch.py``). Answers are
kept as they came: nothing is read out of them but codes, stamps and counts.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from urllib.parse import urlencode
from xml.etree import ElementTree

from ods_pipeline.sources.http import Answer, Asker, NotTheAnswer
from ods_pipeline.sources.receipt import CODE
from ods_pipeline.sources.settings import Sources

PAGE = 1000  # the most that Limit may be
ROLES, RELS, RECORD_CLASSES, NOTIFICATIONS = "/roles", "/rels", "/recordclasses", "/notifications"
LIST_KEYS = {
    ROLES: "Roles",
    RELS: "Relationships",
    RECORD_CLASSES: "RecordClasses",
    NOTIFICATIONS: "DeletedOrganisations",
}
_ORGANISATIONS = "Organisations"


@dataclass(frozen=True)
class Kept:
    """An answer as it came, and the path it answers."""

    url_path: str
    body: bytes


@dataclass(frozen=True)
class SearchPage(Kept):
    """One page of search rows: (code, stamp) each; ``total`` is what ``X-Total-Count`` says of all pages."""

    rows: tuple[tuple[str, str], ...]
    total: int


@dataclass(frozen=True)
class SyncList(Kept):
    """The codes changed on or after a date."""

    codes: tuple[str, ...]


@dataclass(frozen=True)
class Organisation(Kept):
    """The answer about one code. ``status`` is 200, 404 or 410; ``is_other`` says that another code came."""

    code: str
    status: int
    is_other: bool = False


class OrdApi:
    """The ORD API of one set of sources. Threads may share it; ``close`` ends what is under way."""

    def __init__(self, sources: Sources) -> None:
        self.base_url = sources.ord_url
        self._xml = sources.payload_format == "xml"
        self._asker = Asker(
            "the ORD API",
            sources.ord_url,
            sources.clock,
            sources.manners,
            heeds_maintenance=not sources.ignore_maintenance,
        )

    def close(self) -> None:
        self._asker.close()

    @property
    def form(self) -> Literal["json", "xml"]:
        """The form in which organisations are asked for; lists are always JSON."""
        return "xml" if self._xml else "json"

    def sync(self, since: str) -> SyncList:
        """All codes changed on or after a date (ISO), at most 184 days back. Unpaged."""
        path = "/sync?" + urlencode({"LastChangeDate": since})

        def accept(answer: Answer) -> SyncList:
            links = _listed(answer, _ORGANISATIONS)
            codes = tuple(sorted({_code(str(link.get("OrgLink", "")).rpartition("/")[2]) for link in links}))
            if _count(answer) != len(links):
                raise NotTheAnswer(f"{len(links)} links came, X-Total-Count says {_count(answer)}")
            return SyncList(path, answer.body, codes)

        return self._ask(path, accept)

    def search(self, since: str, offset: int) -> SearchPage:
        """One page of the organisations changed on or after a date (ISO), from row ``offset`` (1-based)."""
        asked = {"LastChangeDate": since, "Limit": PAGE} | ({"Offset": offset} if offset > 1 else {})
        path = "/organisations?" + urlencode(asked)

        def accept(answer: Answer) -> SearchPage:
            rows = tuple((_code(str(r.get("OrgId"))), _stamp(r)) for r in _listed(answer, _ORGANISATIONS))
            told = answer.headers.get("returned-records", str(len(rows)))
            total = _count(answer)
            if told != str(len(rows)) or len(rows) > PAGE:
                raise NotTheAnswer(f"{len(rows)} rows came on a page of {PAGE}, returned-records says {told}")
            # Of next-page only its presence counts: where the next page begins is known without it.
            if total > offset - 1 + len(rows) and not (rows and "next-page" in answer.headers):
                raise NotTheAnswer(f"{offset - 1 + len(rows)} of {total} rows came and there is no next page")
            return SearchPage(path, answer.body, rows, total)

        return self._ask(path, accept)

    def organisation(self, code: str) -> Organisation:
        """The record of one code, or that it is gone (404, 410).

        If another code comes every time, the answer is given all the same and says so: it is kept, and set
        aside when it is read.
        """
        path = f"/organisations/{code}" + ("?_format=xml" if self._xml else "")

        def accept(answer: Answer) -> Organisation:
            if answer.status != 200:
                return Organisation(path, answer.body, code, answer.status)
            came = _code_in_xml(answer) if self._xml else _code_in_json(answer)
            if came != code:
                raise NotTheAnswer(f"{came[:20]} came")
            return Organisation(path, answer.body, code, 200)

        def settle(answer: Answer) -> Organisation:
            came = _code_in_xml(answer) if self._xml else _code_in_json(answer)  # raises if it is no record
            return Organisation(path, answer.body, code, 200, is_other=came != code)

        return self._asker.ask(self.base_url + path, path, accept, settle_for=settle)

    def whole_list(self, path: str) -> Kept:
        """One of the lists in ``LIST_KEYS``."""

        def accept(answer: Answer) -> Kept:
            _listed(answer, LIST_KEYS[path])
            return Kept(path, answer.body)

        return self._ask(path, accept)

    def _ask(self, path: str, accept: Any) -> Any:
        return self._asker.ask(self.base_url + path, path, accept)


def rows_of(body: bytes) -> list[tuple[str, str]]:
    """(code, stamp) of each row of a kept page of search. Raises ValueError, KeyError or TypeError."""
    return [(row["OrgId"], row["LastChangeDate"]) for row in json.loads(body)[_ORGANISATIONS]]


def codes_of(body: bytes) -> list[str]:
    """The codes of a kept sync list. Raises ValueError, KeyError or TypeError."""
    return [link["OrgLink"].rpartition("/")[2] for link in json.loads(body)[_ORGANISATIONS]]


def _json(answer: Answer) -> dict[str, Any]:
    if answer.status != 200:
        raise NotTheAnswer(f"HTTP {answer.status}")
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        kind = answer.headers.get("content-type", "no type given").partition(";")[0][:40]
        raise NotTheAnswer(f"no whole JSON came, {len(answer.body)} bytes of {kind}") from None
    if not isinstance(body, dict):
        raise NotTheAnswer("JSON of another shape came")
    return body


def _listed(answer: Answer, key: str) -> Sequence[dict[str, Any]]:
    items = _json(answer).get(key)
    items = [items] if isinstance(items, dict) else items
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise NotTheAnswer(f"JSON without a list of {key} came")
    return items


def _count(answer: Answer) -> int:
    told = answer.headers.get("x-total-count", "")
    if not told.isascii() or not told.isdigit():
        raise NotTheAnswer("it came without X-Total-Count")
    return int(told[:12])


def _code(text: str) -> str:
    if not CODE.fullmatch(text):
        raise NotTheAnswer(f"{text[:20]!r} is no ODS code")
    return text


def _stamp(row: dict[str, Any]) -> str:
    stamp = str(row.get("LastChangeDate"))
    try:
        is_day = date.fromisoformat(stamp).isoformat() == stamp
    except ValueError:
        is_day = False
    if not is_day:
        raise NotTheAnswer(f"the row of {str(row.get('OrgId'))[:20]!r} has no LastChangeDate")
    return stamp


def _code_in_json(answer: Answer) -> str:
    try:
        return str(_json(answer)["Organisation"]["OrgId"]["extension"])
    except (KeyError, TypeError):
        raise NotTheAnswer("JSON without an organisation came") from None


def _code_in_xml(answer: Answer) -> str:
    try:
        root = ElementTree.fromstring(answer.body)
    except ElementTree.ParseError:
        raise NotTheAnswer(f"no whole XML came, {len(answer.body)} bytes") from None
    organisation = root if root.tag.rpartition("}")[2] == "Organisation" else root.find(".//{*}Organisation")
    identity = organisation.find("{*}OrgId") if organisation is not None else None
    if identity is None:
        raise NotTheAnswer("XML without an organisation came")
    return identity.get("extension", "")
