"""Reads a deflated file out of a zip with isal, which takes half of zlib's time, its CRC included.

Lives here: the bytes of one member. Does not live here: what is in a zip (``archive.py``); ``zipfile`` reads
its directory and tells what is wrong with a member's header.
"""

import struct
import zipfile
from functools import partial
from typing import IO, Protocol, cast

from isal import isal_zlib

_HEADER = struct.Struct("<4s22xHH")  # signature, …, lengths of name and extra field, which follow
_RAW = -15  # no header of zlib's
_CHUNK = 1 << 18
_NoDeflate = cast(type[Exception], isal_zlib.error)  # its stub takes the class for an instance


class Readable(Protocol):
    """What can be read front to back."""

    def read(self, count: int = -1, /) -> bytes: ...


class Inflated:
    """One deflated member, read once, front to back.

    Raises BadZipFile at the end if size or CRC are not what the zip's directory says, and before if there is
    more or less than that or if the bytes are no deflate stream.
    """

    def __init__(self, file: IO[bytes], info: zipfile.ZipInfo) -> None:
        file.seek(info.header_offset)
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            raise zipfile.BadZipFile("it ends within the header of a file")
        _, name, extra = _HEADER.unpack(header)
        file.seek(name + extra, 1)
        self._file, self._info, self._packed = file, info, info.compress_size
        self._engine = isal_zlib.decompressobj(wbits=_RAW)
        self._size = self._crc = 0

    def read(self, count: int = -1, /) -> bytes:
        """Up to ``count`` bytes, none at the end; all that is left if ``count`` is negative."""
        if count == 0:
            return b""  # isal would take it for no limit
        if count < 0:
            return b"".join(iter(partial(self.read, _CHUNK), b""))
        name = self._info.filename
        while not self._engine.eof:
            packed = self._engine.unconsumed_tail or self._file.read(min(_CHUNK, self._packed))
            if not self._engine.unconsumed_tail:
                self._packed -= len(packed)
            try:
                plain = self._engine.decompress(packed, count)
            except _NoDeflate as error:
                raise zipfile.BadZipFile(f"{name!r} cannot be inflated ({error})") from error
            self._size += len(plain)
            self._crc = isal_zlib.crc32(plain, self._crc)
            if self._size > self._info.file_size:
                raise zipfile.BadZipFile(
                    f"{name!r} holds more than the {self._info.file_size:,} bytes it says"
                )
            if plain:
                return plain
            if not packed:
                raise zipfile.BadZipFile(f"{name!r} ends too early")
        if (self._size, self._crc) != (self._info.file_size, self._info.CRC):
            raise zipfile.BadZipFile(f"{name!r} is not what its size and CRC say")
        return b""
