"""The tables that judgements of time are made from, as frames."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ods_pipeline.schema import COMPONENTS, TABLES

_ROW_BY_ROW = ("organisations", "observations", "notices")
_OF_THE_REGISTER = ("captures", "deletions")
# Every table that is read, by its name in the registry.
READ = (*(f"history.{name}" for name in (*_ROW_BY_ROW, *COMPONENTS)), *_OF_THE_REGISTER)


@dataclass(frozen=True)
class History:
    """What the register said and when: versions, observations and notices as frames; the parts of the
    versions (roles, relationships, successions, contacts) as plans, since only those of records that changed
    are wanted; and from ``ord`` the captures and the deletions as they stand."""

    organisations: pl.DataFrame
    observations: pl.DataFrame
    notices: pl.DataFrame
    parts: dict[str, pl.LazyFrame]
    captures: pl.DataFrame
    deletions: pl.DataFrame


def read_history(build: Path) -> History:
    """The history of a build, from its Parquet files."""
    frames = {name: pl.read_parquet(build / TABLES[f"history.{name}"].path) for name in _ROW_BY_ROW}
    parts = {name: pl.scan_parquet(build / TABLES[f"history.{name}"].path) for name in COMPONENTS}
    register = {name: pl.read_parquet(build / TABLES[name].path) for name in _OF_THE_REGISTER}
    return History(**frames, parts=parts, **register)


def release_files(captures: pl.DataFrame) -> pl.DataFrame:
    """``as_of, published_in, release_id``: the files of the releases held, one a day and kind."""
    return (
        captures.filter(pl.col("kind") != "delta")
        .sort("as_of", "kind", "capture_id")
        .unique(["as_of", "kind"], keep="first", maintain_order=True)
        .select("as_of", pl.col("kind").alias("published_in"), pl.col("capture_id").alias("release_id"))
    )
