"""The list of changes: all pages of changed organisations, and what proves and completes them.

Lives here: the order of the questions about changes, and which way is taken when one fails. Does not live
here: one question (``client.py``), what is on a page (``pages.py``).

The order of results under an offset is not promised. If the codes do not add up to the count, the pages are
read once more in order of their ids, and then day by day, each day on one page.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ods_pipeline.sources.due import Window, days_between
from ods_pipeline.sources.odt import pages, terms, unstamped
from ods_pipeline.sources.odt.answers import NoSuchFilter, NotAsked, TooMany, next_query, resources
from ods_pipeline.sources.odt.client import (
    CODES,
    CONCEPTS,
    MOST,
    REVINCLUDE,
    WIDE_CONCEPTS,
    OdtApi,
    Reply,
    codes_query,
)
from ods_pipeline.sources.odt.fhir import Json
from ods_pipeline.sources.odt.names import (
    AFFILIATION,
    ODS_CODE,
    ORGANIZATION,
    REL_INSTANCE,
    ROLE_INSTANCE,
    SUCCESSION,
)
from ods_pipeline.sources.odt.pages import Listed, Pages
from ods_pipeline.sources.odt.translate import affiliations_by_source
from ods_pipeline.sources.protocol import HeldPages, Page, Record, SourceChanged

COUNT, CHANGES = "count-first.json", "changes.json"
SAMPLE = 20  # organisations whose relationships are counted, if nothing else proves them complete
ALONE = 50  # codes in one question about organisations or relationships by code
log = logging.getLogger(__name__)


class AllChanges:
    """The changes of one fetch. ``rounds`` counts how often the pages were read without adding up."""

    def __init__(self, api: OdtApi, held_pages: Pages, *, whole: bool = False) -> None:
        self._api, self._pages, self._whole, self.rounds = api, held_pages, whole, 0

    def missing_pages(self, window: Window, held: HeldPages) -> Iterator[Page]:
        """Yield all pages that are not held yet; ``CHANGES`` comes last.

        Raises SourceChanged if the numbers do not add up.
        """
        query = "" if self._whole else f"lastChangeDate=gt{window[0] - timedelta(days=1)}"
        if held.announced is None:
            reply = self._api.count(ORGANIZATION, query)
            yield Page(COUNT, reply.url_path, reply.content, announced=reply.resource["total"])
        if pages.names(held, pages.BUNDLES):
            self._api.plan_after(self._pages.sizes(held))
        yield from self._bundles(window, query, held)
        listed = self._pages.listed(held)
        self._compare(len(listed), held.announced, held)
        yield from self._completed(listed, held)
        yield from self._touched(window, listed, held)
        last = self._api.count(ORGANIZATION, query)
        self._compare(last.resource["total"], held.announced, held)
        yield Page(CHANGES, last.url_path, last.content)

    def records_by_code(self, codes: Sequence[str], held: HeldPages) -> Iterator[Record]:
        """Yield the records of codes that are on no page; 404 for those that ODT does not know."""
        for some in _chunks(list(codes), ALONE):
            replies = list(self._api.pages(ORGANIZATION, codes_query(some)))
            listed = {c: entry for r in replies for c, entry in pages.listed_in(r.resource).items()}
            more: dict[str, list[Json]] = {
                pages.TERMS: [r.resource for r in self._terms(some)],
                pages.TARGETS: [r.resource for r in self._relationships(some)],
                pages.ROLE_INSTANCES: [r.resource for r in self._instances(listed, held)],
            }
            context = pages.context_of(held, more)
            for reply in replies:
                yield from pages.records_of(reply.resource, context, {})
            yield from (Record(code, b"", 404) for code in some if code not in listed)

    def _touched(self, window: Window, listed: Mapping[str, Listed], held: HeldPages) -> Iterator[Page]:
        """Once a week: the relationships that the store changed, and the stamps of their organisations."""
        since = None if self._whole else unstamped.first_day_due(window)
        if since is None:
            return
        yield from self._group(unstamped.TOUCHED, held, lambda: self._affiliations_since(since))
        others = [code for code in unstamped.sources_of_touched(held) if code not in listed]
        yield from self._group(unstamped.TERMS_OF_TOUCHED, held, lambda: self._terms(others))

    def _affiliations_since(self, since: date) -> Iterator[Reply]:
        query = f"_lastUpdated=gt{since}"
        try:
            count = self._api.count(AFFILIATION, query)
        except NotAsked as error:
            log.warning("ODT cannot be asked for relationships that nobody stamped: %s", error.what)
            return
        total = count.resource["total"]
        yield count
        if total > unstamped.MOST:
            log.warning("ODT changed %d relationships since %s: a load that rewrote them all", total, since)
        elif total:
            self._api.page_size = MOST
            yield from self._api.pages(AFFILIATION, query)

    def _compare(self, came: int, announced: int | None, held: HeldPages) -> None:
        """Raise SourceChanged, which forgets all that was asked, unless the two numbers are equal."""
        if came == announced:
            return
        self.rounds += 1
        self._pages.forget()
        raise SourceChanged(f"{announced} organisations were announced and {came} came", _names_held(held))

    def _bundles(self, window: Window, query: str, held: HeldPages) -> Iterator[Page]:
        """Yield the pages of changed organisations with their relationships, from where the fetch stopped."""
        with_relationships = f"{query}&_revinclude={REVINCLUDE}".removeprefix("&")
        before = pages.names(held, pages.BUNDLES)
        if self.rounds >= 2 and not before and not self._whole:
            yield from _numbered(pages.BUNDLES, self._day_by_day(window))
            return
        # Hundreds of pages are not read twice because of their order, so the whole register comes sorted.
        in_order = self.rounds > 0 or self._whole
        following: str | None = with_relationships + ("&_sort=_id" if in_order else "")
        if before:
            following = next_query(json.loads(held.read(before[-1])))
        if following is not None:
            yield from _numbered(pages.BUNDLES, self._api.pages(ORGANIZATION, following), len(before))

    def _day_by_day(self, window: Window) -> Iterator[Reply]:
        """Yield each day on one page, so that no order is needed; later days come together at the end."""
        log.info("the pages of the ODT API do not add up: each day is asked for alone")
        for day in [*days_between(window), None]:
            query = f"lastChangeDate=gt{(day or window[1] + timedelta(days=1)) - timedelta(days=1)}"
            query += f"&lastChangeDate=lt{day + timedelta(days=1)}" if day else ""
            count = self._api.count(ORGANIZATION, query).resource["total"]
            if count:
                self._api.page_size = count + 1
                yield from self._api.pages(ORGANIZATION, f"{query}&_revinclude={REVINCLUDE}")

    def _completed(self, listed: Mapping[str, Listed], held: HeldPages) -> Iterator[Page]:
        """Yield the pages that complete the organisations on the pages: what only terminology has."""
        complete = [code for code, entry in sorted(listed.items()) if not entry.is_stub]
        yield from self._group(pages.TERMS, held, lambda: self._terms(sorted(listed)))
        yield from self._group(pages.TARGETS, held, lambda: self._relationships(complete))
        known = terms.targets(json.loads(held.read(name)) for name in pages.names(held, pages.TARGETS))
        yield from self._group(pages.ROLE_INSTANCES, held, lambda: self._instances(listed, held))
        yield from self._group(pages.AFFILIATIONS, held, lambda: self._affiliations(complete, listed, known))
        yield from self._group(
            pages.TARGET_TERMS, held, lambda: self._terms(self._targets_without_role(listed, known, held))
        )
        yield from self._group(
            pages.SUCCESSIONS, held, lambda: self._expanded(SUCCESSION, terms.OF_SUCCESSION)
        )

    def _group(self, name: str, held: HeldPages, ask: Callable[[], Iterable[Reply]]) -> Iterator[Page]:
        """Yield the pages of a group, as they come.

        The first is kept last: it shows that the group is whole.
        """
        if held.has(f"{name}-0001.json"):
            return
        replies = _numbered(name, ask())
        first = next(replies, None)
        yield from replies
        if first is not None:
            yield first

    def _terms(self, codes: Sequence[str]) -> Iterator[Reply]:
        """Yield the code system's entries of organisations.

        None if it cannot be asked for single concepts.
        """
        for some in _chunks(list(codes), WIDE_CONCEPTS):
            chosen = {"concept": [{"code": code} for code in some]}
            yield from self._known(ODS_CODE, chosen, terms.OF_ORGANISATION, WIDE_CONCEPTS)

    def _relationships(self, codes: Sequence[str]) -> Iterator[Reply]:
        """Yield what the terminology half knows of the relationships of these organisations."""
        for some in _chunks(list(codes), CODES):
            yield from self._relationships_of(some)

    def _relationships_of(self, codes: list[str]) -> Iterator[Reply]:
        chosen = {"filter": [{"property": "sourceOrgCode", "op": "in", "value": ",".join(codes)}]}
        try:
            yield from list(self._known(REL_INSTANCE, chosen, terms.OF_RELATIONSHIP, CONCEPTS))
        except TooMany:  # more than 50,000 in one expansion
            half = len(codes) // 2
            if half == 0:
                return
            yield from self._relationships_of(codes[:half])
            yield from self._relationships_of(codes[half:])

    def _instances(self, listed: Mapping[str, Listed], held: HeldPages) -> Iterator[Reply]:
        """Yield the roles of organisations of which the code list leaves none or several to be primary."""
        scope = terms.primary_scope(held.read("roles.json"))
        unclear = [
            number
            for entry in listed.values()
            if sum(role in scope for role, _ in entry.roles) != 1
            for _, number in entry.roles
        ]
        for some in _chunks(sorted(unclear), CODES):
            chosen = {"concept": [{"code": number} for number in some]}
            yield from self._known(ROLE_INSTANCE, chosen, ["primaryRole"], CONCEPTS)

    def _affiliations(
        self, codes: Sequence[str], listed: Mapping[str, Listed], known: terms.Targets
    ) -> Iterator[Reply]:
        """Yield the affiliations of organisations whose includes may be incomplete.

        The terminology half knows how many relationships an organisation has. Where fewer came, they are
        asked for directly. If that brings one that was not included, includes cannot be trusted, and the
        relationships of all organisations are asked for directly.
        """
        expected: dict[str, set[str]] = {}
        for number, (source, _) in known.items():
            if source is not None:
                expected.setdefault(source, set()).add(number)
        doubtful = [c for c in codes if expected.get(c, set()) - listed[c].relationships.keys()]
        if not known:  # the terminology half cannot be asked: some organisations are looked at one by one
            doubtful = list(codes[:: max(1, len(codes) // SAMPLE)][:ALONE])
        missed = False
        for reply in self._affiliations_of(doubtful):
            affiliations = affiliations_by_source(resources(reply.resource, AFFILIATION))
            missed |= any(
                len(affiliations[c]) > len(listed[c].relationships)
                for c in affiliations.keys() & listed.keys()
            )
            yield reply
        if missed:
            log.warning("ODT leaves relationships out of its pages: they are asked for by organisation")
            yield from self._affiliations_of([c for c in codes if c not in set(doubtful)])

    def _affiliations_of(self, codes: Sequence[str]) -> Iterator[Reply]:
        for some in _chunks(list(codes), ALONE):
            yield from self._api.pages(AFFILIATION, "primary-organization=" + ",".join(some))

    def _targets_without_role(
        self, listed: Mapping[str, Listed], known: terms.Targets, held: HeldPages
    ) -> list[str]:
        """Return the targets whose primary role the relationships' own concepts do not state."""
        separate = [
            pages.targets_in(json.loads(held.read(name))) for name in pages.names(held, pages.AFFILIATIONS)
        ]
        included = [entry.relationships for entry in listed.values()]
        return sorted(
            {
                target
                for relationships in (*included, *separate)
                for number, target in relationships.items()
                if target and known.get(number, (None, None))[1] is None
            }
        )

    def _expanded(self, system: str, properties: Sequence[str]) -> Iterator[Reply]:
        try:
            yield from self._api.value_set(system, properties, 5_000)
        except NoSuchFilter as error:
            log.warning("ODT has no value set %s (%s)", system, error)

    def _known(
        self, system: str, chosen: Mapping[str, Any], properties: Sequence[str], count: int
    ) -> Iterator[Reply]:
        """Concepts, or none if the terminology half does not know the filter or the system."""
        try:
            yield from self._api.concepts(system, chosen, properties, count)
        except NoSuchFilter as error:
            log.warning("ODT cannot be asked for concepts of %s (%s)", system, error)


def _numbered(group: str, replies: Iterable[Reply], before: int = 0) -> Iterator[Page]:
    for number, reply in enumerate(replies, start=before + 1):
        yield Page(f"{group}-{number:04d}.json", reply.url_path, reply.content)


def _names_held(held: HeldPages) -> list[str]:
    """Return the names of all pages held of the list of changes."""
    groups = (
        pages.BUNDLES, pages.AFFILIATIONS, pages.TARGETS, pages.TARGET_TERMS, pages.TERMS,
        pages.ROLE_INSTANCES, pages.SUCCESSIONS, unstamped.TOUCHED, unstamped.TERMS_OF_TOUCHED,
    )  # fmt: skip
    return [COUNT, CHANGES, *(name for group in groups for name in pages.names(held, group))]


def _chunks(codes: list[str], size: int) -> Iterator[list[str]]:
    return (codes[at : at + size] for at in range(0, len(codes), size))
