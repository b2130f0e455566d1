"""The tables from which events and drift are computed, as frames.

Lives here: reading them from a build, and which file holds each release. Does not live here: what is computed
from them (``changes/``, ``drift.py``).
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ods_pipeline.schema import COMPONENTS, TABLES

_IN_FULL = ("organisations", "observations", "notices")
_OF_THE_REGISTER = ("captures", "deletions")
# Every table that is read, by its id.
READ = (*(f"history.{name}" for name in (*_IN_FULL, *COMPONENTS)), *_OF_THE_REGISTER)


@dataclass(frozen=True)
class History:
    """What the register held, and when.

    Attributes:
        organisations: The versions: ``history.organisations``.
        observations: ``history.observations``.
        notices: ``history.notices``.
        parts: The components of the versions, by name. They are lazy, because only the rows of records that
            changed are needed.
        captures: ``ord.captures``.
        deletions: ``ord.deletions``, as they are now.
    """

    organisations: pl.DataFrame
    observations: pl.DataFrame
    notices: pl.DataFrame
    parts: dict[str, pl.LazyFrame]
    captures: pl.DataFrame
    deletions: pl.DataFrame


def read_history(build: Path) -> History:
    """Read the history of a build from its Parquet files."""
    frames = {name: pl.read_parquet(build / TABLES[f"history.{name}"].path) for name in _IN_FULL}
    parts = {name: pl.scan_parquet(build / TABLES[f"history.{name}"].path) for name in COMPONENTS}
    register = {name: pl.read_parquet(build / TABLES[name].path) for name in _OF_THE_REGISTER}
    return History(**frames, parts=parts, **register)


def release_files(captures: pl.DataFrame) -> pl.DataFrame:
    """Return ``as_of, published_in, release_id``: the files of releases, one for each day and kind."""
    return (
        captures.filter(pl.col("kind") != "delta")
        .sort("as_of", "kind", "capture_id")
        .unique(["as_of", "kind"], keep="first", maintain_order=True)
        .select("as_of", pl.col("kind").alias("published_in"), pl.col("capture_id").alias("release_id"))
    )
