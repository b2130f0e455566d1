"""The raw files that the published build rests on, found again, in the order that counts.

Lives here: which files, whether they are still what went in, and the heads of releases. Does not live here:
the records in them (``releases.py``, ``fetches.py``).
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ods_pipeline.audit.reading import Part, Unreadable, read_xml
from ods_pipeline.errors import OdsError

PUT_BACK = "Put them back into raw/, or build the register anew from what is held in another --data-root"


@dataclass(frozen=True)
class XmlFile:
    """One register file inside a release's zip. ``inner`` is the zip in the zip, if it is in one."""

    release: Path
    inner: str | None
    name: str
    head: Part

    @property
    def is_archive(self) -> bool:
        kind = (self.manifest("PublicationType") or "").lower()
        return kind.startswith("arch") or (not kind.startswith("full") and "archive" in self.name.lower())

    def manifest(self, name: str) -> str | None:
        """A value of the Manifest, None without one."""
        return (self.head.get(f"Manifest/{name}", {}).get("value") or "").strip() or None


@dataclass(frozen=True)
class RawCapture:
    """A release or fetch that went into the published build. ``label`` is its name in ``flat/``, ``day`` the
    as-of date; ``files`` are full and archive file of a release, and empty for a fetch."""

    label: str
    day: str
    place: Path
    receipt: dict[str, Any]
    sha256: str
    files: tuple[XmlFile, ...] = ()

    @property
    def is_delta(self) -> bool:
        return not self.files


@dataclass(frozen=True)
class Raw:
    """``captures`` in the order that counts; ``gone`` names those without raw file, ``waiting`` those that
    lie in ``raw/`` and are not published."""

    captures: list[RawCapture]
    gone: list[str]
    waiting: list[str]


def find_raw(root: Path, published: Iterable[str]) -> Raw:
    """Finds the raw files of the capture ids ``published``. Raises OdsError if one cannot be read."""
    labels = sorted({capture_id.partition("/")[0] for capture_id in published})
    held = _held(root)
    found = [_fetch(place) if place.is_dir() else _release(label, place)
             for label, place in held.items() if label in labels]  # fmt: skip
    # On one day a delta beats a release, and the later fetch the earlier.
    found.sort(key=lambda c: (c.day, c.is_delta, c.label))
    return Raw(found, [x for x in labels if x not in held], [x for x in held if x not in labels])


def _held(root: Path) -> dict[str, Path]:
    held = {p.parent.name: p.parent for p in sorted((root / "raw" / "ord").glob("fetch=*/receipt.json"))}
    for receipt in sorted((root / "raw" / "trud").glob("*.receipt.json")):
        file = receipt.with_name(receipt.name.removesuffix(".receipt.json"))
        if file.is_file():
            held[f"release={_json(receipt)['release_date']}"] = file
    return held


def _fetch(folder: Path) -> RawCapture:
    receipt = folder / "receipt.json"
    body = _json(receipt)
    return RawCapture(folder.name, body["as_of"], folder, body, sha256_of(receipt))


def _release(label: str, file: Path) -> RawCapture:
    try:
        full, archive = _pair(list(_xml_files(file)), file)
    except (zipfile.BadZipFile, EOFError, Unreadable) as error:
        raise OdsError(f"it cannot be read ({error})", where=file, do=PUT_BACK) from error
    receipt = _json(file.with_name(f"{file.name}.receipt.json"))
    day = full.manifest("PublicationDate") or ""
    return RawCapture(label, day, file, receipt, sha256_of(file), (full, archive))


def _pair(files: list[XmlFile], file: Path) -> tuple[XmlFile, XmlFile]:
    """Full and archive file of one PublicationDate."""
    pairs = [
        (full, archive)
        for full in files
        for archive in files
        if archive.is_archive and not full.is_archive
        and full.manifest("PublicationDate") == archive.manifest("PublicationDate")
    ]  # fmt: skip
    if len(pairs) != 1:
        raise OdsError(f"{len(pairs)} pairs of full and archive file are in it", where=file, do=PUT_BACK)
    return pairs[0]


def _xml_files(file: Path) -> Generator[XmlFile]:
    with zipfile.ZipFile(file) as outer:
        inners = [None, *(n for n in sorted(outer.namelist()) if n.lower().endswith(".zip"))]
        for inner in inners:
            with _opened(outer, inner) as members:
                names = [n for n in sorted(members.namelist()) if n.lower().endswith(".xml")]
                for name in (n for n in names if not _is_of_macos(n)):
                    with members.open(name) as stream:
                        head = read_xml(stream, None, name).document
                    yield XmlFile(file, inner, name, head)


@contextmanager
def opened(file: XmlFile) -> Generator[IO[bytes]]:
    """The XML as a stream."""
    with (
        zipfile.ZipFile(file.release) as outer,
        _opened(outer, file.inner) as members,
        members.open(file.name) as stream,
    ):
        yield stream


@contextmanager
def _opened(outer: zipfile.ZipFile, inner: str | None) -> Generator[zipfile.ZipFile]:
    if inner is None:
        yield outer
    else:
        with zipfile.ZipFile(io.BytesIO(outer.read(inner))) as members:
            yield members


def _is_of_macos(name: str) -> bool:
    folders, _, file = name.lower().rpartition("/")
    return "__macosx" in folders.split("/") or file.startswith("._")


def _json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise OdsError(f"it is damaged ({error})", where=path, do=PUT_BACK) from error


def sha256_of(file: Path) -> str:
    """SHA-256 of a file, lower-case hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
