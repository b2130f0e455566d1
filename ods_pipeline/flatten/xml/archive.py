"""Finds the full and the archive register file in what TRUD delivers.

A release is a zip that holds ``fullfile.zip`` and ``archive.zip``, each with one XML. Accidents on
record: two XMLs in ``fullfile.zip`` (May 2019), the archive XML loose in a folder (December 2018). So the
XMLs are found wherever they are, and the pair whose PublicationDate agrees is taken.
A bare ``fullfile.zip`` or XML file is opened too, so that the checks can say what is wrong with it.
Nothing is ever unpacked to disk, so names inside a zip cannot point anywhere.
"""

import errno
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import IO

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.xml.inflate import Inflated, Readable
from ods_pipeline.flatten.xml.manifest import Manifest, read_manifest
from ods_pipeline.flatten.xml.segments import FETCH_AGAIN, RegisterStream

XML_LIMIT = 8 << 30
INNER_ZIP_LIMIT = 1 << 30
GIVE_TRUD_ZIP = "Give the zip of TRUD item 341 as it was downloaded"
# What reading a damaged zip can raise; RuntimeError and its kin only on opening (encrypted, unknown method).
# An OSError may be the machine's too: ``is_damage`` tells.
ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
_ZIP_END = (1 << 16) + 22  # the directory's end, behind which a comment may stand
_TRUD_NAME = re.compile(r"_(\d{4})(\d{2})(\d{2})\d{6}\.zip$", re.IGNORECASE)
_XML_NAME = re.compile(r"_(\d{4})(\d{2})(\d{2})\D*\.xml$", re.IGNORECASE)


Opener = Callable[[], AbstractContextManager[Readable]]


def is_damage(error: BaseException) -> bool:
    """Whether one of ``ZIP_DAMAGE`` speaks of the zip, and not of the machine: too many open files or a disk
    that fails do not make a good release a bad one. Codecs raise OSError without a number, and a place in the
    zip that cannot be is EINVAL. zipfile hides some errors of the machine behind a BadZipFile."""
    of_system = [e for e in (error, error.__context__) if isinstance(e, OSError)]
    return all(e.errno in (None, errno.EINVAL) for e in of_system)


@dataclass(frozen=True)
class RegisterFile:
    """One XML of a release: what its manifest says, and how to open it again from the start."""

    name: str
    size: int
    manifest: Manifest
    open: Opener

    @property
    def is_archive(self) -> bool:
        kind = (self.manifest.publication_type or "").lower()
        return kind.startswith("arch") or (not kind.startswith("full") and "archive" in self.name.lower())


@dataclass(frozen=True)
class ReleaseFiles:
    """The files of one release. ``archive`` is None where none was found; ``notes`` says what was odd."""

    release_date: str
    full: RegisterFile
    archive: RegisterFile | None
    notes: tuple[str, ...]


def open_release(path: Path) -> ReleaseFiles:
    """Finds full and archive file in ``path``. Raises BadRelease if there is no full file, or if the
    file cannot be read at all."""
    try:
        found = _xml_files(path)
        files = [_describe(name, size, opener) for name, size, opener in found]
    except (*ZIP_DAMAGE, RuntimeError, UnicodeDecodeError) as error:
        if not is_damage(error):
            raise
        raise BadRelease(
            f"the zip is damaged or cut short: {error}", where=path.name, do=FETCH_AGAIN
        ) from error
    full = [f for f in files if not f.is_archive]
    archives = [f for f in files if f.is_archive]
    if not full:
        inside = ", ".join(f.name for f in files) or "no XML"
        raise BadRelease(
            f"there is no full register file in it ({inside})", where=path.name, do=GIVE_TRUD_ZIP
        )
    chosen, archive, notes = _choose(full, archives, path.name)
    return ReleaseFiles(_release_date(path.name, chosen), chosen, archive, notes)


