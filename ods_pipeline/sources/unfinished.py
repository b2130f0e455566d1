"""A fetch folder without a receipt: what it holds, what is still open, and how it is completed.

Lives here: the folder ``raw/ord/fetch=<UTC stamp>`` from its first file to its receipt. Does not live here:
asking (``fetch.py``), the form of the receipt (``receipt.py``). Files that are needed only until the receipt
is written lie in ``.work`` inside the folder: the plan, the codes that are gone, and the codes that failed.
An answer is written whole or not at all.
"""

import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

from ods_pipeline.dataroot.files import flush
from ods_pipeline.dataroot.layout import RECEIPT
from ods_pipeline.sources.due import Window
from ods_pipeline.sources.plan import Plan
from ods_pipeline.sources.protocol import DeltaSource, Page
from ods_pipeline.sources.receipt import RECORDS, FetchReceipt, Unanswered, write_fetch_receipt

# A few codes are gone on any day. Most of a list gone is a fault of the source, not the end of the NHS.
GONE_LIMIT, GONE_SHARE = 20, 0.1
# This many new codes, or this share of all, may fail for good: the fault is theirs. If more fail, the source
# is at fault. Three broken records of 20,000 must not hold back every day.
UNANSWERED_LIMIT, UNANSWERED_SHARE = 2, 0.001
RESUME = "Run it again the same day: only what is missing is asked for"
_WORK, _PLAN, _GONE, _FAILED = ".work", "plan.json", "gone", "failed"


def unanswered_limit(codes: int) -> int:
    """Return how many new codes of a fetch of this many codes may get no answer."""
    return max(UNANSWERED_LIMIT, int(UNANSWERED_SHARE * codes))


def unfinished_folders(raw_fetches: Path) -> list[Path]:
    """Return the unfinished folders below ``raw/ord``, oldest first.

    A folder without ``.work`` is not ours.
    """
    return sorted(work.parent for work in raw_fetches.glob(f"fetch=*/{_WORK}"))


