"""What is not known of ODT, asked of a server: about thirty polite questions, and what each answer shows.

Lives here: the questions and their reading, by the number of the unknown. Does not live here: printing
(``commands/probe.py``), what a fetch does about each (``changes.py``, ``translate.py``). Nothing is published
from the answers.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.sources.odt import organisations as org
from ods_pipeline.sources.odt import terms
from ods_pipeline.sources.odt.answers import NoSuchFilter, TooLarge, TooMany, next_query, resources
from ods_pipeline.sources.odt.client import REVINCLUDE, OdtApi, Reply, newest_version
from ods_pipeline.sources.odt.deletions import LISTS, notices
from ods_pipeline.sources.odt.fhir import Json, Notes, Rejected, items, text
from ods_pipeline.sources.odt.names import (
    AFFILIATION,
    ODS_CODE,
    ORGANIZATION,
    REL_INSTANCE,
    ROLE_INSTANCE,
    SUCCESSION,
)
from ods_pipeline.sources.odt.periods import BOTH_PAIRS, EQUAL_PAIRS, dates_of
from ods_pipeline.sources.odt.translate import affiliations_by_source

SAMPLE = 5  # organisations that are looked at one by one
# Codes of which something is published: a stub, an archived practice, and a code that was used twice.
STUB, ARCHIVED, REUSED = "4VE03", "D82626", "FEF03"
_REFUSALS = (NoSuchFilter, TooLarge, TooMany)
Keep = Callable[[str, bytes], None]


@dataclass(frozen=True)
class Seen:
    """What one unknown looks like: its number, what was asked, and what came."""

    number: str
    question: str
    answer: str


@dataclass
class Probe:
    """The questions to one server. ``keep`` gets a name and the bytes of every answer."""

    api: OdtApi
    keep: Keep
    seen: list[Seen] = field(default_factory=list)
    questions: int = 0

    def run(self, today: date) -> list[Seen]:
        """Ask everything. Raises OdsError if the server cannot be asked at all."""
        load = self._ask("versions", self.api.versions)
        if load is None:
            raise OdsError("the list of versions is not known", do="Check ODS_ODT_URL")
        newest = newest_version(load)
        self._note("U16", "day of the newest load", newest or "no version is given")
        page = self._page(newest or today.isoformat())
        if page is not None:
            self._look_at(page)
        self._known_codes()
        self._lists()
        self._terminology()
        self._note("U11", "429 and Retry-After", "not provoked; handled as for ORD")
        return sorted(self.seen, key=lambda s: (int(s.number[1:]), s.question))

    def _page(self, day: str) -> Reply | None:
        since = date.fromisoformat(day) - timedelta(days=3)
        query = f"lastChangeDate=gt{since}"
        for name, stamps in (("three days", query), ("the day of the load", f"lastChangeDate={day}")):
            count = self._ask(f"count {name}", lambda q=stamps: self.api.count(ORGANIZATION, q))
            if count is not None:
                self._note("U15", f"organisations stamped on {name}", f"{count.resource['total']:,}")
        updated = f"_lastUpdated=gt{since}"
        count = self._ask("affiliations updated", lambda: self.api.count(AFFILIATION, updated))
        answer = "cannot be asked" if count is None else f"{count.resource['total']:,}"
        self._note("U5", "affiliations updated in three days", answer)
        self.api.page_size = 2 * SAMPLE
        first = f"{query}&_revinclude={REVINCLUDE}"
        page = self._ask("page 1", lambda: self.api.page(ORGANIZATION, first))
        following = None if page is None else next_query(page.resource)
        if page is None or following is None:
            self._note("U12", "link to the next page", "there is none: too few changes")
            return page
        link = next(str(k.get("url")) for k in items(page.resource, "link") if k.get("relation") == "next")
        self._note("U12", "link to the next page", _form_of(link, self.api.base_url))
        again = self._ask("page 2", lambda: self.api.page(ORGANIZATION, following))
        if again is not None:
            both = _codes(page) & _codes(again)
            self._note("U4", "order under an offset", f"{len(both)} organisations are on pages 1 and 2")
        return page

    def _look_at(self, page: Reply) -> None:
        organisations = resources(page.resource, ORGANIZATION)
        notes, ended, without_active = Notes(), 0, 0
        for resource in organisations:
            without_active += "active" not in resource
            try:
                rows = org.roles(resource, notes)
                org.contacts(resource, notes)
                ended += sum(row.get("Status") == "Inactive" for row in rows)
            except Rejected as rejected:
                notes.note_unknown(f"rule {rejected.rule}")
        for affiliation in resources(page.resource, AFFILIATION):
            _dates(affiliation, notes)
        pairs, equal = notes.rules.get(BOTH_PAIRS, 0), notes.rules.get(EQUAL_PAIRS, 0)
        self._note("U1", "Legal dates that repeat the Operational ones", f"{equal} of {pairs} pairs")
        self._note("U2", "ended roles on a page", f"{ended} of {len(organisations)} organisations' roles")
        self._note("U13", "organisations without active", f"{without_active} of {len(organisations)}")
        self._note("U13", "things no rule takes", ", ".join(sorted(notes.unknown)) or "none")
        included = affiliations_by_source(resources(page.resource, AFFILIATION))
        missed, behind = [], []
        for resource in organisations[:SAMPLE]:
            code = str(resource.get("id"))
            query = f"primary-organization={code}"
            count = self._ask(f"affiliations of {code}", lambda q=query: self.api.count(AFFILIATION, q))
            if count is not None and count.resource["total"] > len(included.get(code, [])):
                missed.append(code)
            concept = self._ask(
                f"concept {code}", lambda c=code: self.api.look_up(ODS_CODE, c, ["lastChangeDate"])
            )
            if concept is None or str(org.stamp_of(resource)) not in concept.content.decode(
                "utf-8", "replace"
            ):
                behind.append(code)
        self._note("U3", "relationships left out of a page", ", ".join(missed) or "none")
        self._note("U6", "concepts with another LastChangeDate", ", ".join(behind) or "none")

    def _known_codes(self) -> None:
        for number, code, what in (
            ("U9", STUB, "stub"),
            ("U10", ARCHIVED, "archived"),
            ("U14", REUSED, "re-used"),
        ):
            page = self._ask(f"{what} {code}", lambda c=code: self.api.page(ORGANIZATION, f"_id={c}"))
            answers = [] if page is None else resources(page.resource, ORGANIZATION)
            keys = sorted(answers[0].keys() - {"resourceType", "id", "meta"}) if answers else ["not found"]
            parts = ", ".join(keys)
            stub = " (a stub)" if answers and org.is_stub(answers[0]) else ""
            self._note(number, f"{what} code {code}", f"{parts}{stub}")
        concept = self._ask("concept archived", lambda: self.api.look_up(ODS_CODE, ARCHIVED))
        self._note("U10", f"concept of {ARCHIVED}", "not found" if concept is None else "found")

    def _lists(self) -> None:
        for name in LISTS.values():
            listed = self._ask(name, lambda n=name: self.api.deletions(n))
            if listed is None:
                self._note("U8", name, "not found")
                continue
            entries = items(listed.resource, "entry")
            days = sorted(str(e.get("date"))[:10] for e in entries)
            read = len(notices(listed.resource))
            since = f", since {days[0]}" if days else ""
            self._note("U8", name, f"{len(entries)} entries{since}; {read} read as deleted organisations")

    def _terminology(self) -> None:
        reply = self._ask(
            "successions", lambda: next(iter(self.api.value_set(SUCCESSION, terms.OF_SUCCESSION, 20)))
        )
        edges = [] if reply is None else list(terms.edges([reply.resource]))
        digits = sum(edge.code.isdigit() for edge in edges)
        self._note("U7", "successions", f"{len(edges)} read, {digits} with a number as their code")
        chosen = {"filter": [{"property": "sourceOrgCode", "op": "in", "value": STUB}]}
        for name, system, concepts, properties in (
            ("relationships by source", REL_INSTANCE, chosen, terms.OF_RELATIONSHIP),
            ("roles by number", ROLE_INSTANCE, {"concept": [{"code": "32717"}]}, ("primaryRole",)),
        ):
            reply = self._ask(
                name, lambda s=system, c=concepts, p=properties: next(iter(self.api.concepts(s, c, p, 20)))
            )
            self._note("U6", name, "cannot be asked" if reply is None else "can be asked")

    def _ask(self, name: str, question: Callable[[], Reply]) -> Reply | None:
        """Return the answer, which is kept.

        None if the server refuses the question or knows no such thing.
        """
        self.questions += 1
        file = f"{self.questions:02d}-{name.replace(' ', '-')}.json"
        try:
            reply = question()
        except Unreachable:
            raise
        except _REFUSALS as refusal:
            self.keep(file, json.dumps({"refused": str(refusal)}).encode())
            return None
        self.keep(file, reply.content)
        return reply

    def _note(self, number: str, question: str, answer: str) -> None:
        self.seen.append(Seen(number, question, answer))


def _codes(reply: Reply) -> set[str]:
    return {text(r, "id") or "" for r in resources(reply.resource, ORGANIZATION)}


def _form_of(link: str, base: str) -> str:
    host = (
        "its own host"
        if link.startswith(base.partition("://")[0]) and base.split("/")[2] in link
        else "another host"
    )
    slash = ", a double slash" if "//" in link.partition("://")[2].partition("?")[0] else ""
    offset = "by offset" if "_offset=" in link else "by another parameter"
    return f"{offset}, on {host}{slash}"


def _dates(affiliation: Json, notes: Notes) -> None:
    try:
        dates_of(affiliation, "affiliation", notes)
    except Rejected as rejected:
        notes.note_unknown(f"rule {rejected.rule}")
