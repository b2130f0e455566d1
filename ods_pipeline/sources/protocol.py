"""What every delta source offers. The fetch machinery knows this protocol and nothing else of a source.

Lives here: the protocol, and the three things that pass through it (a page, a record, the news that the
source has changed). Does not live here: asking over HTTP (``http.py``), the order of the questions
(``fetch.py``), the sources themselves (``ord/``, ``odt/``), which source a run asks (``deltas.py``).

A source answers with *pages* and *records*. A page is one file of the fetch folder, kept as it came or
translated. A record is one organisation, as JSON or XML in the shape of the ORD API. A source with another
shape keeps its own answers as pages under names of its own, and translates them into records and into the
four lists that ``flatten/json/lists.py`` reads: ``roles.json``, ``rels.json``, ``recordclasses.json`` and
``notifications.json``.

Pages are on disk before the next question. A fetch that is resumed gives the source the pages that it holds
(``HeldPages``), and the source asks only for the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ods_pipeline.sources.due import Window
from ods_pipeline.sources.fields import Form


@dataclass(frozen=True)
class Page:
    """One file of a fetch folder that is not a record.

    ``name`` is its path in the folder; ``url_path`` is the path and query that it answers. ``announced`` is
    the number of changes that the source has announced so far; None if this page announces none.
    """

    name: str
    url_path: str
    content: bytes
    announced: int | None = None


@dataclass(frozen=True)
class Record:
    """The answer about one code.

    ``status`` is 200, or the HTTP status (404, 410) of a code that is listed and gone. ``is_other`` marks an
    answer about another code: it is kept here, and set aside when it is flattened.
    """

    code: str
    content: bytes
    status: int = 200
    is_other: bool = False


class SourceChanged(Exception):
    """The source changed while it was read, so that its answers do not belong together.

    ``forget`` names the pages that must be asked for again.
    """

    def __init__(self, why: str, forget: Iterable[str] = ()) -> None:
        super().__init__(why)
        self.why, self.forget = why, tuple(forget)


class HeldPages(Protocol):
    """The pages that a fetch holds already."""

    @property
    def announced(self) -> int | None:
        """The number of changes announced; None before the first page that announces it."""
        ...

    def names(self) -> list[str]:
        """Return the names of the pages held, sorted."""
        ...

    def has(self, name: str) -> bool:
        """Return whether the fetch holds this page."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of a page."""
        ...


class DeltaSource(Protocol):
    """A source of changed records.

    Methods that ask raise ``Unreachable`` when no answer comes, and ``OdsError`` when the source refuses.
    Each of them may be called by one thread only, except ``records``.
    """

    @property
    def name(self) -> str:
        """The source in receipts and in ``captures.source``, e.g. ``ord``."""
        ...

    @property
    def title(self) -> str:
        """The source in messages, e.g. ``the ORD API``."""
        ...

    @property
    def address(self) -> str:
        """The address that the receipt records as ``base_url``. It holds no key."""
        ...

    @property
    def form(self) -> Form:
        """The form of the records."""
        ...

    @property
    def says(self) -> frozenset[str]:
        """The fields that a record can hold at all, out of ``fields.FIELDS``."""
        ...

    @property
    def batch(self) -> int:
        """How many codes one call of ``records`` may ask for, at least 1."""
        ...

    @property
    def last_page(self) -> str:
        """The name of the page that completes the list of changes."""
        ...

    @property
    def needs_closing(self) -> bool:
        """Whether only ``closing`` proves a fetch. A fetch that is cut short is dropped then."""
        ...

    @property
    def derives_records(self) -> bool:
        """Whether records are made from the pages held, so that they can be made again."""
        ...

    @property
    def reads_all(self) -> bool:
        """Whether ``changed`` lists every record of the register, whatever its stamp."""
        ...

    def ensure_available(self) -> None:
        """Raise OdsError if the source must not be asked now."""
        ...

    def code_lists(self, held: HeldPages) -> Iterator[Page]:
        """Return the code lists that are not held yet."""
        ...

    def deletions(self, held: HeldPages) -> Iterator[Page]:
        """Return the lists of deletions that are not held yet."""
        ...

    def changed(self, window: Window, held: HeldPages) -> Iterator[Page]:
        """Return the pages that list the changes of a window, those held left out; ``last_page`` comes last.

        Each page is kept before the iterator goes on. Raises SourceChanged if the list changed meanwhile.
        """
        ...

    def stamps(self, window: Window, held: HeldPages) -> dict[str, str]:
        """Return the codes on the pages held, each with its stamp (ISO). Asks nothing.

        Codes stamped outside the window may be among them. Raises ValueError, KeyError or TypeError if a page
        is damaged.
        """
        ...

    def records(self, codes: Sequence[str], held: HeldPages) -> Iterator[Record]:
        """Return the answers about at most ``batch`` codes. Several threads call it at once.

        An OdsError, or a missing answer, makes the codes without an answer failed ones; the fetch goes on.
        """
        ...

    def closing(self, held: HeldPages) -> Iterator[Page]:
        """Return the pages asked for last, when every record is held.

        Raises SourceChanged if the answers of this fetch do not belong together; the fetch then starts again.
        """
        ...

    def record_path(self, code: str, form: Form) -> str:
        """Return the path and query of one record, for the receipt."""
        ...

    def close(self) -> None:
        """End all waiting and asking. May be called twice."""
        ...