class Unfinished:
    """A fetch folder without a receipt, and the source that it asks. It is the source's ``HeldPages``."""

    def __init__(self, folder: Path, plan: Plan, source: DeltaSource) -> None:
        self.folder, self.plan, self._source = folder, plan, source

    @classmethod
    def start(cls, raw_fetches: Path, at: datetime, plan: Plan, source: DeltaSource) -> "Unfinished":
        """Return a new folder, named after the moment (UTC), or after the next second that is free."""
        while (folder := raw_fetches / f"fetch={at:%Y%m%dT%H%M%SZ}").exists() and not _is_empty(folder):
            at += timedelta(seconds=1)
        (folder / _WORK / _GONE).mkdir(parents=True)
        (folder / RECORDS).mkdir()
        fetch = cls(folder, plan, source)
        fetch.save_plan()
        return fetch

    @classmethod
    def all_in(cls, raw_fetches: Path, source: DeltaSource) -> list["Unfinished"]:
        """Return the unfinished fetches of a source, oldest first. Clears up what a kill left of others."""
        fetches = []
        for folder in unfinished_folders(raw_fetches):
            work = folder / _WORK
            if (folder / RECEIPT).exists():  # killed after the receipt was written, before .work was removed
                shutil.rmtree(work)
                continue
            try:
                plan = Plan(**json.loads((work / _PLAN).read_bytes()))
            except (FileNotFoundError, ValueError, TypeError, RecursionError):
                _drop(folder)  # its plan was never written, so nothing was asked yet
                continue
            if plan.source == source.name:
                fetches.append(cls(folder, plan, source))
        return fetches

    def save_plan(self) -> None:
        """Write the plan, whole or not at all."""
        _write(self.folder / _WORK / _PLAN, json.dumps(self.plan.to_json(), indent=2).encode())

    @property
    def announced(self) -> int | None:
        """The number of changes that the source announced; None before it did."""
        return self.plan.total

    def names(self) -> list[str]:
        """Return the names of the pages held, sorted."""
        return sorted(name for name in self.plan.paths if (self.folder / name).exists())

    def has(self, name: str) -> bool:
        """Return whether this page is held."""
        return name in self.plan.paths and (self.folder / name).exists()

    def read(self, name: str) -> bytes:
        """Return the content of a page."""
        return (self.folder / name).read_bytes()

    def keep_page(self, page: Page) -> None:
        """Keep a page, then note it in the plan."""
        _write(self.folder / page.name, page.content)
        if page.announced is not None:
            self.plan.total = page.announced
        self.plan.paths[page.name] = page.url_path
        self.save_plan()

    def forget_pages(self, names: tuple[str, ...]) -> None:
        """Drop these pages and the number announced, so that they are asked for from the start."""
        for name in names:
            if self.plan.paths.pop(name, None) is not None:
                (self.folder / name).unlink(missing_ok=True)
        self.plan.total = None
        self.save_plan()

    def drop(self) -> None:
        """Remove the folder."""
        _drop(self.folder)

    def keep_answer(self, code: str, content: bytes) -> None:
        """Keep the record of a code.

        One that can be made again from the pages held is flushed with all others before the receipt: a
        register of 280,000 records would wait for the disk for an hour.
        """
        _write(self._answer(code), content, durable=not self._source.derives_records)

    def forget_answers(self) -> None:
        """Remove the records kept. A loss of power may have left empty ones, unless each was flushed."""
        shutil.rmtree(self.folder / RECORDS)
        (self.folder / RECORDS).mkdir()

    def keep_gone(self, code: str, status: int) -> None:
        """Note that a code is gone, with the HTTP status."""
        _write(self.folder / _WORK / _GONE / code, str(status).encode())

    def gone(self) -> dict[str, int]:
        """Return the codes noted as gone, with the HTTP status."""
        return {p.name: int(p.read_bytes()) for p in sorted((self.folder / _WORK / _GONE).iterdir())}

    def forget_false_gone(self) -> tuple[int, int]:
        """Open the gone codes again if there are so many that the source is at fault.

        Returns how many codes were opened (0 if all is well), and how many had been answered.
        """
        answered = [code for code in self.wanted() if self.is_answered(code)]
        gone = self.gone().keys() & set(answered)
        if len(gone) <= max(GONE_LIMIT, GONE_SHARE * len(answered)):
            return 0, len(answered)
        for code in gone:
            (self.folder / _WORK / _GONE / code).unlink()
        return len(gone), len(answered)

    def keep_failed(self, code: str, why: str) -> None:
        """Note that a code got no answer. An answer that comes later counts all the same."""
        path = self.folder / _WORK / _FAILED / code
        path.parent.mkdir(exist_ok=True)
        _write(path, why.encode())

    def unanswered(self) -> dict[str, str]:
        """Return the codes without an answer that the fetch can be complete without, each with the reason.

        These are the codes of ``also``, which failed before, and new ones as long as they are few.
        """
        limit = unanswered_limit(len(self.wanted()))
        notes = [p for p in sorted((self.folder / _WORK / _FAILED).glob("*")) if not p.suffix]
        failed = {p.name: p.read_text(encoding="utf-8") for p in notes if not self.is_answered(p.name)}
        new = failed.keys() - self.plan.also.keys()
        return {c: why for c, why in failed.items() if c not in new or len(new) <= limit}

    def is_answered(self, code: str) -> bool:
        """Return whether the record of a code is held, or the code is gone."""
        answer = self._answer(code)
        return (answer.exists() and answer.stat().st_size > 0) or (
            self.folder / _WORK / _GONE / code
        ).exists()

    def is_listed(self) -> bool:
        """Return whether the list of changes is complete."""
        return self.has(self._source.last_page)

    def is_readable(self) -> bool:
        """Return whether the pages held are whole: a machine that lost its power may have left empty ones."""
        try:
            self.wanted()
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        return True

    def wanted(self) -> dict[str, str]:
        """Return the codes to ask for, with stamps: changes within the window, and the codes of ``also``.

        A read of the whole register asks for every code.
        They come in order of stamp, then code, so that an interrupted fetch is complete up to some stamp.
        Stamps outside the window come last.
        """
        first, last = self.plan.stamps_from, self.plan.stamps_to
        changes = self._source.stamps(self.plan.window, self)
        if not self.plan.whole:
            changes = {code: stamp for code, stamp in changes.items() if first <= stamp <= last}
        stamps = self.plan.also | changes

        def place(item: tuple[str, str]) -> tuple[bool, str, str]:
            return not first <= item[1] <= last, item[1], item[0]

        return dict(sorted(stamps.items(), key=place))

    def finish(self, at: datetime) -> Path:
        """Write the receipt, which makes the fetch complete, and return the folder.

        Every wanted code must have an answer, except those in ``unanswered``.
        """
        unanswered = [*self.unanswered()]
        self._write_receipt(sorted(self.wanted().keys() - {*unanswered}), unanswered, self.plan.stamps_to, at)
        return self.folder

    def finish_early(self, at: datetime) -> Window | None:
        """Complete the fetch up to the last stamp whose codes all have an answer or are in ``unanswered``.

        Returns the window that the fetch then covers. None if there is no such stamp, or if the source needs
        its closing pages; the folder is removed then. A code wrongly called gone has no answer.
        """
        first, last = self.plan.window
        if not self._source.needs_closing and self.is_listed() and self.is_readable():
            self.forget_false_gone()
            wanted, unanswered = self.wanted(), self.unanswered()
            open_codes = [c for c in wanted if c not in unanswered and not self.is_answered(c)]
            open_stamps = [s for c in open_codes if str(first) <= (s := wanted[c]) <= str(last)]
            if open_stamps:
                last = date.fromisoformat(min(open_stamps)) - timedelta(days=1)
            if first <= last:
                stamps_to = last.isoformat()
                answered = sorted(filter(self.is_answered, wanted))
                unanswered_by_then = [c for c in unanswered if wanted[c] <= stamps_to]
                self._write_receipt(answered, unanswered_by_then, stamps_to, at)
                return first, last
        self.drop()
        return None

    def _write_receipt(self, codes: list[str], unanswered: list[str], stamps_to: str, at: datetime) -> None:
        plan, wanted, failed = self.plan, self.wanted(), self.unanswered()
        gone = {code: status for code, status in self.gone().items() if code in set(codes)}
        form = "xml" if plan.form == "xml" else "json"
        paths = plan.paths | {
            f"{RECORDS}/{code}.{form}": self._source.record_path(code, form)
            for code in codes
            if code not in gone
        }
        if self._source.derives_records:
            flush(*sorted((self.folder / RECORDS).iterdir()))
        flush(self.folder / RECORDS)
        write_fetch_receipt(
            self.folder,
            FetchReceipt(
                source=plan.source,
                sample=False,
                as_of=plan.as_of,
                stamps_from=plan.stamps_from,
                stamps_to=stamps_to,
                codes=tuple(codes),
                gone=gone,
                unanswered={code: Unanswered(wanted[code], failed[code]) for code in unanswered},
                files=(),
                sha256="",
                silent=None if plan.silent is None else tuple(plan.silent),
                whole=plan.whole,
            ),
            paths,
            base_url=plan.base_url,
            started_at=plan.started_at,
            finished_at=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        )
        shutil.rmtree(self.folder / _WORK)

    def _answer(self, code: str) -> Path:
        return self.folder / RECORDS / f"{code}.{self.plan.form}"


def _is_empty(folder: Path) -> bool:
    """Return whether nothing is in a folder: a run was killed right after it made it."""
    return folder.is_dir() and not any(folder.iterdir())


def _write(path: Path, content: bytes, *, durable: bool = True) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    if durable:
        flush(partial)
    partial.replace(path)


def _drop(folder: Path) -> None:
    """Remove a fetch. It is renamed first, so that half of it is not taken for an unfinished fetch."""
    leaving = folder.with_name(f".{folder.name}.old")
    folder.rename(leaving)
    shutil.rmtree(leaving)