def _choose(
    full: list[RegisterFile], archives: list[RegisterFile], where: str
) -> tuple[RegisterFile, RegisterFile | None, tuple[str, ...]]:
    if len(full) == 1 and len(archives) <= 1:
        if archives and archives[0].manifest.publication_date != full[0].manifest.publication_date:
            raise BadRelease(
                f"the full file is of {full[0].manifest.publication_date} and the archive file of "
                f"{archives[0].manifest.publication_date}",
                where=where,
                do=FETCH_AGAIN,
            )
        return full[0], archives[0] if archives else None, ()
    pairs = [
        (f, a) for f in full for a in archives if f.manifest.publication_date == a.manifest.publication_date
    ]
    if len(pairs) != 1:
        listed = ", ".join(f"{f.name} of {f.manifest.publication_date}" for f in [*full, *archives])
        counted = f"{len(full)} full and {len(archives)} archive files, and {len(pairs)} pairs"
        raise BadRelease(
            f"{counted} of one PublicationDate ({listed})",
            where=where,
            do="Take the release before or after this one",
        )
    taken, archive = pairs[0]
    note = (
        f"{where} holds {len(full)} full and {len(archives)} archive files; {taken.name} and {archive.name} "
        f"agree on PublicationDate {taken.manifest.publication_date} and are taken"
    )
    return taken, archive, (note,)


def _xml_files(path: Path) -> list[tuple[str, int, Opener]]:
    if not path.is_file():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise BadRelease(what, where=path, do=GIVE_TRUD_ZIP)
    if path.suffix.lower() == ".xml":
        return [(path.name, path.stat().st_size, lambda: path.open("rb"))]
    if path.stat().st_size == 0:
        raise BadRelease("the file is empty", where=path.name, do=FETCH_AGAIN)
    with path.open("rb") as stream:
        start = stream.read(4)
        is_zip = zipfile.is_zipfile(stream)
        if not is_zip:  # what cannot be read is no zip to that: read the end of it, where it looked
            stream.seek(-min(path.stat().st_size, _ZIP_END), io.SEEK_END)
            stream.read()
    if not is_zip:
        what = (
            "the zip is damaged or cut short"
            if start == b"PK\x03\x04"
            else f"the file is neither zip nor XML: it begins with {start!r}"
        )
        raise BadRelease(what, where=path.name, do=FETCH_AGAIN)
    return _in_zip(lambda: path.open("rb"), path.name, depth=0)


def _in_zip(open_file: Callable[[], IO[bytes]], where: str, depth: int) -> list[tuple[str, int, Opener]]:
    found: list[tuple[str, int, Opener]] = []
    with open_file() as file, zipfile.ZipFile(file) as outer:
        infos = sorted(outer.infolist(), key=lambda i: i.filename)
        if infos and min(i.header_offset for i in infos) > 0:
            raise zipfile.BadZipFile("its directory is missing, and only that of a zip inside it is there")
        for info in infos:
            name = info.filename.lower()
            if _is_of_macos(name):
                continue
            if name.endswith(".xml"):
                _check_size(info, XML_LIMIT, where)
                found.append((info.filename, info.file_size, _opener(open_file, info)))
            elif name.endswith(".zip") and depth == 0:
                _check_size(info, INNER_ZIP_LIMIT, where)
                with _opener(open_file, info)() as stream:
                    inner = partial(io.BytesIO, stream.read())
                found.extend(_in_zip(inner, where, depth + 1))
    return found


def _is_of_macos(name: str) -> bool:
    """Whether it is what macOS adds to a zip that it packs anew: ``._x.xml`` is no XML."""
    folders, _, file = name.rpartition("/")
    return "__macosx" in folders.split("/") or file.startswith("._")


def _check_size(info: zipfile.ZipInfo, limit: int, where: str) -> None:
    if info.file_size > limit:
        what = f"{info.filename} says it unpacks to {info.file_size:,} bytes"
        raise BadRelease(what, where=where, do="Do not use it")


def _opener(open_file: Callable[[], IO[bytes]], info: zipfile.ZipInfo) -> Opener:
    @contextmanager
    def opened() -> Generator[Readable]:
        # zipfile tells what is wrong with a member's header, and reads the rare ones that are not deflated.
        with open_file() as file, zipfile.ZipFile(file) as archive, archive.open(info) as stream:
            if info.compress_type != zipfile.ZIP_DEFLATED:
                yield stream
                return
            with open_file() as own:
                yield Inflated(own, info)

    return opened


def _describe(name: str, size: int, opener: Opener) -> RegisterFile:
    with opener() as stream:
        manifest = read_manifest(RegisterStream(stream, name).head, name)
    return RegisterFile(name, size, manifest, opener)


def _release_date(file_name: str, full: RegisterFile) -> str:
    """The date in the TRUD file name; failing that the one in the XML's name, or the PublicationDate."""
    for match in (_TRUD_NAME.search(file_name), _XML_NAME.search(full.name)):
        try:
            if match:
                return date(*map(int, match.groups())).isoformat()
        except ValueError:  # eight digits that are no date
            continue
    return full.manifest.publication_date.isoformat()
