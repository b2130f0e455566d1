"""Read a deflated member of a zip with isal, which takes half the time of zlib, CRC included.

Lives here: the bytes of one member. Does not live here: what is in a zip (``members.py``). ``zipfile`` reads
the directory of the zip and reports what is wrong with a member's header.
"""

import struct
import zipfile
from functools import partial
from typing import IO, Protocol, cast

from isal import isal_zlib

_HEADER = struct.Struct("<4s22xHH")  # signature, …, lengths of name and extra field, which follow
_RAW = -15  # a bare deflate stream, without a zlib header
_CHUNK = 1 << 18
_DeflateError = cast(type[Exception], isal_zlib.error)  # isal's stub declares an instance of the class


class Readable(Protocol):
    """A stream that can be read front to back."""

    def read(self, count: int = -1, /) -> bytes:
        """Return up to ``count`` bytes, none at the end; all that is left if ``count`` is negative."""
        ...


class Inflated:
    """One deflated member, read once, front to back.

    Raises BadZipFile at the end if the size or the CRC differs from the zip's directory, and earlier if there
    are more or fewer bytes than the directory records, or if they are not a deflate stream.
    """

    def __init__(self, file: IO[bytes], info: zipfile.ZipInfo) -> None:
        file.seek(info.header_offset)
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            raise zipfile.BadZipFile("the zip ends inside the header of a member")
        _, name, extra = _HEADER.unpack(header)
        file.seek(name + extra, 1)
        self._file, self._info, self._packed = file, info, info.compress_size
        self._engine = isal_zlib.decompressobj(wbits=_RAW)
        self._size = self._crc = 0

    def read(self, count: int = -1, /) -> bytes:
        """Return up to ``count`` bytes, none at the end; all that is left if ``count`` is negative."""
        if count == 0:
            return b""  # to isal, 0 means no limit
        if count < 0:
            return b"".join(iter(partial(self.read, _CHUNK), b""))
        name = self._info.filename
        while not self._engine.eof:
            packed = self._engine.unconsumed_tail or self._file.read(min(_CHUNK, self._packed))
            if not self._engine.unconsumed_tail:
                self._packed -= len(packed)
            try:
                plain = self._engine.decompress(packed, count)
            except _DeflateError as error:
                raise zipfile.BadZipFile(f"{name!r} cannot be inflated ({error})") from error
            self._size += len(plain)
            self._crc = isal_zlib.crc32(plain, self._crc)
            if self._size > self._info.file_size:
                raise zipfile.BadZipFile(
                    f"{name!r} holds more than the {self._info.file_size:,} bytes in the zip's directory"
                )
            if plain:
                return plain
            if not packed:
                raise zipfile.BadZipFile(f"{name!r} ends too early")
        if (self._size, self._crc) != (self._info.file_size, self._info.CRC):
            raise zipfile.BadZipFile(f"{name!r} has another size or CRC than the zip's directory records")
        return b""
