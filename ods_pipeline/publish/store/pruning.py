"""Old builds out of a store: manifests first, then files that no manifest left names.

Lives here: which objects may go. Does not live here: removing one (``opening.py``). The current build is
never touched, and nothing younger than the days to keep: a publisher may have put it and not named it yet.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from ods_pipeline.errors import OdsError
from ods_pipeline.publish.store.lease import writing
from ods_pipeline.publish.store.leftovers import leftovers, remove_leftover
from ods_pipeline.publish.store.manifest import read_current, read_manifest
from ods_pipeline.publish.store.opening import Store
from ods_pipeline.sources.clock import Clock, SystemClock

_FOLDERS = ("tables/", "duckdb/", "state/")
# Names that publishing gives. Anything else below the prefix is somebody else's.
_OURS = re.compile(
    r"(tables/[a-z]+\.\w+/[0-9a-f]{64}\.parquet|duckdb/[0-9a-f]{64}\.duckdb|state/[0-9a-f]{64}\.tar)"
)
_MANIFEST = re.compile(r"builds/\d{6,}-[0-9a-f]{12}\.json")


@dataclass(frozen=True)
class Pruned:
    """What goes, or would go: builds, files and their bytes."""

    builds: list[str]
    files: list[str]
    bytes: int


def prune_store(
    store: Store, keep: timedelta, *, who: str, dry_run: bool = True, clock: Clock | None = None
) -> Pruned:
    """Remove builds older than ``keep``, and files that only they name.

    Time travel of the Delta tables ends where their files go. Raw files and files of others stay. In a
    folder, what killed writers left goes too.

    Args:
        store: The store.
        keep: The age up to which everything stays.
        who: The name of this writer, as others read it.
        dry_run: Only return what would go.
        clock: Gives the moment.

    Raises:
        Busy: A writer is at work.
        OdsError: Nothing is published there, or the store fails.
    """
    with writing(store, who, clock):
        read = read_current(store)
        if read is None:
            raise OdsError("nothing is published there", where=store.address, do="Nothing to prune")
        current = read[0]
        before = (clock or SystemClock()).now() - keep
        manifests = [o for o in store.list("builds/") if _MANIFEST.fullmatch(o[0])]
        old = [path for path, _, moment in manifests if moment < before and path != current.path]
        kept = {path for path, _, _ in manifests} - set(old)
        named = {file for path in sorted(kept) for file in read_manifest(store, path).files}
        files = [o for folder in _FOLDERS for o in store.list(folder) if _may_go(o, named, before)]
        left = leftovers(store.folder, before) if store.folder else []
        if not dry_run:
            # A manifest before its files: a reader never finds one whose files are gone.
            store.delete([*old, *(path.removesuffix(".json") + ".delta" for path in old)])
            store.delete([path for path, _, _ in files])
            for path, _, _ in left:
                assert store.folder is not None
                remove_leftover(store.folder / path)
    gone = [*files, *left]
    return Pruned(old, [path for path, _, _ in gone], sum(size for _, size, _ in gone))


def _may_go(item: tuple[str, int, datetime], named: set[str], before: datetime) -> bool:
    path, _, moment = item
    return _OURS.fullmatch(path) is not None and path not in named and moment < before
