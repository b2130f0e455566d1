"""A recorded fetch folder as a delta source: it answers what was answered then.

Lives here: a source over files. The package itself copies recorded fetches byte for byte instead, because
their receipt is part of what was recorded.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ods_pipeline.sources.due import Window
from ods_pipeline.sources.fields import FIELDS, Form, silent_by_form
from ods_pipeline.sources.ord.answers import linked_codes, listed_rows
from ods_pipeline.sources.protocol import HeldPages, Page, Record
from ods_pipeline.sources.receipt import read_fetch_receipt

LISTS = ("roles.json", "rels.json", "recordclasses.json")


class Replay:
    """One recorded fetch. Codes that were gone then are gone again."""

    name, title, last_page = "recorded", "the recorded fetch", "sync.json"
    form: Form = "json"
    batch = 3
    needs_closing = False
    derives_records = reads_all = False

    def __init__(self, folder: Path) -> None:
        self._folder, self._receipt = folder, read_fetch_receipt(folder)
        self.address = folder.as_uri()
        self.says = FIELDS - silent_by_form(self.form)

    def close(self) -> None:
        """Has nothing to close."""

    def ensure_available(self) -> None:
        """Can always be asked."""

    def code_lists(self, held: HeldPages) -> Iterator[Page]:
        return map(self._page, LISTS)

    def deletions(self, held: HeldPages) -> Iterator[Page]:
        yield self._page("notifications.json")

    def changed(self, window: Window, held: HeldPages) -> Iterator[Page]:
        return map(self._page, [*sorted(p.name for p in self._folder.glob("search-*.json")), self.last_page])

    def stamps(self, window: Window, held: HeldPages) -> dict[str, str]:
        pages = [name for name in held.names() if name.startswith("search-")]
        stamps = {code: stamp for name in pages for code, stamp in listed_rows(held.read(name))}
        if held.has(self.last_page):
            codes = linked_codes(held.read(self.last_page))
            stamps |= {code: self._receipt.stamps_to for code in codes if code not in stamps}
        return stamps

    def records(self, codes: Sequence[str], held: HeldPages) -> Iterator[Record]:
        for code in codes:
            status = self._receipt.gone.get(code, 200)
            path = self._folder / self.record_path(code, self.form)
            yield Record(code, path.read_bytes() if status == 200 else b"", status)

    def closing(self, held: HeldPages) -> Iterator[Page]:
        return iter(())

    def record_path(self, code: str, form: Form) -> str:
        return f"organisations/{code}.{form}"

    def _page(self, name: str) -> Page:
        return Page(name, name, (self._folder / name).read_bytes())
