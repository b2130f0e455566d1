"""Receipts: what was received, from where, for which days. A folder without a receipt is not complete.

Lives here: the form of a receipt on disk, reading and writing it, and the hash of a file. Does not live here:
how the bytes were received (``fetch.py``, ``trud.py``, ``recorded.py``).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ods_pipeline.dataroot.files import flush
from ods_pipeline.dataroot.layout import RECEIPT, receipt_path
from ods_pipeline.errors import BadFetch, BadRelease

SHAPE = 1
# The folder of the records inside a fetch folder.
RECORDS = "organisations"
_TRUD_NAME = re.compile(r"_(\d{4})(\d{2})(\d{2})\d{6}\.zip$", re.IGNORECASE)
# The days (ISO, inclusive) that a release or fetch can be about. One wrong digit in a year would move "now".
FIRST_DAY, LAST_DAY = "2000-01-01", "2099-12-31"
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")  # what may be asked for: codes become file names here
# What JSON of another shape can raise. It may be nested too deeply, or hold a number that is too large.
_NO_RECEIPT = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)
# There is no such file. Any other error of the machine while it reads is no fault of the receipt.
_NO_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RELEASE_KEYS = ("file_name", "release_date", "source", "bytes", "sha256", "sha256_verified")


@dataclass(frozen=True)
class ReleaseReceipt:
    """What is known of a release file without opening it.

    ``release_date`` is the date in the TRUD file name; ``sha256`` is lower-case hex; ``sha256_verified`` is
    true if it agreed with the one that TRUD published.
    """

    file_name: str
    release_date: str
    source: str
    bytes: int
    sha256: str
    sha256_verified: bool


@dataclass(frozen=True)
class FetchFile:
    """One file of a fetch."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Unanswered:
    """A code that got no answer: the stamp (ISO) under which it was listed, and the reason."""

    stamp: str
    why: str


@dataclass(frozen=True)
class FetchReceipt:
    """What a fetch asked for and received.

    ``stamps_from`` and ``stamps_to`` are both inclusive; ``as_of`` is the UK date of the fetch. ``gone`` maps
    codes that were listed but gone to the HTTP status. ``unanswered`` holds the codes that got no answer;
    they are not among ``codes``. ``silent`` names the fields that the source leaves out; None if they are
    those that the form of each record implies (``fields.silent_by_form``). ``sha256`` is the hash of the
    receipt itself. ``whole``: it asked for every record of the register, whatever its stamp.
    """

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
    silent: tuple[str, ...] | None = None
    whole: bool = False


def date_in_name(name: str) -> str | None:
    """Return the release date (ISO) in the name of a TRUD zip.

    None if there is none, or if it is not a day.
    """
    match = _TRUD_NAME.search(name)
    try:
        return date(*map(int, match.groups())).isoformat() if match else None
    except ValueError:
        return None


def write_release_receipt(release: Path, receipt: ReleaseReceipt) -> None:
    """Write the receipt next to the release file, whole or not at all."""
    content = {"shape": SHAPE, "kind": "trud_release", **receipt.__dict__}
    path = receipt_path(release)
    _write(path, json.dumps(content, indent=2).encode() + b"\n")
    flush(path.parent)


def read_release_receipt(release: Path) -> ReleaseReceipt:
    """Return the receipt of a release file. Raises BadRelease if it is missing or damaged."""
    path = receipt_path(release)
    try:
        content = json.loads(path.read_bytes())
        return _checked(ReleaseReceipt(*(content[k] for k in _RELEASE_KEYS)), release.name)
    except (*_NO_FILE, *_NO_RECEIPT) as error:
        raise BadRelease(
            "its receipt is missing or damaged", where=release.name, do="Take the release in again"
        ) from error


