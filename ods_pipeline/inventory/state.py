"""Whether the published set can be the state from which the next fold starts.

Lives here: the comparison of the published set with what is held. Does not live here: what a state is
(``history/state.py``).
"""

import logging
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.flat import flat_mark
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.history.state import State, read_state
from ods_pipeline.publish.build_info import VERSIONS, read_build_info

log = logging.getLogger(__name__)


def usable_state(root: DataRoot) -> State | None:
    """Return the state of a data root, or None if history must be rebuilt from all flat folders.

    A state can be used if this version of the program published it, its files can be read, and every capture
    in it is still held unchanged. Otherwise the log gives the reason. Both ways give the same bytes.
    """
    build = current_build(root)
    if build is None:
        return None
    state = _read(build)
    if isinstance(state, State):
        changed = _changed_labels(root, state)
        if not changed:
            return state
        reason = f"{', '.join(changed[:5])} in the published set is missing or changed on disk"
    else:
        reason = state
    log.info("history is rebuilt from all captures: %s", reason)
    return None


def _read(build: Path) -> State | str:
    """Read the state of a build, or return why it cannot be used."""
    info = read_build_info(build)
    if not info:
        return "the published set's build.json is missing or damaged"
    if any(info.get(name) != version for name, version in VERSIONS.items()):
        return "the published set was made by another version"
    try:
        return read_state(build)
    except (OSError, pl.exceptions.PolarsError) as error:
        return f"the published set cannot be read ({str(error).partition(chr(10))[0]})"


def _changed_labels(root: DataRoot, state: State) -> list[str]:
    """Return the flat folders of a state that are missing, or that another input was flattened into."""
    return sorted(
        label
        for label, sha256 in state.labels.items()
        if (flat_mark(root, label) or {}).get("input_sha256") != sha256
    )
