"""A delta source that the package does not know: a catalogue in memory, with a shape of its own.

Lives here: a source that works as a FHIR service does. Its pages hold several organisations each, a load day
proves that they belong together, deletions come in four lists, and code lists come from code systems. Does
not live here: the fetch machinery, which is the package's own.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ods_pipeline.sources.due import Window
from ods_pipeline.sources.fields import FIELDS, Form
from ods_pipeline.sources.protocol import HeldPages, Page, Record, SourceChanged
from ods_pipeline_tests.support.builders import CODE_LISTS, make_record

PAGE_SIZE = 2
FIRST_LOAD, LAST_LOAD = "load-first.json", "load-last.json"
SYSTEMS = {
    "roles": ("roles.json", "Roles"),
    "relationships": ("rels.json", "Relationships"),
    "record_classes": ("recordclasses.json", "RecordClasses"),
}
DELETION_LISTS = ("organization", "affiliation", "role", "succession")


class Catalogue:
    """The catalogue itself: entries by code, deletions, the day of its last load, and a log of questions."""

    def __init__(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        self.entries = {code: dict(entry) for code, entry in entries.items()}
        self.deleted: dict[str, str] = {}
        self.load_day = "2026-09-04"
        self.before_answer: Callable[[str], None] = lambda _: None
        self.log: list[str] = []

    def answer(self, question: str, content: Callable[[], Any]) -> bytes:
        """The answer to a question, as JSON bytes."""
        self.log.append(question)
        self.before_answer(question)
        return json.dumps(content()).encode()


class CatalogueSource:
    """The catalogue as a delta source."""

    name, title, address = "catalogue", "the catalogue", "memory:"
    form: Form = "json"
    batch = 50
    last_page = "changes-done.json"
    needs_closing = True
    derives_records = reads_all = False

    def __init__(self, catalogue: Catalogue, fields: frozenset[str] = FIELDS) -> None:
        self._catalogue, self.says = catalogue, fields

    def close(self) -> None:
        """Has nothing to close."""

    def ensure_available(self) -> None:
        """Can always be asked."""

    def code_lists(self, held: HeldPages) -> Iterator[Page]:
        for system, (name, key) in SYSTEMS.items():
            if not held.has(name):
                concepts = json.loads(self._ask(f"/system/{system}", lambda s=system: CODE_LISTS[s]))
                yield Page(name, f"/system/{system}", json.dumps({key: concepts}).encode())

    def deletions(self, held: HeldPages) -> Iterator[Page]:
        for kind in DELETION_LISTS:
            name = f"deleted-{kind}.json"
            if not held.has(name):
                yield Page(name, f"/deleted/{kind}", self._ask(f"/deleted/{kind}", self._deleted(kind)))
        if not held.has("notifications.json"):
            deleted = json.loads(held.read("deleted-organization.json"))
            notices = [{"OrgID": code, "time": day, "reason": None} for code, day in deleted.items()]
            translated = json.dumps({"DeletedOrganisations": notices}).encode()
            yield Page("notifications.json", "/deleted/organization", translated)

    def changed(self, window: Window, held: HeldPages) -> Iterator[Page]:
        if not held.has(FIRST_LOAD):
            yield Page(FIRST_LOAD, "/load", self._load_day())
        if held.has(self.last_page):
            return
        codes = sorted(self._catalogue.entries)
        for number, at in enumerate(range(0, len(codes), PAGE_SIZE), start=1):
            name, path = f"bundle-{number:04d}.json", f"/changes?since={window[0]}&from={at}"
            if not held.has(name):
                yield Page(name, path, self._ask(path, self._bundle(codes[at : at + PAGE_SIZE])), len(codes))
        yield Page(self.last_page, "/changes/count", self._ask("/changes/count", lambda: len(codes)))

    def stamps(self, window: Window, held: HeldPages) -> dict[str, str]:
        return {code: entry["stamp"] for code, entry in _entries(held).items()}

    def records(self, codes: Sequence[str], held: HeldPages) -> Iterator[Record]:
        entries = _entries(held)
        for code in codes:
            if entries.get(code, {}).get("lost"):
                continue
            yield Record(code, json.dumps({"Organisation": _as_ord(code, entries[code])}).encode())

    def closing(self, held: HeldPages) -> Iterator[Page]:
        last = self._load_day()
        if last != held.read(FIRST_LOAD):
            raise SourceChanged(f"a load of {json.loads(last)} came in between")
        yield Page(LAST_LOAD, "/load", last)

    def record_path(self, code: str, form: Form) -> str:
        return f"/entry/{code}"

    def _load_day(self) -> bytes:
        return self._ask("/load", lambda: self._catalogue.load_day)

    def _bundle(self, codes: Sequence[str]) -> Callable[[], Any]:
        return lambda: {code: self._catalogue.entries[code] for code in codes}

    def _deleted(self, kind: str) -> Callable[[], Any]:
        return lambda: self._catalogue.deleted if kind == "organization" else {}

    def _ask(self, question: str, content: Callable[[], Any]) -> bytes:
        return self._catalogue.answer(question, content)


def _entries(held: HeldPages) -> dict[str, dict[str, Any]]:
    bundles = [name for name in held.names() if name.startswith("bundle-")]
    return {code: entry for name in bundles for code, entry in json.loads(held.read(name)).items()}


def _as_ord(code: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The translator: an entry of the catalogue in the shape of an ORD record."""
    contacts = {"Contacts": {"Contact": [{"type": "fax", "value": entry["fax"]}]}} if "fax" in entry else {}
    return make_record(code, Name=entry["label"], LastChangeDate=entry["stamp"], **contacts)
