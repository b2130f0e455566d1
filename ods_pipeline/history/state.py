"""The state of history: what the published set holds of all captures that went into it.

State is the published set and nothing else, so that a build killed at any moment leaves it as it was. It is
used if it was made by this version from captures that are all still held as they were; else history is
told again from the flat folders, and the log says why. Both ways give the same bytes.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from ods_pipeline.dataroot.layout import DataRoot, current_build, flat_mark
from ods_pipeline.history.order import label_of
from ods_pipeline.inventory.held import VERSIONS, build_info
from ods_pipeline.schema import HISTORY, TABLES

# Tables of ord that say what each capture brought, row by row, and are kept from one build to the next.
KEPT = ("captures", "code_systems", "superseded_records", "quarantined_records", "unknown_elements")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """``frames``: the tables of ``history`` and those of ``ord`` that are kept, by their id."""

    frames: Mapping[str, pl.DataFrame]

    @property
    def captures(self) -> pl.DataFrame:
        return self.frames["captures"]

    @cached_property
    def labels(self) -> dict[str, str]:
        """The SHA-256 of what each flat folder was made from, by its name."""
        return dict(self.captures.select(label_of("capture_id"), "sha256").iter_rows())


def usable_state(root: DataRoot) -> State | None:
    """The state of a data root, or None (with a line in the log) if history must be told from nothing."""
    build = current_build(root)
    if build is None:
        return None
    reason, info = None, build_info(build)
    if not info:
        reason = "the published set's build.json is missing or damaged"
    elif any(info.get(name) != version for name, version in VERSIONS.items()):
        reason = "the published set was made by another version"
    else:
        try:
            ids = [*(table.id for table in HISTORY), *KEPT]
            state = State({id_: pl.read_parquet(build / TABLES[id_].path) for id_ in ids})
        except (OSError, pl.exceptions.PolarsError) as error:
            reason = f"the published set cannot be read ({str(error).partition(chr(10))[0]})"
        else:
            changed = sorted(
                label
                for label, sha256 in state.labels.items()
                if (flat_mark(root, label) or {}).get("input_sha256") != sha256
            )
            if not changed:
                return state
            reason = f"{', '.join(changed[:5])} of the published set is not held as it was"
    log.info("history is told from the beginning: %s", reason)
    return None
