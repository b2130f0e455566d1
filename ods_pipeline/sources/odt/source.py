"""ODT as a delta source: which of its questions make up a list of changes and its records.

Lives here: names of pages, the order of questions, and what proves a list complete. Does not live here: the
questions themselves (``client.py``), turning resources into records (``translate.py``), what a fetch does
around them (``sources/fetch.py``).

Pages come with their organisations, and each with its relationships, so that no record is asked for alone.
What proves a fetch: the number of organisations before and after, the number of distinct codes on the pages,
the number of relationships that the terminology half knows, and the same day of loading first and last.
"""

import json
import logging
from collections.abc import Iterator, Sequence

from ods_pipeline.errors import OdsError
from ods_pipeline.schema.silence import ODT_SILENT
from ods_pipeline.sources.due import Window
from ods_pipeline.sources.fields import FIELDS, Form
from ods_pipeline.sources.odt import deletions as deleted
from ods_pipeline.sources.odt import terms, unstamped
from ods_pipeline.sources.odt.answers import KEY_NAME
from ods_pipeline.sources.odt.changes import CHANGES, AllChanges
from ods_pipeline.sources.odt.client import TITLE, OdtApi, Reply, newest_version
from ods_pipeline.sources.odt.names import RECORD_CLASS, RELATIONSHIP, ROLE
from ods_pipeline.sources.odt.pages import Pages
from ods_pipeline.sources.odt.periods import BOTH_PAIRS, EQUAL_PAIRS
from ods_pipeline.sources.protocol import HeldPages, Page, Record, SourceChanged
from ods_pipeline.sources.settings import ODT_INT, ODT_PRODUCTION, Sources

LOAD_FIRST, LOAD_LAST = "load-first.json", "load-last.json"
# Page of the source itself, page in the shape of ORD, key in it, code system.
CODE_LISTS = (
    ("system-roles.json", "roles.json", "Roles", ROLE),
    ("system-rels.json", "rels.json", "Relationships", RELATIONSHIP),
    ("system-recordclasses.json", "recordclasses.json", "RecordClasses", RECORD_CLASS),
)
NOTIFICATIONS = "notifications.json"
# The share of pairs of dates that are expected to be equal (ORD gives Legal dates for 19 % of records), and
# the number of pairs from which a lower share is worth a warning.
EXPECTED_EQUAL, ENOUGH_PAIRS = 0.8, 20
log = logging.getLogger(__name__)


