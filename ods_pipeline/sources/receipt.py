"""Receipts: what was received, from where, for which days. A folder without one is not complete.

Lives here: their form on disk, reading and writing. Does not live here: how the bytes were got.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ods_pipeline.dataroot.files import flush
from ods_pipeline.errors import BadFetch, BadRelease

SHAPE = 1
# Days (ISO, inclusive) that a release or fetch can speak for: one wrong digit in a year would move "now".
FIRST_DAY, LAST_DAY = "2000-01-01", "2099-12-31"
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")  # what can be asked for; codes are file names here
# What JSON of another shape can raise: nested too deeply, or with a number beyond all measure, too.
_NO_RECEIPT = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)
# No file. What else the machine says while it reads one is no fault of the receipt.
_NO_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_RELEASE_KEYS = ("file_name", "release_date", "source", "bytes", "sha256", "sha256_verified")


@dataclass(frozen=True)
class ReleaseReceipt:
    """What is known of a release file from outside. ``release_date`` is the date in the TRUD file name;
    ``sha256`` is lower-case hex; ``sha256_verified`` says that it agreed with the one TRUD published."""

    file_name: str
    release_date: str
    source: str
    bytes: int
    sha256: str
    sha256_verified: bool


@dataclass(frozen=True)
class FetchFile:
    """One answer kept by a fetch."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Unanswered:
    """A code that was asked for in vain: the stamp (ISO) under which it was listed, and what went wrong."""

    stamp: str
    why: str


@dataclass(frozen=True)
class FetchReceipt:
    """What a fetch asked for and got. ``stamps_from`` and ``stamps_to`` are both inclusive; ``as_of`` is the
    UK date of the fetch; ``gone`` maps codes that were listed but gone to the HTTP status; ``unanswered``
    has the codes that were asked for in vain; they are not among ``codes``."""

    source: str
    sample: bool
    as_of: str
    stamps_from: str
    stamps_to: str
    codes: tuple[str, ...]
    gone: dict[str, int]
    unanswered: dict[str, Unanswered]
    files: tuple[FetchFile, ...]
    sha256: str


def receipt_path(release: Path) -> Path:
    """Where the receipt of a release file lies: beside it."""
    return release.with_name(release.name + ".receipt.json")


def write_release_receipt(release: Path, receipt: ReleaseReceipt) -> None:
    """Writes the receipt beside the file, whole or not at all."""
    path = receipt_path(release)
    body = {"shape": SHAPE, "kind": "trud_release", **receipt.__dict__}
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    flush(partial)
    partial.replace(path)
    flush(path.parent)


def read_release_receipt(release: Path) -> ReleaseReceipt:
    """Raises BadRelease if the receipt is missing or no receipt."""
    path = receipt_path(release)
    try:
        body = json.loads(path.read_bytes())
        return ReleaseReceipt(*(body[k] for k in _RELEASE_KEYS))
    except (*_NO_FILE, *_NO_RECEIPT) as error:
        raise BadRelease(
            "its receipt is missing or damaged", where=release.name, do="Take the release in again"
        ) from error


def read_fetch_receipt(folder: Path) -> FetchReceipt:
    """Raises BadFetch if the receipt is missing, is no receipt, or names files outside its folder."""
    path = folder / "receipt.json"
    try:
        raw = path.read_bytes()
    except _NO_FILE as error:
        raise BadFetch(
            "it has no receipt: the fetch was not finished", where=folder.name, do="Let the fetch finish"
        ) from error
    try:
        return _parse(json.loads(raw), hashlib.sha256(raw).hexdigest())
    except _NO_RECEIPT as error:
        raise BadFetch(
            f"its receipt is damaged ({error})", where=folder.name, do="Fetch these stamps again"
        ) from error


def _parse(body: dict[str, Any], sha256: str) -> FetchReceipt:
    days = [date.fromisoformat(body[k]).isoformat() for k in ("as_of", "stamps_from", "stamps_to")]
    if not FIRST_DAY <= days[0] <= LAST_DAY:
        raise ValueError(f"no fetch was made on {days[0]}")
    if not FIRST_DAY <= days[1] <= days[2] <= LAST_DAY:
        raise ValueError(f"the stamps {days[1]} to {days[2]} are no range of days")
    files = tuple(FetchFile(_text(f["path"]), int(f["bytes"]), _text(f["sha256"])) for f in body["files"])
    for entry in files:
        if entry.path.startswith(("/", "\\")) or ".." in Path(entry.path).parts:
            raise ValueError(f"the path {entry.path!r} leads out of the folder")
    return FetchReceipt(
        source=_word(body["source"]),
        sample=bool(body.get("sample", False)),
        as_of=days[0],
        stamps_from=days[1],
        stamps_to=days[2],
        codes=tuple(map(_word, body["codes"])),
        gone={_word(g["ods_code"]): int(g["http_status"]) for g in body.get("gone", [])},
        unanswered=dict(map(_unanswered, body.get("unanswered", []))),
        files=files,
        sha256=sha256,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]!r} is no text")
    return value


def _unanswered(entry: dict[str, Any]) -> tuple[str, Unanswered]:
    code = _text(entry["ods_code"])
    if not CODE.fullmatch(code):  # it is asked for again: part of an address and of a file name
        raise ValueError(f"{code[:40]!r} is no ODS code")
    return code, Unanswered(date.fromisoformat(entry["stamp"]).isoformat(), _word(entry["why"]))


def _word(value: object) -> str:
    """Text that tables can hold: JSON can write what UTF-8 cannot (ValueError)."""
    word = _text(value)
    word.encode("utf-8")
    return word
