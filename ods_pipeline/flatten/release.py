"""One release to flat frames: the full and the archive file are read in parallel pieces, checked and merged.

Lives here: opening the files, and reading their pieces in parallel and in order. Does not live here: what one
piece holds (``xml/document.py``), merging the two files (``assembly.py``).
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.assembly import Origin, assemble
from ods_pipeline.flatten.flat import Flat, Pile, fingerprinted
from ods_pipeline.flatten.xml.archive import RegisterFile, open_release
from ods_pipeline.flatten.xml.comments import plain
from ods_pipeline.flatten.xml.document import Document, read_document
from ods_pipeline.flatten.xml.members import GIVE_TRUD_ZIP, ZIP_DAMAGE, is_damage
from ods_pipeline.flatten.xml.scan import DamagedXml, scan
from ods_pipeline.flatten.xml.segments import FETCH_AGAIN, RECORDS_CLOSE, RECORDS_OPEN, RegisterStream

Progress = Callable[[int, int], None]


def flatten_release(
    path: Path, origin: Origin, on_progress: Progress | None = None, threads: int | None = None
) -> Flat:
    """Flatten the release in ``path``, as a whole or not at all.

    Args:
        path: The zip from TRUD.
        origin: Its receipt's facts, for ``captures``.
        on_progress: Called with the bytes of XML read so far and the bytes in all.
        threads: How many pieces are read at once; by default one for each core, at most 4.

    Raises:
        BadRelease: A file is damaged, the number of records read differs from its RecordCount, there is no
            archive file, or more than 1 % of the records break a rule.
    """
    files = open_release(path)
    every = [f for f in (files.full, files.archive) if f]
    progress = _Progress(on_progress, sum(f.size for f in every))
    piles = _read_files(every, f"release={files.release_date}", progress, threads or min(4, cpu_count() or 1))
    if files.archive is None:
        raise BadRelease(
            "there is no archive file in it; without one, every code closed long ago would look deleted",
            where=path.name,
            do=GIVE_TRUD_ZIP,
        )
    read = [(file.manifest, pile) for file, pile in zip(every, piles, strict=True)]
    return assemble(read, files.release_date, origin, path.name, files.notes)


@dataclass
class _Progress:
    report: Progress | None
    total: int
    done: int = 0

    def add(self, count: int) -> None:
        self.done += count
        if self.report:
            self.report(self.done, self.total)


def _read_files(files: list[RegisterFile], folder: str, progress: _Progress, threads: int) -> list[Pile]:
    """Return the rows of each file; pieces of both go through the same threads, so that none waits."""
    piles: list[Pile] = []
    for file in files:
        published_in = "archive" if file.is_archive else "full"
        piles.append(Pile(f"{folder}/{published_in}", published_in, file.name))
    pieces = (piece for file, pile in zip(files, piles, strict=True) for piece in _pieces(file, pile))
    for document, pile, size in _in_order(pieces, threads):
        if not pile.records:
            pile.first_record = sum(p.records for p in piles)
        pile.add(document)
        progress.add(size)
    for file, pile in zip(files, piles, strict=True):
        if not pile.records:
            pile.add(fingerprinted(read_document(RECORDS_OPEN + RECORDS_CLOSE, file.name)))
        if pile.records != file.manifest.record_count:
            raise BadRelease(
                f"its RecordCount is {file.manifest.record_count:,} and {pile.records:,} records are in it",
                where=file.name,
                do=FETCH_AGAIN,
            )
    return piles


@dataclass(frozen=True)
class _Piece:
    """A segment of a file, and the pile to which its rows go."""

    segment: bytes
    pile: Pile

    def read(self) -> tuple[Document, Pile, int]:
        document = read_document(self.segment, self.pile.file_name)
        return fingerprinted(document), self.pile, len(self.segment)


def _pieces(file: RegisterFile, pile: Pile) -> Iterator[_Piece]:
    try:
        with file.open() as raw:
            stream = RegisterStream(raw, file.name)
            for segment in stream.segments():
                yield _Piece(segment, pile)
            # Last: that a file is cut short within its head shows more than how its XML ends.
            pile.count_unknown(_unknown_in_head(stream.head, file.name))
    except ZIP_DAMAGE as error:
        if not is_damage(error):
            raise
        raise BadRelease(f"the zip is damaged: {error}", where=file.name, do=FETCH_AGAIN) from error


def _unknown_in_head(head: bytes, name: str) -> Counter[str]:
    """Count the names in the head that the maps do not know.

    Raises:
        BadRelease: The head is not well-formed, which its parser passes over.
    """
    try:
        return scan(plain(head)).unknown
    except DamagedXml as error:
        raise BadRelease(
            f"the XML is damaged before the first record: {error}", where=name, do=FETCH_AGAIN
        ) from error


def _in_order(pieces: Iterator[_Piece], threads: int) -> Iterator[tuple[Document, Pile, int]]:
    """Read pieces in parallel, at most ``threads`` + 1 in memory, and yield them in order."""
    with ThreadPoolExecutor(threads, thread_name_prefix="flatten") as pool:
        waiting: deque[Future[tuple[Document, Pile, int]]] = deque()
        try:
            for piece in pieces:
                waiting.append(pool.submit(piece.read))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
