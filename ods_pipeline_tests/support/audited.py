"""Small registers as the pipeline publishes them, with their raw files: what the audit is tried on.

What lives here: the pipeline's own functions put together without Dagster and without marts. What does not:
what is in the raw files.
"""

import hashlib
from pathlib import Path

from ods_pipeline.audit.comparing import Compared, compare
from ods_pipeline.audit.published import Published
from ods_pipeline.audit.raw import find_raw
from ods_pipeline.audit.register import tell
from ods_pipeline.audit.tables import TABLES
from ods_pipeline.dataroot.layout import DataRoot, write_flat
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.release import Origin, flatten_release
from ods_pipeline.history.fold import fold
from ods_pipeline.history.observations import observe
from ods_pipeline.publish.files import provenance, write_table
from ods_pipeline.schema import HISTORY, ORD
from ods_pipeline.sources.recorded import take_fetch, take_release

MOST = 20


def publish(received: Path, root: DataRoot) -> Path:
    """Takes in every release and fetch of a folder, and writes the tables of ``ord`` and ``history``."""
    for file in sorted(received.glob("*.zip")):
        origin = Origin("file", file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest(), False)
        flat = flatten_release(file, origin, threads=1)
        take_release(root, file, flat.folder.removeprefix("release="))
        write_flat(root, flat.folder, flat.frames)
    for folder in sorted(received.glob("fetch=*")):
        flat = flatten_fetch(take_fetch(root, folder))
        write_flat(root, flat.folder, flat.frames)
    register = fold(observe(root.flat_folders()))
    build = root.builds / "000001"
    origin_of_all = provenance(register.frames["captures"], register.as_of)
    for table in (*ORD, *HISTORY):
        write_table(table, register.frames[table.id], build, origin_of_all)
    return build


def differing(root: DataRoot, build: Path) -> list[Compared]:
    """The tables of ``ord`` and ``history`` in which the audit finds a difference. It must find rows."""
    published = Published(build)
    captures = [c or "" for (ids,) in published.batches("ord.captures", ["capture_id"]) for c in ids]
    raw = find_raw(root.path, captures)
    assert not raw.gone and not raw.waiting
    register = tell(raw.captures)
    compared = [compare(table, register, published, MOST) for table in TABLES]
    assert compared[0].raw_rows > 0
    return [table for table in compared if not table.is_equal]
