"""Small registers as the pipeline publishes them, with their raw files, for tests of the audit.

Lives here: the pipeline's own functions put together without Dagster and without marts. Does not live here:
what is in the raw files.
"""

import hashlib
from pathlib import Path

from ods_pipeline.audit.comparing import TableComparison, compare
from ods_pipeline.audit.published import Published
from ods_pipeline.audit.raw import find_raw
from ods_pipeline.audit.register import recompute
from ods_pipeline.audit.tables import AUDITED_TABLES
from ods_pipeline.dataroot.flat import flat_folders, write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.release import Origin, flatten_release
from ods_pipeline.history.fold import fold
from ods_pipeline.history.observations import observe
from ods_pipeline.publish.build_info import provenance
from ods_pipeline.publish.files import write_table
from ods_pipeline.schema import HISTORY, ORD
from ods_pipeline.sources.recorded import take_fetch, take_release

MOST = 20


def publish(received: Path, root: DataRoot) -> Path:
    """Take in every release and fetch of a folder, write ``ord`` and ``history``, and return the build."""
    for file in sorted(received.glob("*.zip")):
        size, sha256 = file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest()
        flat = flatten_release(file, Origin("file", size, sha256, False), threads=1)
        take_release(root, file, flat.folder.removeprefix("release="))
        write_flat(root, flat.folder, flat.frames)
    for folder in sorted(received.glob("fetch=*")):
        flat = flatten_fetch(take_fetch(root, folder))
        write_flat(root, flat.folder, flat.frames)
    register = fold(observe(flat_folders(root)))
    build = root.builds / "000001"
    origin = provenance(register.frames["captures"], register.as_of)
    for table in (*ORD, *HISTORY):
        write_table(table, register.frames[table.id], build, origin)
    return build


def differing(root: DataRoot, build: Path) -> list[TableComparison]:
    """Return the tables of ``ord`` and ``history`` that differ from the raw files. There must be rows."""
    published = Published(build)
    captures = [c or "" for (ids,) in published.batches("ord.captures", ["capture_id"]) for c in ids]
    raw = find_raw(root.path, captures)
    assert not raw.gone and not raw.waiting
    register = recompute(raw.captures)
    compared = [compare(table, register, published, MOST) for table in AUDITED_TABLES]
    assert compared[0].raw_rows > 0
    return [table for table in compared if not table.is_equal]
