"""The rows of the full and the archive file to one flat release, with a row of ``captures`` for each file.

Lives here: merging the rows, the limit for broken records, and the counts of a capture. Does not live here:
reading the files (``release.py``), which record of a code counts (``merge.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.flat import (
    NOTICE_SCHEMA,
    ORGANISATION_COLUMNS,
    Flat,
    Pile,
    capture_row,
    with_codes,
)
from ods_pipeline.flatten.merge import collapse_successions, merge
from ods_pipeline.flatten.xml.manifest import Manifest
from ods_pipeline.schema import COMPONENTS

# Above this share of broken records the release itself is broken.
QUARANTINE_LIMIT = 0.01


@dataclass(frozen=True)
class Origin:
    """Where the file came from, by its receipt; ``bytes`` is its size."""

    source: str
    bytes: int
    sha256: str
    sha256_verified: bool


def assemble(
    read: Sequence[tuple[Manifest, Pile]],
    release_date: str,
    origin: Origin,
    where: str,
    notes: tuple[str, ...] = (),
) -> Flat:
    """Merge the rows of the full and the archive file into the flat release.

    Args:
        read: The manifest and the rows of each file, the full file first.
        release_date: ISO date, names the folder.
        origin: For ``captures``.
        where: The file name, for errors and for ``captures``.
        notes: Oddities of the file, passed on.

    Raises:
        BadRelease: More than 1 % of the records break a rule.
    """
    piles = [pile for _, pile in read]
    # In one chunk each: rows are moved next, and moving them out of many chunks takes ten times as long.
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
            do="Compare it with the release before; if ODS has changed the format, update the path maps",
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
