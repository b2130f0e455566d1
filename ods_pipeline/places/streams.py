"""A CSV in a zip or on disk, read once from front to back in batches, so that memory stays small.

Lives here: finding the CSV of a product, its header, and its rows as text or numbers. Does not live here:
what the columns mean (``columns.py``).
"""

import csv
import io
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from ods_pipeline.errors import OdsError
from ods_pipeline.flatten.xml.inflate import Inflated, Readable
from ods_pipeline.flatten.xml.members import ZIP_DAMAGE, is_damage

FETCH_AGAIN = "Download it again"
_BLOCK = 16 << 20
_HEADER_BYTES = 1 << 16
_LIMIT = 16 << 30  # no product is a quarter of this; a zip that claims more is a bomb


@dataclass(frozen=True)
class CsvFile:
    """A CSV: its name, with the folders inside a zip; its size in bytes; how to open it from the start."""

    name: str
    size: int
    path: Path
    open: Callable[[], "Generator[IO[bytes]]"]

    @contextmanager
    def opened(self) -> Generator[IO[bytes]]:
        """Open the file.

        Raises:
            OdsError: The zip is damaged or cut short, at any point of the reading.
        """
        try:
            yield from self.open()
        except (*ZIP_DAMAGE, RuntimeError) as error:
            if isinstance(error, OdsError) or not is_damage(error):
                raise
            raise _damaged(self.path, error) from error


def csv_files(path: Path) -> list[CsvFile]:
    """Return the CSV files in a zip by name, or the one that ``path`` is.

    Raises:
        OdsError: There is no such file, it is empty, or it is a damaged zip.
    """
    if not path.is_file():
        raise OdsError("there is no such file", where=path, do="Give the path of a zip or CSV")
    if path.stat().st_size == 0:
        raise OdsError("the file is empty", where=path.name, do=FETCH_AGAIN)
    with path.open("rb") as stream:
        start = stream.read(4)
    if start != b"PK\x03\x04":
        return [CsvFile(path.name, path.stat().st_size, path, lambda: _plain(path))]
    try:
        with zipfile.ZipFile(path) as archive:
            infos = sorted(archive.infolist(), key=lambda i: i.filename)
    except ZIP_DAMAGE as error:
        if not is_damage(error):
            raise
        raise _damaged(path, error) from error
    files = [i for i in infos if i.filename.lower().endswith(".csv") and "__macosx" not in i.filename.lower()]
    too_large = next((i for i in files if i.file_size > _LIMIT), None)
    if too_large is not None:
        raise OdsError(
            f"{too_large.filename} claims to unpack to {too_large.file_size:,} bytes, and the limit is "
            f"{_LIMIT:,}",
            where=path.name,
            do="Do not use it",
        )
    return [CsvFile(i.filename, i.file_size, path, lambda i=i: _member(path, i)) for i in files]


def header_of(file: CsvFile) -> list[str]:
    """Return the names of the columns; empty if the file has none."""
    with file.opened() as stream:
        start = stream.read(_HEADER_BYTES)
    line = start.decode("utf-8-sig", "replace").splitlines()[:1]
    return [name.strip() for name in next(csv.reader(line), [])]


def batches(
    file: CsvFile, names: Mapping[str, str], types: Mapping[str, pa.DataType]
) -> Iterator[pl.DataFrame]:
    """Yield the rows in batches of a few megabytes. Empty text is null.

    Args:
        file: The file.
        names: The columns to read, theirs by ours.
        types: The types of columns that are not text, by our names.

    Raises:
        OdsError: A row has another number of columns than the header, a number is invalid, or the zip is
            damaged.
    """
    ours = {theirs: our for our, theirs in names.items()}
    convert = pa_csv.ConvertOptions(
        column_types={theirs: types.get(our, pa.string()) for theirs, our in ours.items()},
        include_columns=list(ours),
        null_values=[""],
        strings_can_be_null=True,
    )
    with file.opened() as stream:
        try:
            reader = pa_csv.open_csv(
                stream, read_options=pa_csv.ReadOptions(block_size=_BLOCK), convert_options=convert
            )
            for batch in reader:
                yield pl.DataFrame(pa.Table.from_batches([batch])).rename(ours)
        except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
            reason = str(error).splitlines()[0]
            raise OdsError(f"{file.name} cannot be read as CSV ({reason})", where=file.path.name,
                           do=FETCH_AGAIN) from error  # fmt: skip


class _Front(io.RawIOBase):
    """What can only be read front to back, as a raw stream of Python."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # ty: ignore[incompatible-method-override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _plain(path: Path) -> Generator[IO[bytes]]:
    with path.open("rb") as stream:
        yield stream


def _member(path: Path, info: zipfile.ZipInfo) -> Generator[IO[bytes]]:
    # zipfile checks the member's header, and reads the rare members that are not deflated.
    with zipfile.ZipFile(path) as archive, archive.open(info) as stream, path.open("rb") as own:
        source: Readable = stream if info.compress_type != zipfile.ZIP_DEFLATED else Inflated(own, info)
        yield io.BufferedReader(_Front(source), 1 << 18)


def _damaged(path: Path, error: BaseException) -> OdsError:
    return OdsError(f"the zip is damaged or cut short: {error}", where=path.name, do=FETCH_AGAIN)
