"""A register as the two files of its release: which record is in which file, complete or as a stub.

Lives here: the frames that a reader of the files must get. ``xml.py`` writes the files from these frames, and
``flat.py`` writes the frames without the files.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline_tests.factory.organisations import ARCHIVED
from ods_pipeline_tests.factory.register import FactoryRegister

RECORDS_AT_ONCE = 20_000
# Columns that the pipeline adds.
_ADDED = {"published_in", "capture_id"}


def as_read(register: FactoryRegister, archive: bool) -> dict[str, pl.DataFrame]:
    """Return the records of the full or the archive file as frames.

    Returns:
        ``organisations`` and the components, with the stored columns that come from the file, and ``record``,
        the position in the file from 0.
    """
    printed = _printed(register, archive)
    codes = _targets(register)
    frames = {}
    wanted = [c for c in TABLES["organisations"].stored if c not in _ADDED]
    frames["organisations"] = printed.with_columns(
        pl.col("place").alias("record"), pl.lit(False).alias("status_is_inferred")
    ).select("record", *wanted)
    complete = printed.filter(~pl.col("ref_only")).select("record", "place")
    for name in COMPONENTS:
        # A stub has its roles, but no contacts, relationships or successions.
        owners = printed.select("record", "place") if name == "roles" else complete
        rows = getattr(register, name).join(owners, on="record", how="inner").drop("record")
        if "target" in rows.columns:
            rows = rows.join(codes, on="target", how="left")
        rows = rows.rename({"place": "record"})
        if name == "contacts":
            rows = _numbered(rows)
        frames[name] = _shaped(rows, name).sort("record", *_order(name))
    return frames


def in_pieces(frames: dict[str, pl.DataFrame]) -> Iterator[dict[str, pl.DataFrame]]:
    """Yield the frames in pieces of ``RECORDS_AT_ONCE`` records; every frame is sorted by record."""
    total = frames["organisations"].height
    places = {name: frame["record"].set_sorted() for name, frame in frames.items()}
    for first in range(0, total, RECORDS_AT_ONCE):
        piece = {}
        for name, frame in frames.items():
            start, stop = (places[name].search_sorted(n) for n in (first, first + RECORDS_AT_ONCE))
            piece[name] = frame[int(start) : int(stop)]
        yield piece


def _printed(register: FactoryRegister, archive: bool) -> pl.DataFrame:
    """Return the records of one file, in an arbitrary order."""
    here = (pl.col("life") == ARCHIVED) == archive
    rows = register.organisations.filter(here | pl.col("has_stub")).with_columns((~here).alias("ref_only"))
    word = f"order in {'archive' if archive else 'full'}"
    order = np.argsort(register.dice.bits(word, rows["record"].to_numpy()), kind="stable")
    return rows[order.tolist()].with_row_index("place")


def _targets(register: FactoryRegister) -> pl.DataFrame:
    """Return what relationships and successions state about their targets."""
    primary = register.roles.filter(pl.col("is_primary"))
    return (
        register.organisations.select("record", "ods_code")
        .join(primary.select("record", "role_id", "unique_role_id"), on="record")
        .select(
            pl.col("record").alias("target"),
            pl.col("ods_code").alias("target_ods_code"),
            pl.col("role_id").alias("target_primary_role_id"),
            pl.col("unique_role_id").alias("target_unique_role_id"),
        )
    )


def _numbered(contacts: pl.DataFrame) -> pl.DataFrame:
    ordered = contacts.sort("record", "contact_type", "contact_value")
    return ordered.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record", "contact_type").alias("ordinal")
    )


def _shaped(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Select the stored columns. Those that the factory never fills are null."""
    table = TABLES[name]
    columns = [c for c in table.stored if c != "ods_code"]
    missing = [pl.lit(None, table.dtypes[c]).alias(c) for c in columns if c not in rows.columns]
    return rows.with_columns(missing).select("record", *columns)


def _order(name: str) -> list[str]:
    return [c for c in TABLES[name].key if c != "ods_code"]