class OdtSource:
    """ODT as one set of sources allows, all records of a fetch at once."""

    name, title = "odt", TITLE
    batch = 1_000_000  # no record is asked for alone, so one call translates them all, page by page
    last_page = CHANGES
    needs_closing = derives_records = True
    form: Form = "json"
    says: frozenset[str] = FIELDS - ODT_SILENT

    def __init__(self, sources: Sources, *, whole: bool = False) -> None:
        """``whole``: every record is asked for, whatever its stamp, and not those of a window."""
        self.reads_all = whole
        self._api = OdtApi(sources)
        self.address: str = sources.odt_url
        self._has_key = sources.odt_key is not None
        self._pages = Pages()
        self._changes = AllChanges(self._api, self._pages, whole=whole)

    def close(self) -> None:
        """End all waiting and asking."""
        self._api.close()

    def ensure_available(self) -> None:
        """Raise OdsError if this address wants a key and there is none."""
        if not self._has_key and self.address in (ODT_PRODUCTION, ODT_INT):
            raise OdsError(
                "the ODT API is not asked without a key",
                do=f"Set {KEY_NAME}, or ODS_DELTAS_FROM=ord to ask the ORD API",
            )

    def code_lists(self, held: HeldPages) -> Iterator[Page]:
        """Yield the day of the load, then roles, relationships and record classes, raw and as ORD's."""
        if not held.has(LOAD_FIRST):
            yield _page(LOAD_FIRST, self._api.versions())
        for own, name, key, system in CODE_LISTS:
            if held.has(name):
                continue
            with_primary = system == ROLE
            replies = list(self._api.value_set(system, ["primaryRole"] if with_primary else []))
            for number, reply in enumerate(replies):
                yield _page(own if number == 0 else f"{number}-{own}", reply)
            entries = terms.code_list((r.resource for r in replies), with_primary)
            yield Page(name, replies[0].url_path, _json({key: entries}))

    def deletions(self, held: HeldPages) -> Iterator[Page]:
        """Yield the four lists of deletions, as they came, and the notices that they make."""
        for name, listed in deleted.LISTS.items():
            if not held.has(name):
                yield _page(name, self._api.deletions(listed))
        if not held.has(NOTIFICATIONS):
            organisations = json.loads(held.read("deleted-organisations.json"))
            unread = deleted.unreadable(organisations)
            if unread:
                log.warning("%d entries of ODT's list of deletions have another shape: not used", unread)
            notices = {"DeletedOrganisations": deleted.notices(organisations)}
            yield Page(NOTIFICATIONS, f"/List/{deleted.ORGANISATIONS}", _json(notices))

    def changed(self, window: Window, held: HeldPages) -> Iterator[Page]:
        """Yield all pages of changed organisations, then what the terminology half has about them.

        Raises SourceChanged, which forgets these pages, if the numbers do not add up.
        """
        if not held.has(CHANGES):
            yield from self._changes.missing_pages(window, held)

    def stamps(self, window: Window, held: HeldPages) -> dict[str, str]:
        """Return the codes on the pages held, each with its stamp. Asks nothing."""
        last = window[1].isoformat()
        also = dict.fromkeys([] if self.reads_all else unstamped.unstamped(window, held), last)
        # A record without a stamp is asked for all the same, so that it is set aside and not lost.
        return also | {code: stamp or last for code, stamp in self._pages.stamps(held).items()}

    def records(self, codes: Sequence[str], held: HeldPages) -> Iterator[Record]:
        """Yield the records of these codes. Only codes that are on no page (failed before) are asked for.

        A code that ODT does not know is gone from its API, which confirms no deletion: archived records may
        be missing from ODT.
        """
        wanted = set(codes)
        on_pages = wanted & self._pages.stamps(held).keys()
        yield from self._pages.records(on_pages, held)
        yield from self._changes.records_by_code(sorted(wanted - on_pages), held)

    def closing(self, held: HeldPages) -> Iterator[Page]:
        """Yield the day of the load once more. Raises SourceChanged if another load came in between."""
        if held.has(LOAD_LAST):
            return
        self._report_equal_dates()
        reply = self._api.versions()
        first = newest_version(Reply("", b"", json.loads(held.read(LOAD_FIRST))))
        last = newest_version(reply)
        if first != last:
            raise SourceChanged(f"the load of {last} came after that of {first}")
        yield _page(LOAD_LAST, reply)

    def _report_equal_dates(self) -> None:
        """Warn if Legal dates seldom repeat the Operational ones: the rule about them rests on that."""
        pairs, equal = self._pages.rules[BOTH_PAIRS], self._pages.rules[EQUAL_PAIRS]
        is_rare = pairs >= ENOUGH_PAIRS and equal < EXPECTED_EQUAL * pairs
        log.log(
            logging.WARNING if is_rare else logging.INFO,
            "%s: Legal dates repeat the Operational ones in %d of %d pairs%s",
            self.title,
            equal,
            pairs,
            f"; over {EXPECTED_EQUAL:.0%} are expected, so look at the records of this fetch"
            if is_rare
            else "",
        )

    def record_path(self, code: str, form: Form) -> str:
        """Return the path and query of one record with its relationships."""
        return f"/Organization?_id={code}&_revinclude=OrganizationAffiliation:primary-organization"


def _page(name: str, reply: Reply) -> Page:
    return Page(name, reply.url_path, reply.content)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
