"""The state of history: all that an earlier fold keeps of the captures that went into it.

The state is the published set and nothing else, so a build that is killed at any moment leaves it unchanged.
A fold that starts from a state gives the same bytes as a fold of all captures from the beginning.

Lives here: what the state is, and reading it. Does not live here: whether the state of a data root may be
used (``inventory/state.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from ods_pipeline.history.order import label_of
from ods_pipeline.schema import HISTORY, TABLES

# Tables of ord that list what each capture brought, row by row. Every build carries their rows on.
KEPT = ("captures", "code_systems", "superseded_records", "quarantined_records", "unknown_elements")


@dataclass(frozen=True)
class State:
    """What one fold hands to the next.

    Attributes:
        frames: The tables of ``history`` and the tables of ``KEPT``, by id.
    """

    frames: Mapping[str, pl.DataFrame]

    @property
    def captures(self) -> pl.DataFrame:
        """The captures that went into the state: rows of the table ``captures``."""
        return self.frames["captures"]

    @cached_property
    def labels(self) -> dict[str, str]:
        """The SHA-256 of each flat folder's input, by name of the folder."""
        return dict(self.captures.select(label_of("capture_id"), "sha256").iter_rows())


def read_state(build: Path) -> State:
    """Read the state from the Parquet files of a build.

    Raises:
        OSError: A file is missing or cannot be read.
        polars.exceptions.PolarsError: A file is damaged.
    """
    ids = [*(table.id for table in HISTORY), *KEPT]
    return State({id_: pl.read_parquet(build / TABLES[id_].path) for id_ in ids})
