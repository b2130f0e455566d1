"""One release to flat frames: full and archive read in parallel pieces, checked, and merged."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

import polars as pl

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.flat import (
    NOTICE_SCHEMA,
    ORGANISATION_COLUMNS,
    Flat,
    Pile,
    capture_row,
    fingerprinted,
    with_codes,
)
from ods_pipeline.flatten.merge import collapse_successions, merge
from ods_pipeline.flatten.xml.archive import GIVE_TRUD_ZIP, ZIP_DAMAGE, RegisterFile, is_damage, open_release
from ods_pipeline.flatten.xml.comments import plain
from ods_pipeline.flatten.xml.document import Document, read_document
from ods_pipeline.flatten.xml.manifest import Manifest
from ods_pipeline.flatten.xml.scan import count_elements, unknown_names
from ods_pipeline.flatten.xml.segments import FETCH_AGAIN, RECORDS_CLOSE, RECORDS_OPEN, RegisterStream
from ods_pipeline.schema import COMPONENTS

# A release of which more than this share is broken is not a release with broken records: it is broken.
QUARANTINE_LIMIT = 0.01

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Origin:
    """Where the file came from, as its receipt says."""

    source: str
    bytes: int
    sha256: str
    sha256_verified: bool


def flatten_release(
    path: Path, origin: Origin, on_progress: Progress | None = None, threads: int | None = None
) -> Flat:
    """Flattens the release in ``path``.

    Raises BadRelease, and gives nothing, if any file is damaged, if the records read are not as many as
    its RecordCount, if there is no archive file, or if more than 1 % of the records break a rule.
    """
    files = open_release(path)
    every = [f for f in (files.full, files.archive) if f]
    progress = _Progress(on_progress, sum(f.size for f in every))
    piles = _read_files(every, f"release={files.release_date}", progress, threads or min(4, cpu_count() or 1))
    if files.archive is None:
        raise BadRelease(
            "there is no archive file in it, and without it every code closed long ago would look deleted",
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
    """The rows of each file; pieces of both go through the same threads, so that none waits between."""
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
    """A segment of a file, and the pile that its rows belong to."""

    segment: bytes
    pile: Pile

    def read(self) -> tuple[Document, Pile, int]:
        document = read_document(self.segment, self.pile.file_name)
        return fingerprinted(document), self.pile, len(self.segment)


def _pieces(file: RegisterFile, pile: Pile) -> Iterator[_Piece]:
    try:
        with file.open() as raw:
            stream = RegisterStream(raw, file.name)
            head = plain(stream.head)
            pile.count_unknown(unknown_names(head, count_elements(head)))
            for segment in stream.segments():
                yield _Piece(segment, pile)
    except ZIP_DAMAGE as error:
        if not is_damage(error):
            raise
        raise BadRelease(f"the zip is damaged: {error}", where=file.name, do=FETCH_AGAIN) from error


def _in_order(pieces: Iterator[_Piece], threads: int) -> Iterator[tuple[Document, Pile, int]]:
    """Reads pieces in parallel, at most ``threads`` + 1 in memory, and gives them in order."""
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


def assemble(
    read: Sequence[tuple[Manifest, Pile]],
    release_date: str,
    origin: Origin,
    where: str,
    notes: tuple[str, ...] = (),
) -> Flat:
    """Merges what was read of the full file (it comes first) and the archive file into the flat release.

    Raises BadRelease, naming ``where``, if more than 1 % of the records break a rule.
    """
    piles = [pile for _, pile in read]
    # In one chunk each: rows are moved next, which takes ten times as long out of many chunks.
    organisations = pl.concat([p.organisations() for p in piles], rechunk=True)
    parts = {name: pl.concat([f for p in piles for f in p.frames[name]], rechunk=True) for name in COMPONENTS}
    quarantined = pl.concat([p.quarantined() for p in piles])
    records = sum(p.records for p in piles)
    if quarantined.height > max(10, records * QUARANTINE_LIMIT):
        rules = ", ".join(
            f"{rule} {n:,}" for rule, n in quarantined["rule"].value_counts().sort("rule").iter_rows()
        )
        raise BadRelease(
            f"{quarantined.height:,} of {records:,} records break a rule ({rules})",
            where=where,
            do="Compare it with the release before; if ODS changed the format, the path maps must follow",
        )
    winners, superseded = merge(organisations, parts)
    frames = {name: with_codes(parts[name], winners, name) for name in COMPONENTS}
    frames["successions"], repeats = collapse_successions(frames["successions"])
    frames |= {
        "organisations": winners.select(ORGANISATION_COLUMNS),
        "code_systems": read[0][0].code_systems,
        "superseded_records": superseded,
        "quarantined_records": quarantined,
        "unknown_elements": pl.concat([p.unknown_elements() for p in piles]),
        "notices": pl.DataFrame(schema=NOTICE_SCHEMA),
        "collapsed_successions": repeats,
    }
    frames["captures"] = pl.concat(
        [
            _capture(
                manifest,
                pile,
                frames,
                release_date=release_date,
                stubs=organisations.select(
                    (pl.col("ref_only") & (pl.col("capture_id") == pile.capture_id)).sum()
                ).item(),
                origin=origin,
                where=where,
            )
            for manifest, pile in read
        ]
    )
    return Flat(f"release={release_date}", frames, notes)


def _capture(
    manifest: Manifest,
    pile: Pile,
    frames: dict[str, pl.DataFrame],
    *,
    release_date: str,
    stubs: int,
    origin: Origin,
    where: str,
) -> pl.DataFrame:
    records = {
        name: int((frames[name]["capture_id"] == pile.capture_id).sum())
        for name in ("organisations", "superseded_records", "quarantined_records")
    }
    row = {
        "capture_id": pile.capture_id,
        "kind": pile.published_in,
        "source": origin.source,
        "release_date": release_date,
        "publication_date": manifest.publication_date.isoformat(),
        "as_of": manifest.publication_date.isoformat(),
        "version": manifest.version,
        "publication_source": manifest.publication_source,
        "publication_seq_num": manifest.publication_seq_num,
        "file_creation": manifest.file_creation,
        "content_description": manifest.content_description,
        "payload_format": "xml",
        "declared_records": manifest.record_count,
        "parsed_records": pile.records,
        "stub_records": stubs,
        "used_records": records["organisations"],
        "superseded_records": records["superseded_records"],
        "quarantined_records": records["quarantined_records"],
        "unknown_elements": sum(pile.unknown.values()),
        "file_name": where,
        "bytes": origin.bytes,
        "sha256": origin.sha256,
        "sha256_verified": origin.sha256_verified,
    }
    return capture_row(row)