def write_fetch_receipt(
    folder: Path,
    receipt: FetchReceipt,
    paths: Mapping[str, str],
    *,
    base_url: str,
    started_at: str,
    finished_at: str,
) -> None:
    """Write the receipt of a fetch, whole or not at all. The fetch is complete then.

    Args:
        folder: The fetch folder.
        receipt: What was asked for and received; its ``files`` and ``sha256`` are not used.
        paths: Each file of the fetch, with the path and query that it answers. Each is read and hashed here.
        base_url: The address that was asked.
        started_at: The moment the fetch began (UTC).
        finished_at: The moment it ended (UTC).
    """
    files = []
    for name in sorted(paths):
        content = (folder / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        files.append({"path": name, "url_path": paths[name], "bytes": len(content), "sha256": digest})
    entries = {
        "shape": SHAPE,
        "kind": f"{receipt.source}_fetch",
        "source": receipt.source,
        "sample": receipt.sample,
        "base_url": base_url,
        "started_at": started_at,
        "finished_at": finished_at,
        "as_of": receipt.as_of,
        "stamps_from": receipt.stamps_from,
        "stamps_to": receipt.stamps_to,
        **({} if receipt.silent is None else {"silent": list(receipt.silent)}),
        **({"whole": True} if receipt.whole else {}),
        "codes": list(receipt.codes),
        "gone": [{"ods_code": code, "http_status": status} for code, status in receipt.gone.items()],
        "unanswered": [
            {"ods_code": code, "stamp": entry.stamp, "why": entry.why}
            for code, entry in receipt.unanswered.items()
        ],
        "files": files,
    }
    _write(folder / RECEIPT, json.dumps(entries, indent=2, ensure_ascii=False).encode() + b"\n")
    flush(folder, folder.parent)


def read_fetch_receipt(folder: Path) -> FetchReceipt:
    """Return the receipt of a fetch.

    Raises BadFetch if it is missing, damaged, or names files outside its folder.
    """
    try:
        raw = (folder / RECEIPT).read_bytes()
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


def _parse(content: dict[str, Any], sha256: str) -> FetchReceipt:
    days = [date.fromisoformat(content[k]).isoformat() for k in ("as_of", "stamps_from", "stamps_to")]
    if not FIRST_DAY <= days[0] <= LAST_DAY:
        raise ValueError(f"no fetch was made on {days[0]}")
    if not FIRST_DAY <= days[1] <= days[2] <= LAST_DAY:
        raise ValueError(f"the stamps {days[1]} to {days[2]} are not a range of days")
    files = tuple(FetchFile(_text(f["path"]), int(f["bytes"]), _text(f["sha256"])) for f in content["files"])
    for entry in files:
        if entry.path.startswith(("/", "\\")) or ".." in Path(entry.path).parts:
            raise ValueError(f"the path {entry.path!r} leads out of the folder")
    silent = content.get("silent")
    return FetchReceipt(
        source=_word(content["source"]),
        sample=bool(content.get("sample", False)),
        as_of=days[0],
        stamps_from=days[1],
        stamps_to=days[2],
        codes=tuple(map(_word, content["codes"])),
        gone={_word(g["ods_code"]): int(g["http_status"]) for g in content.get("gone", [])},
        unanswered=dict(map(_unanswered, content.get("unanswered", []))),
        files=files,
        sha256=sha256,
        silent=None if silent is None else tuple(map(_word, silent)),
        whole=content.get("whole", False) is True,
    )


def _checked(receipt: ReleaseReceipt, name: str) -> ReleaseReceipt:
    """Return the receipt, if each of its values can be what it stands for. Raises ValueError or TypeError."""
    if _word(receipt.file_name) != name:
        raise ValueError(f"it is about {receipt.file_name[:40]!r}")
    day = date.fromisoformat(_word(receipt.release_date)).isoformat()
    if day != receipt.release_date or not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"no release was published on {receipt.release_date[:40]!r}")
    if type(receipt.bytes) is not int or receipt.bytes < 0 or type(receipt.sha256_verified) is not bool:
        raise TypeError("its size or its mark of verification is invalid")
    if not _SHA256.fullmatch(_word(receipt.sha256)) or not _word(receipt.source):
        raise ValueError("its SHA-256 or its source is invalid")
    return receipt


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    flush(partial)
    partial.replace(path)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]!r} is not text")
    return value


def _unanswered(entry: dict[str, Any]) -> tuple[str, Unanswered]:
    code = _text(entry["ods_code"])
    # The next fetch asks for it, so the code becomes part of an address and of a file name.
    if not CODE.fullmatch(code):
        raise ValueError(f"{code[:40]!r} is not an ODS code")
    return code, Unanswered(date.fromisoformat(entry["stamp"]).isoformat(), _word(entry["why"]))


def _word(value: object) -> str:
    """Return a text that tables can hold. Raises ValueError: JSON can write characters that UTF-8 cannot."""
    word = _text(value)
    word.encode("utf-8")
    return word
