"""A        return dict(sorted(found.items(), key=lambda item: (item[1] < first, item[1], item[0])))

Lives here: the folder ``raw/ord/fetch=<UTC stamp>`` from its first file to its receipt. Does not live here:
asking (``fetch.py``). What is only of use until the receipt is written lies in ``.work`` inside the folder:
the plan, the codes that were found gone, and those that failed. An answer is written whole or not at all.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from ods_pipeline.dataroot.files import flush
from ods_pipeline.sources.due import Window
from ods_pipeline.sources.ord.client import codes_of, rows_of
from ods_pipeline.sources.receipt import SHAPE

SYNC = "sync.json"
# A few codes are gone on any day. Most of a list gone is a fault of the API, not the end of the NHS.
GONE_LIMIT, GONE_SHARE = 20, 0.1
# So many codes may fail for good that did not before: a fault of theirs. More are a fault of the API.
UNANSWERED_LIMIT = 2
_WORK, _PLAN, _GONE, _FAILED = ".work", "plan.json", "gone", "failed"


@dataclass
class Plan:
    """What a fetch is about. Dates are ISO, stamps inclusive; ``as_of`` is the UK date on which it began.

    ``total`` is the number of search rows announced; ``paths`` maps each list kept to the path it answers.
    ``also`` maps codes that earlier fetches got no answer for to the stamp they had then.
    """

    started_at: str
    as_of: str
    stamps_from: str
    stamps_to: str
    base_url: str
    form: str
    total: int | None = None
    paths: dict[str, str] = field(default_factory=dict)
    also: dict[str, str] = field(default_factory=dict)

    @property
    def window(self) -> Window:
        return date.fromisoformat(self.stamps_from), date.fromisoformat(self.stamps_to)

    def is_like(self, other: "Plan") -> bool:
        """Whether answers to the one are answers to the other."""
        same = ("as_of", "stamps_from", "stamps_to", "base_url", "form")
        return all(getattr(self, name) == getattr(other, name) for name in same)


class Unfinished:
    """A fetch folder without a receipt."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan

    @classmethod
    def start(cls, raw_fetches: Path, at: datetime, plan: Plan) -> "Unfinished":
        """A new folder, named after the moment (UTC), or after the next second that is free."""
        while (folder := raw_fetches / f"fetch={at:%Y%m%dT%H%M%SZ}").exists():
            at += timedelta(seconds=1)
        (folder / _WORK / _GONE).mkdir(parents=True)
        (folder / "organisations").mkdir()
        begun = cls(folder, plan)
        begun.save_plan()
        return begun

    @classmethod
    def all_in(cls, raw_fetches: Path) -> list["Unfinished"]:
        """The unfinished fetches below ``raw/ord``, oldest first. A folder without ``.work`` is not ours."""
        found = []
        for work in sorted(raw_fetches.glob(f"fetch=*/{_WORK}")):
            folder = work.parent
            if (folder / "receipt.json").exists():  # killed between the receipt and the clearing up
                shutil.rmtree(work)
                continue
            try:
                found.append(cls(folder, Plan(**json.loads((work / _PLAN).read_bytes()))))
            except (FileNotFoundError, ValueError, TypeError, RecursionError):
                _drop(folder)  # its plan was never written: nothing was asked yet
        return found

    def save_plan(self) -> None:
        _write(self.folder / _WORK / _PLAN, json.dumps(asdict(self.plan), indent=2).encode())

    def keep_list(self, name: str, url_path: str, body: bytes) -> None:
        """Keeps one of the lists (search pages, sync, code lists, notifications)."""
        _write(self.folder / name, body)
        self.plan.paths[name] = url_path
        self.save_plan()

    def has_list(self, name: str) -> bool:
        return name in self.plan.paths and (self.folder / name).exists()

    def forget_search(self) -> None:
        """Drops the pages of search, so that they are asked for from the start."""
        for name in [*self._pages()]:
            (self.folder / name).unlink()
            del self.plan.paths[name]
        self.plan.total = None
        self.save_plan()

    def keep_answer(self, code: str, body: bytes) -> None:
        _write(self._answer(code), body)

    def keep_gone(self, code: str, status: int) -> None:
        _write(self.folder / _WORK / _GONE / code, str(status).encode())

    def gone(self) -> dict[str, int]:
        """The codes found gone, with the HTTP status."""
        return {p.name: int(p.read_bytes()) for p in sorted((self.folder / _WORK / _GONE).iterdir())}

    def forget_false_gone(self) -> tuple[int, int]:
        """Makes the codes found gone open again if they are so many of those answered that the API is at
        fault; returns how many, 0 if all is well, and how many were answered."""
        answered = [code for code in self.wanted() if self.is_answered(code)]
        gone = self.gone().keys() & set(answered)
        if len(gone) <= max(GONE_LIMIT, GONE_SHARE * len(answered)):
            return 0, len(answered)
        for code in gone:
            (self.folder / _WORK / _GONE / code).unlink()
        return len(gone), len(answered)

    def keep_failed(self, code: str, why: str) -> None:
        """Keeps that a code was asked for in vain. An answer that comes later counts all the same."""
        path = self.folder / _WORK / _FAILED / code
        path.parent.mkdir(exist_ok=True)
        _write(path, why.encode())

    def unanswered(self) -> dict[str, str]:
        """The codes that were asked for in vain, with why, and without which the fetch can be complete: those
        of ``also``, which failed before, and new ones if they are few."""
        kept = [p for p in sorted((self.folder / _WORK / _FAILED).glob("*")) if not p.suffix]
        failed = {p.name: p.read_text(encoding="utf-8") for p in kept if not self.is_answered(p.name)}
        new = failed.keys() - self.plan.also.keys()
        return {c: why for c, why in failed.items() if c not in new or len(new) <= UNANSWERED_LIMIT}

    def is_answered(self, code: str) -> bool:
        answer = self._answer(code)
        return (answer.exists() and answer.stat().st_size > 0) or (
            self.folder / _WORK / _GONE / code
        ).exists()

    def rows(self) -> dict[str, str]:
        """Code and stamp of every search row kept."""
        return {c: s for name in self._pages() for c, s in rows_of((self.folder / name).read_bytes())}

    def is_readable(self) -> bool:
        """Whether the lists kept are whole: a machine that lost its power may have left empty ones."""
        try:
            _ = self.wanted() if self.has_list(SYNC) else self.rows()
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        return True

    def pages(self) -> int:
        return len([*self._pages()])

    def wanted(self) -> dict[str, str]:
        """The codes to ask for, with their stamps: search rows within the window, what only sync lists,
        and what is asked for again.

        Sync does not say a stamp; such a code counts as stamped last. In order of stamp, then code: what an
        interruption leaves is complete up to some stamp. Stamps outside of the window come last.
        """
        rows, (first, last) = self.rows(), (self.plan.stamps_from, self.plan.stamps_to)
        found = self.plan.also | {code: stamp for code, stamp in rows.items() if first <= stamp <= last}
        for code in codes_of((self.folder / SYNC).read_bytes()):
            if code not in rows:
                found[code] = last

        def place(item: tuple[str, str]) -> tuple[bool, str, str]:
            return not first <= item[1] <= last, item[1], item[0]

        return dict(sorted(found.items(), key=place))

    def finish(self, at: datetime) -> Path:
        """Writes the receipt: the fetch is complete. Every wanted code must be answered, but for
        ``unanswered``."""
        unanswered = [*self.unanswered()]
        self._write_receipt(sorted(self.wanted().keys() - {*unanswered}), unanswered, self.plan.stamps_to, at)
        return self.folder

    def finish_early(self, at: datetime) -> Window | None:
        """Completes the fetch up to its last stamp of which every code is answered, but for ``unanswered``;
        the window that it then covers, or None if there is no such stamp and the folder is gone. 404s that
        are a fault of the API are no answers: their codes are open."""
        first, last = self.plan.window
        if self.has_list(SYNC) and self.is_readable():
            self.forget_false_gone()
            wanted, unanswered = self.wanted(), self.unanswered()
            open_codes = [c for c in wanted if c not in unanswered and not self.is_answered(c)]
            open_stamps = [s for c in open_codes if str(first) <= (s := wanted[c]) <= str(last)]
            if open_stamps:
                last = date.fromisoformat(min(open_stamps)) - timedelta(days=1)
            if first <= last:
                to = last.isoformat()
                answered = sorted(filter(self.is_answered, wanted))
                self._write_receipt(answered, [c for c in unanswered if wanted[c] <= to], to, at)
                return first, last
        _drop(self.folder)
        return None

    def _write_receipt(self, codes: list[str], unanswered: list[str], stamps_to: str, at: datetime) -> None:
        suffix = f".{self.plan.form}"
        query = "?_format=xml" if self.plan.form == "xml" else ""
        wanted, failed = self.wanted(), self.unanswered()
        paths = dict(self.plan.paths)
        paths |= {f"organisations/{c}{suffix}": f"/organisations/{c}{query}" for c in codes}
        gone = {code: status for code, status in self.gone().items() if code in set(codes)}
        files = []
        for name in sorted(paths):
            if Path(name).stem in gone:
                continue
            body = (self.folder / name).read_bytes()
            digest = hashlib.sha256(body).hexdigest()
            files.append({"path": name, "url_path": paths[name], "bytes": len(body), "sha256": digest})
        receipt = {
            "shape": SHAPE,
            "kind": "ord_fetch",
            "source": "ord",
            "sample": False,
            "base_url": self.plan.base_url,
            "started_at": self.plan.started_at,
            "finished_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "as_of": self.plan.as_of,
            "stamps_from": self.plan.stamps_from,
            "stamps_to": stamps_to,
            "codes": codes,
            "gone": [{"ods_code": code, "http_status": status} for code, status in gone.items()],
            "unanswered": [{"ods_code": c, "stamp": wanted[c], "why": failed[c]} for c in unanswered],
            "files": files,
        }
        flush(self.folder / "organisations")
        _write(
            self.folder / "receipt.json", json.dumps(receipt, indent=2, ensure_ascii=False).encode() + b"\n"
        )
        flush(self.folder, self.folder.parent)
        shutil.rmtree(self.folder / _WORK)

    def _pages(self) -> Iterator[str]:
        return (n for n in sorted(self.plan.paths) if n.startswith("search-") and (self.folder / n).exists())

    def _answer(self, code: str) -> Path:
        return self.folder / "organisations" / f"{code}.{self.plan.form}"


def _write(path: Path, body: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(body)
    flush(partial)
    partial.replace(path)


def _drop(folder: Path) -> None:
    """Removes a fetch. Under another name first: half of one must not be taken for a fetch on its way."""
    going = folder.with_name(f".{folder.name}.old")
    folder.rename(going)
    shutil.rmtree(going)
