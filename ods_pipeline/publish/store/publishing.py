"""Publishing a build into a store: files first, then the manifest, then one conditional write, then Delta.

Lives here: the order of writes. Does not live here: single writes (``opening.py``). Killed anywhere, the
old ``current.json`` is there or the new one is, and the next run finishes. Delta commits come after
``current.json``: a writer that loses the race must leave no commit behind. The manifest names their
versions in advance, since only the winner commits, and the next publisher completes what a killed one left.
"""

import logging
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot, build_here
from ods_pipeline.errors import OdsError
from ods_pipeline.progress import progress
from ods_pipeline.publish.store.delta import arrow_schema, register_table
from ods_pipeline.publish.store.lease import writing
from ods_pipeline.publish.store.manifest import (
    CURRENT,
    FORMAT,
    Manifest,
    as_bytes,
    has_same_data,
    make_manifest,
    path_of,
    read_current,
    read_manifest,
)
from ods_pipeline.publish.store.opening import LostRace, Store
from ods_pipeline.publish.store.state import pack_state

_AT_ONCE = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PublishedTo:
    """What a publication did.

    Attributes:
        build: Number of the build that is current now.
        is_new: False if the store had it already.
        files_written: Objects that were not there before.
        bytes_written: Their size.
        commits: Delta tables that got a commit.
    """

    build: int
    is_new: bool
    files_written: int
    bytes_written: int
    commits: int


def publish_to(root: DataRoot, store: Store, *, who: str, mirror_raw: bool = False) -> PublishedTo:
    """Publish the current build of a data root into a store.

    Args:
        root: The data root.
        store: The store.
        who: The name of this writer, as others read it.
        mirror_raw: Put the raw files into the store too, for workers that must rebuild history.

    Raises:
        Busy: Another writer is at work.
        LostRace: Another writer was faster; it is named.
        OdsError: Nothing is published here, the store has a later build, or it fails.
    """
    build = current_build(root)
    if build is None:
        raise OdsError("nothing is published here", where=root.path, do=build_here(root.path))
    with writing(store, who), tempfile.TemporaryDirectory() as folder:
        read = read_current(store)
        previous = read[0] if read else None
        commits = _complete_delta(store, previous) if previous else 0
        state = Path(folder) / "state.tar"
        pack_state(root, state)
        content, files = make_manifest(build, state, previous, store.has)
        if previous is not None and _is_same(previous, content):
            raw = _mirror(root, store) if mirror_raw else (0, 0)
            return PublishedTo(previous.build, False, *raw, commits)
        _require_later(store, previous, int(build.name))
        written = _put_all(store, files, "publishing")
        if mirror_raw:
            raw = _mirror(root, store)
            written = (written[0] + raw[0], written[1] + raw[1])
        path = path_of(content)
        store.put_new(path, as_bytes(content))
        manifest = read_manifest(store, path)
        pointer = {"format": FORMAT, "build": manifest.build, "manifest": path, "sha256": manifest.sha256}
        try:
            store.replace(CURRENT, as_bytes(pointer), read[1] if read else None)
        except LostRace:
            raise _lost(store) from None
        schemas = {
            name: pq.read_schema(build / entry["published_as"]) for name, entry in content["tables"].items()
        }
        commits += _complete_delta(store, manifest, schemas)
    log.info("published build %06d to %s: %d files", manifest.build, store.address, written[0])
    return PublishedTo(manifest.build, True, *written, commits)


def _is_same(previous: Manifest, content: dict[str, Any]) -> bool:
    """Return whether the store has this build: the same ods.duckdb, and the same data in every table."""
    before, tables = previous.content["tables"], content["tables"]
    return (
        previous.build == content["build"]
        and content["duckdb"] == previous.content["duckdb"]
        and tables.keys() == before.keys()
        and all(has_same_data(entry, before[name]) for name, entry in tables.items())
    )


def _require_later(store: Store, previous: Manifest | None, number: int) -> None:
    if previous is not None and previous.build >= number:
        raise OdsError(
            f"the store has build {previous.build:06d} already, and this is another build {number:06d}",
            where=store.address,
            do="Pull into an empty data root and build there, or give another prefix",
        )


def _put_all(store: Store, files: dict[str, Path], what: str) -> tuple[int, int]:
    """Write the objects that are not there; their number and size."""

    def put(item: tuple[str, Path]) -> int:
        path, file = item
        if store.has(path) or not store.put_new(path, file):
            return -1
        return file.stat().st_size

    sizes = []
    with ThreadPoolExecutor(_AT_ONCE) as pool, progress(what, counted=True) as show:
        for done, size in enumerate(pool.map(put, sorted(files.items())), 1):
            show(done, len(files))
            if size >= 0:
                sizes.append(size)
    return len(sizes), sum(sizes)


def _mirror(root: DataRoot, store: Store) -> tuple[int, int]:
    """Put raw files that the store lacks below ``raw/``."""
    wanted = [f for f in sorted((root.path / "raw").rglob("*")) if f.is_file() and not f.name.startswith(".")]
    return _put_all(store, {str(f.relative_to(root.path)): f for f in wanted}, "raw files")


def _complete_delta(store: Store, manifest: Manifest, schemas: dict[str, object] | None = None) -> int:
    """Commit each table of a manifest that is not committed; the number of commits.

    The object ``builds/….delta`` shows that all are, so that the next publisher need not ask each table.
    """
    done = manifest.path.removesuffix(".json") + ".delta"
    if store.has(done):
        return 0
    commits = 0
    for name, entry in sorted(manifest.content["tables"].items()):
        schema = schemas[name] if schemas else _schema_in(store, entry["path"])
        commits += register_table(
            store, name, entry, build=manifest.build, schema=schema, day=manifest.content["as_of"]
        )
    store.put_new(done, b"")
    return commits


def _schema_in(store: Store, path: str) -> object:
    stored = store.get(path)
    if stored is None:
        raise OdsError(
            "a file of the published set is missing", where=f"{store.address}/{path}", do="Publish again"
        )
    return arrow_schema(stored.content)


def _lost(store: Store) -> LostRace:
    read = read_current(store)
    winner = f"build {read[0].build:06d}, as of {read[0].content['as_of']}" if read else "another writer"
    return LostRace(
        f"another writer was faster: {winner} is current now, and this build is not published",
        where=store.address,
        do="Pull, and build again if anything is still missing",
    )
