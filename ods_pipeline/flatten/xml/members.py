"""The XML files in a zip, at any place and in zips inside it, and how to open each of them.

Lives here: walking through a zip, its limits, and which errors mean that it is damaged. Does not live here:
which XML files make a release (``archive.py``), the bytes of one member (``inflate.py``).
"""

import errno
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.xml.inflate import Inflated, Readable
from ods_pipeline.flatten.xml.segments import FETCH_AGAIN

XML_LIMIT = 8 << 30
INNER_ZIP_LIMIT = 1 << 30
GIVE_TRUD_ZIP = "Give the zip of TRUD item 341 as it was downloaded"
# The errors that reading a damaged zip can raise. Opening one can raise RuntimeError too (encrypted,
# unknown method). An OSError may come from the machine instead: ``is_damage`` decides.
ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
_ZIP_END = (1 << 16) + 22  # the longest possible end record of the directory, comment included

Opener = Callable[[], AbstractContextManager[Readable]]


def is_damage(error: BaseException) -> bool:
    """Return whether one of the errors in ``ZIP_DAMAGE`` is caused by the zip, not by the machine.

    Too many open files or a failing disk do not make a good release a bad one. Codecs raise OSError without a
    number, and seeking to an impossible place in the zip raises EINVAL. zipfile hides some errors of the
    machine behind a BadZipFile.
    """
    of_system = [e for e in (error, error.__context__) if isinstance(e, OSError)]
    return all(e.errno in (None, errno.EINVAL) for e in of_system)


def xml_files(path: Path) -> list[tuple[str, int, Opener]]:
    """Return name, size in bytes and opener of each XML file in ``path``, a zip or an XML file itself.

    Raises:
        BadRelease: There is no such file, it is neither zip nor XML, or a member is larger than the limit.
        BadZipFile: The zip is damaged. The other errors in ``ZIP_DAMAGE`` can mean the same.
    """
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
        if not is_zip:  # is_zipfile swallows a disk's errors; they show if its end is read again
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
    members: list[tuple[str, int, Opener]] = []
    with open_file() as file, zipfile.ZipFile(file) as outer:
        infos = sorted(outer.infolist(), key=lambda i: i.filename)
        if infos and min(i.header_offset for i in infos) > 0:
            raise zipfile.BadZipFile("its directory is missing, and only that of an inner zip is left")
        for info in infos:
            name = info.filename.lower()
            if _is_added_by_macos(name):
                continue
            if name.endswith(".xml"):
                _check_size(info, XML_LIMIT, where)
                members.append((info.filename, info.file_size, _opener(open_file, info)))
            elif name.endswith(".zip") and depth == 0:
                _check_size(info, INNER_ZIP_LIMIT, where)
                with _opener(open_file, info)() as stream:
                    inner = partial(io.BytesIO, stream.read())
                members.extend(_in_zip(inner, where, depth + 1))
    return members


def _is_added_by_macos(name: str) -> bool:
    """Return whether macOS added this member when it packed the zip again: ``._x.xml`` is not XML."""
    folders, _, file = name.rpartition("/")
    return "__macosx" in folders.split("/") or file.startswith("._")


def _check_size(info: zipfile.ZipInfo, limit: int, where: str) -> None:
    if info.file_size > limit:
        what = f"{info.filename} claims to unpack to {info.file_size:,} bytes, and the limit is {limit:,}"
        raise BadRelease(what, where=where, do="Do not use it")


def _opener(open_file: Callable[[], IO[bytes]], info: zipfile.ZipInfo) -> Opener:
    @contextmanager
    def opened() -> Generator[Readable]:
        # zipfile checks the member's header, and reads the rare members that are not deflated.
        with open_file() as file, zipfile.ZipFile(file) as archive, archive.open(info) as stream:
            if info.compress_type != zipfile.ZIP_DEFLATED:
                yield stream
                return
            with open_file() as own:
                yield Inflated(own, info)

    return opened
