"""The raw files behind the published build, in the order in which they count.

Lives here: which files they are, whether they are still held, and the heads of releases. Does not live
here: the records in them (``releases.py``, ``fetches.py``).
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

from ods_pipeline.audit.reading import Part, UnreadableError, read_xml
from ods_pipeline.errors import OdsError

PUT_BACK = "Put the raw files back, or build into another --data-root from the raw files that are left"


@dataclass(frozen=True)
class XmlFile:
    """One register file inside the zip of a release.

    Attributes:
        release: The zip of the release.
        inner: The name of the zip inside it that has the file; None if the file is not in an inner zip.
        name: The name of the file.
        head: What the file has in front of its first record.
    """

    release: Path
    inner: str | None
    name: str
    head: Part

    @property
    def is_archive(self) -> bool:
        """Whether this is the archive file, by PublicationType, otherwise by its name."""
        kind = (self.manifest("PublicationType") or "").lower()
        return kind.startswith("arch") or (not kind.startswith("full") and "archive" in self.name.lower())

    def manifest(self, name: str) -> str | None:
        """Return a value of the Manifest, or None if there is none."""
        return (self.head.get(f"Manifest/{name}", {}).get("value") or "").strip() or None


@dataclass(frozen=True)
class RawCapture:
    """A release or fetch that went into the published build.

    Attributes:
        label: Its name in ``flat/``.
        day: The as-of date.
        place: The zip of a release, the folder of a fetch.
        receipt: The receipt.
        sha256: SHA-256 of the zip of a release, of the receipt of a fetch.
        files: The full and the archive file of a release; empty for a fetch.
    """

    label: str
    day: str
    place: Path
    receipt: dict[str, Any]
    sha256: str
    files: tuple[XmlFile, ...] = ()

    @property
    def is_delta(self) -> bool:
        """Whether this is a fetch of changes. A fetch of the whole register counts as a release does."""
        return self.is_fetch and self.receipt.get("whole") is not True

    @property
    def is_fetch(self) -> bool:
        """Whether this is a fetch."""
        return not self.files


@dataclass(frozen=True)
class Raw:
    """The raw files behind a build.

    Attributes:
        captures: Releases and fetches, in the order in which they count.
        gone: The labels of those whose raw files are missing.
        waiting: The labels of those that are in ``raw/`` and not published.
    """

    captures: list[RawCapture]
    gone: list[str]
    waiting: list[str]


def find_raw(root: Path, published: Iterable[str]) -> Raw:
    """Find the raw files of the capture ids ``published``. Raises OdsError if one cannot be read."""
    labels = sorted({capture_id.partition("/")[0] for capture_id in published})
    held = _held(root)
    captures = [_fetch(place) if place.is_dir() else _release(label, place)
                for label, place in held.items() if label in labels]  # fmt: skip
    # On the same day a fetch beats a release, and the later fetch the earlier.
    captures.sort(key=lambda c: (c.day, c.is_delta, c.label))
    return Raw(captures, [x for x in labels if x not in held], [x for x in held if x not in labels])


def _held(root: Path) -> dict[str, Path]:
    held = {p.parent.name: p.parent for p in sorted((root / "raw" / "ord").glob("fetch=*/receipt.json"))}
    for receipt in sorted((root / "raw" / "trud").glob("*.receipt.json")):
        file = receipt.with_name(receipt.name.removesuffix(".receipt.json"))
        if file.is_file():
            held[f"release={_json(receipt)['release_date']}"] = file
    return held


def _fetch(folder: Path) -> RawCapture:
    file = folder / "receipt.json"
    receipt = _json(file)
    return RawCapture(folder.name, receipt["as_of"], folder, receipt, sha256_of(file))


def _release(label: str, file: Path) -> RawCapture:
    try:
        full, archive = _pair(list(_xml_files(file)), file)
    except (zipfile.BadZipFile, EOFError, UnreadableError) as error:
        raise OdsError(f"the zip cannot be read ({error})", where=file, do=PUT_BACK) from error
    receipt = _json(file.with_name(f"{file.name}.receipt.json"))
    day = full.manifest("PublicationDate") or ""
    return RawCapture(label, day, file, receipt, sha256_of(file), (full, archive))


def _pair(files: list[XmlFile], file: Path) -> tuple[XmlFile, XmlFile]:
    """Return the full and the archive file that have the same PublicationDate."""
    pairs = [
        (full, archive)
        for full in files
        for archive in files
        if archive.is_archive and not full.is_archive
        and full.manifest("PublicationDate") == archive.manifest("PublicationDate")
    ]  # fmt: skip
    if len(pairs) != 1:
        raise OdsError(
            f"the zip has {len(pairs)} pairs of full and archive file, not one", where=file, do=PUT_BACK
        )
    return pairs[0]


def _xml_files(file: Path) -> Generator[XmlFile]:
    with zipfile.ZipFile(file) as outer:
        inners = [None, *(n for n in sorted(outer.namelist()) if n.lower().endswith(".zip"))]
        for inner in inners:
            with _open_zip(outer, inner) as members:
                names = [n for n in sorted(members.namelist()) if n.lower().endswith(".xml")]
                for name in (n for n in names if not _is_of_macos(n)):
                    with members.open(name) as stream:
                        head = read_xml(stream, None, name).document
                    yield XmlFile(file, inner, name, head)


@contextmanager
def open_xml(file: XmlFile) -> Generator[IO[bytes]]:
    """Open the XML of a file as a stream."""
    with (
        zipfile.ZipFile(file.release) as outer,
        _open_zip(outer, file.inner) as members,
        members.open(file.name) as stream,
    ):
        yield stream


@contextmanager
def _open_zip(outer: zipfile.ZipFile, inner: str | None) -> Generator[zipfile.ZipFile]:
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
        raise OdsError(f"the file is not valid JSON ({error})", where=path, do=PUT_BACK) from error


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, lower-case hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
