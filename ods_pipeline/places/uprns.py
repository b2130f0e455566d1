"""Reads OS Open UPRN (41 million properties) into one Parquet file, in one pass with bounded memory.

Lives here: its edition, what a row becomes, and what is counted. Does not live here: which rows a register
needs (``tables.py``).
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ods_pipeline.errors import OdsError
from ods_pipeline.places.columns import uprn_layout
from ods_pipeline.places.postcodes import EAST, NORTH, SOUTH, WEST
from ods_pipeline.places.streams import CsvFile, batches, header_of
from ods_pipeline.progress import progress
from ods_pipeline.schema.derive import DATA_LICENCE, OS_ATTRIBUTION

FILE = "uprns.parquet"
LICENCE = (f"{OS_ATTRIBUTION}, licensed under the {DATA_LICENCE}",)
GIVE_UPRNS = "Give the CSV zip of OS Open UPRN as the OS Data Hub publishes it"
_NAME = re.compile(r"osopenuprn_(20\d\d)(\d\d)", re.IGNORECASE)
_TYPES = {"uprn": pa.int64(), **dict.fromkeys(("easting", "northing", "latitude", "longitude"), pa.float64())}
_SCHEMA = pa.schema(list(_TYPES.items()))


@dataclass(frozen=True)
class UprnFile:
    """A file of UPRNs before it is read: its CSV and its edition, such as 2026-08."""

    csv: CsvFile
    edition: str


def open_uprns(csv: CsvFile, edition: str = "") -> UprnFile:
    """Return the file with its edition, which its name has unless it is given.

    Raises:
        OdsError: The edition is unknown.
    """
    named = next((m for name in (Path(csv.name).name, csv.path.name) if (m := _NAME.search(name))), None)
    month = edition or (f"{named[1]}-{named[2]}" if named else "")
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
        raise OdsError(
            f"its edition cannot be read from the name ({edition or csv.name})",
            where=csv.path.name,
            do="Give it with --edition, such as --edition 2026-08",
        )
    return UprnFile(csv, month)


def write_uprns(file: UprnFile, folder: Path) -> dict[str, int]:
    """Read all UPRNs into ``folder``; only one batch is in memory at a time.

    Returns:
        The numbers of rows: read, kept, and without a position in Great Britain.

    Raises:
        OdsError: A row cannot be read, or nothing is left.
    """
    counts: Counter[str] = Counter(read=0, kept=0, without_position=0)
    placed = (
        pl.col("uprn").is_not_null()
        & pl.col("latitude").is_between(SOUTH, NORTH)
        & pl.col("longitude").is_between(WEST, EAST)
    ).fill_null(value=False)
    with (
        progress(f"reading {Path(file.csv.name).name}", counted=True, logged_above=100_000_000) as step,
        pq.ParquetWriter(folder / FILE, _SCHEMA, compression="zstd", use_dictionary=False) as writer,
    ):
        for batch in batches(file.csv, uprn_layout(header_of(file.csv)), _TYPES):
            rows = batch.filter(placed).select(list(_TYPES))
            counts.update(read=batch.height, kept=rows.height, without_position=batch.height - rows.height)
            writer.write_table(rows.to_arrow().cast(_SCHEMA))
            step(counts["read"], max(counts["read"], 41_000_000))
    if not counts["kept"]:
        raise OdsError(
            f"none of its {counts['read']:,} rows has a position", where=file.csv.path.name, do=GIVE_UPRNS
        )
    return dict(counts)
