"""The questions that ODT answers, each as one method.

Lives here: addresses, page sizes, and what an answer must hold. Does not live here: the shapes of answers
(``answers.py``), turns, waiting and trying again (``http.py``), which questions a fetch asks (``source.py``).
Answers are kept as they came.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from ods_pipeline.errors import Unreachable
from ods_pipeline.sources.http import Answer, Asker
from ods_pipeline.sources.odt import answers
from ods_pipeline.sources.odt.answers import TooLarge
from ods_pipeline.sources.odt.fhir import Json, text
from ods_pipeline.sources.odt.names import AFFILIATION, ODS_CODE, ORGANIZATION
from ods_pipeline.sources.settings import Sources

T = TypeVar("T")
TITLE = "the ODT API"
# An answer may have 10 MB, and 4 MB are planned for. An organisation with its relationships takes some 17 kB.
PAGE, LEAST, MOST, PLANNED = 200, 50, 1000, 4_000_000
# A concept with one property takes 0.4 kB, with ten 1.5 kB. An expansion of more than 50,000 is refused.
CONCEPTS, WIDE_CONCEPTS = 8_000, 2_500
# How many codes one question may name: a body of some 250 kB.
CODES = 5_000
ASK_ORD = "Run it again later, or ask the ORD API: ODS_DELTAS_FROM=ord"
REVINCLUDE = f"{AFFILIATION}:primary-organization"


@dataclass(frozen=True)
class Reply:
    """An answer as it came, the path that it answers, and the resource in it."""

    url_path: str
    content: bytes
    resource: Json


class OdtApi:
    """ODT as one set of sources allows. Threads may share it; ``close`` ends what is under way."""

    def __init__(self, sources: Sources) -> None:
        self.base_url, self._key = sources.odt_url, sources.odt_key
        headers = {"Accept": "application/fhir+json"}
        if self._key is not None:
            headers["apikey"] = self._key.reveal()
        hide = str if self._key is None else self._key.hide_in  # a server may repeat the key
        self._asker = Asker(
            TITLE, sources.odt_url, sources.clock, sources.manners, headers=headers, hide=hide
        )
        self._hide = hide
        self.page_size, self._was_too_large = PAGE, False

    def close(self) -> None:
        """End all waiting and asking."""
        self._asker.close()

    def versions(self) -> Reply:
        """Return the versions of the code system of organisations: each is the day of a load."""
        return self._ask("/CodeSystem?" + urlencode({"url": ODS_CODE, "_elements": "url,version"}), "Bundle")

    def count(self, kind: str, query: str) -> Reply:
        """Return how many resources match. The ``total`` of this answer is the only reliable count."""
        parameters = "&".join(filter(None, (query, "_summary=count")))
        return self._ask(f"/{kind}?{parameters}", "Bundle", answers.total_in)

    def page(self, kind: str, query: str) -> Reply:
        """Return one page. If it would be too large, half as many are asked for, and so on down to one.

        Raises Unreachable if one resource alone is too large.
        """
        while True:
            try:
                return self._ask(f"/{kind}?{answers.with_count(query, self.page_size)}", "Bundle")
            except TooLarge as error:
                if self.page_size == 1:
                    raise Unreachable(
                        f"{TITLE} calls a page of one resource too large ({error})", do=ASK_ORD
                    ) from None
                self._was_too_large = True
                self.page_size = max(1, self.page_size // 2)

    def pages(self, kind: str, query: str) -> Iterator[Reply]:
        """Yield all pages from this one on."""
        following: str | None = query
        while following is not None:
            reply = self.page(kind, following)
            yield reply
            self._plan_for(reply)
            following = answers.next_query(reply.resource)

    def _plan_for(self, reply: Reply) -> None:
        self._plan(len(answers.resources(reply.resource, ORGANIZATION)), len(reply.content))

    def _plan(self, came: int, size: int) -> None:
        """Plan the next page for 4 MB, by what this many organisations took."""
        if came and not self._was_too_large:
            self.page_size = max(LEAST, min(MOST, PLANNED * came // size))

    def plan_after(self, pages: Iterable[tuple[int, int, int]]) -> None:
        """Plan the next page as if these pages had just come: a resumed fetch asks for the same pages.

        Each is (organisations asked for, organisations that came, bytes).
        """
        self.page_size, self._was_too_large = PAGE, False
        for requested, received, size in pages:
            if requested != self.page_size:  # it was halved
                self.page_size, self._was_too_large = requested, True
            self._plan(received, size)

    def deletions(self, name: str) -> Reply:
        """Return one of the lists of deletions, e.g. ``Organization-deletion``."""
        return self._ask(f"/List/{name}", "List")

    def value_set(self, system: str, properties: Sequence[str], count: int = CONCEPTS) -> Iterator[Reply]:
        """Return all concepts of a code system with these properties, page by page."""
        parameters = [("url", f"{system}/vs"), *(("property", p) for p in properties)]

        def question(offset: int, size: int) -> tuple[str, None]:
            page = [("count", str(size)), ("offset", str(offset))]
            return "/ValueSet/$expand?" + urlencode([*parameters, *page], safe=":/"), None

        return self._expanded(question, count)

    def concepts(
        self, system: str, chosen: Mapping[str, Any], properties: Sequence[str], count: int = CONCEPTS
    ) -> Iterator[Reply]:
        """Return the chosen concepts of a code system, page by page.

        Args:
            system: The code system.
            chosen: What chooses them: ``{"filter": […]}`` or ``{"concept": […]}`` of a ValueSet's include.
            properties: The properties wanted.
            count: The size of a page.
        """
        include = {"system": system, **chosen}
        fixed = [
            {
                "name": "valueSet",
                "resource": {"resourceType": "ValueSet", "compose": {"inactive": True, "include": [include]}},
            },
            {"name": "activeOnly", "valueBoolean": False},
            *({"name": "property", "valueString": p} for p in properties),
        ]

        def question(offset: int, size: int) -> tuple[str, bytes]:
            paging = [{"name": "count", "valueInteger": size}, {"name": "offset", "valueInteger": offset}]
            body = {"resourceType": "Parameters", "parameter": [*fixed, *paging]}
            return "/ValueSet/$expand", json.dumps(body, separators=(",", ":")).encode()

        return self._expanded(question, count)

    def _expanded(
        self, question: Callable[[int, int], tuple[str, bytes | None]], size: int
    ) -> Iterator[Reply]:
        """Yield the pages of an expansion. A page that would be too large is halved."""
        offset, total = 0, 1
        while offset < total:
            path, body = question(offset, size)
            try:
                reply = self._ask(path, "ValueSet", answers.size_of, body)
            except TooLarge as error:
                if size == 1:
                    raise Unreachable(
                        f"{TITLE} calls an expansion of one code too large ({error})", do=ASK_ORD
                    ) from None
                size = max(1, size // 2)
                continue
            came, total = answers.size_of(reply.resource)
            yield reply
            if came == 0:
                return
            offset += came

    def look_up(self, system: str, code: str, properties: Sequence[str] = ()) -> Reply:
        """Return one concept with its properties."""
        parameters = [("system", system), ("code", code), *(("property", p) for p in properties)]
        return self._ask("/CodeSystem/$lookup?" + urlencode(parameters, safe=":/"), "Parameters")

    def get(self, path: str, kind: str) -> Reply:
        """Return the answer to any path, which must hold a resource of this kind."""
        return self._ask(path, kind)

    def _ask(
        self,
        path: str,
        kind: str,
        check: Callable[[Json], Any] = lambda _: None,
        body: bytes | None = None,
    ) -> Reply:
        name = path if len(path) < 120 else path[:117] + "…"

        def accept(answer: Answer) -> Reply:
            resource = answers.resource_in(answer, kind, name, self._hide)
            check(resource)
            return Reply(path, answer.content, resource)

        return self._asker.ask(self.base_url + path, name, accept, answers=answers.STATUSES, body=body)


def codes_query(codes: Sequence[str]) -> str:
    """Return the query for organisations by their codes, with their relationships."""
    return urlencode({"_id": ",".join(codes), "_revinclude": REVINCLUDE}, safe=":,")


def newest_version(reply: Reply) -> str:
    """Return the newest version in an answer of ``versions``: the day of the last load; empty without one."""
    versions = [text(r, "version") or "" for r in answers.resources(reply.resource, "CodeSystem")]
    return max(versions, default="")
