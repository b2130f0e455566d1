"""The published set of a store in a data root: for a worker without a disk of its own.

Lives here: fetching and checking the files, and making them the current build. Does not live here: reading
the store (``manifest.py``). Every file is compared with the SHA-256 of the manifest before the build
becomes current.
"""

import hashlib
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ods_pipeline.dataroot.builds import current_build, numbered_builds, publish_build, start_build
from ods_pipeline.dataroot.files import remove
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.progress import progress
from ods_pipeline.publish.build_info import write_build_info
from ods_pipeline.publish.datapackage import write_package
from ods_pipeline.publish.store.digests import digests_of
from ods_pipeline.publish.store.manifest import Manifest, read_current
from ods_pipeline.publish.store.opening import Store
from ods_pipeline.publish.store.state import unpack_state

_AT_ONCE = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pulled:
    """What a pull did: the build, its as-of date, and the files and bytes that were fetched."""

    build: int
    as_of: str
    files: int
    bytes: int


def pull(root: DataRoot, store: Store, *, raw: bool = False) -> Pulled:
    """Make the current build of a store the published set of a data root.

    Args:
        root: The data root: empty, or pulled before.
        store: The store.
        raw: Fetch the raw files too, if the store has them.

    Raises:
        OdsError: Nothing is published there, a file is missing or damaged, or the data root has other builds.
    """
    with root.locked():
        read = read_current(store)
        if read is None:
            raise OdsError(
                "nothing is published there", where=store.address, do="Run: ods-pipeline publish STORE"
            )
        manifest = read[0]
        build = current_build(root)
        if build is not None and int(build.name) >= manifest.build:
            if int(build.name) == manifest.build and _is_this(build, manifest):
                return Pulled(manifest.build, manifest.content["as_of"], 0, 0)
            raise OdsError(
                f"the data root has build {build.name}, and the store has build {manifest.build:06d}",
                where=root.path,
                do="Pull into an empty data root",
            )
        fetched = _fetch(root, store, manifest)
        unpack_state(root, _checked(store, manifest.content["state"]))
        if raw:
            fetched += _fetch_raw(root, store)
    log.info("pulled build %06d of %s", manifest.build, store.address)
    return Pulled(manifest.build, manifest.content["as_of"], len(fetched), sum(fetched))


def _is_this(build: Path, manifest: Manifest) -> bool:
    """Return whether a build on disk is that of a manifest, apart from footers of unchanged tables."""
    package = json.loads((build / "datapackage.json").read_bytes())
    named = {entry["published_as"]: entry for entry in manifest.content["tables"].values()}
    for resource in package["resources"]:
        entry = named.get(resource["path"])
        if entry is None or resource["hash"] == f"sha256:{entry['sha256']}":
            continue
        digests = digests_of(build / resource["path"], package.get("provenance", {}))
        if digests.data != entry.get("data_sha256"):
            return False
        resource |= {"bytes": entry["bytes"], "hash": f"sha256:{entry['sha256']}"}
    return package == manifest.content["datapackage"]


def _fetch(root: DataRoot, store: Store, manifest: Manifest) -> list[int]:
    """Write the build's files, and publish it under its own number; the sizes."""
    target = start_build(root)
    content = manifest.content
    wanted = {entry["published_as"]: entry for entry in content["tables"].values()}
    wanted["ods.duckdb"] = content["duckdb"]

    def fetch(item: tuple[str, dict[str, Any]]) -> int:
        name, entry = item
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_checked(store, entry))
        return int(entry["bytes"])

    sizes = []
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool, progress("pulling", counted=True) as show:
            for done, size in enumerate(pool.map(fetch, sorted(wanted.items())), 1):
                show(done, len(wanted))
                sizes.append(size)
        write_package(target, content["datapackage"])
        write_build_info(target, content["build_info"])
    except BaseException:
        remove(target)
        raise
    # The next number is one more than the largest: a folder of the number before makes it the store's.
    if not numbered_builds(root) or int(numbered_builds(root)[-1].name) != manifest.build - 1:
        (root.builds / f"{manifest.build - 1:06d}").mkdir(exist_ok=True)
    publish_build(root)
    return sizes


def _checked(store: Store, entry: dict[str, Any]) -> bytes:
    """Return the bytes of an object of a manifest, if they are those of its SHA-256."""
    stored = store.get(entry["path"])
    if stored is None:
        raise OdsError(
            "a file of the published set is missing",
            where=f"{store.address}/{entry['path']}",
            do="Pull again; if it is still missing, publish a new build: ods-pipeline build --again",
        )
    if hashlib.sha256(stored.content).hexdigest() != entry["sha256"]:
        raise OdsError(
            "the file is not the one that was published: its SHA-256 differs",
            where=f"{store.address}/{entry['path']}",
            do="Remove that object, and publish a new build: ods-pipeline build --again",
        )
    return stored.content


def _fetch_raw(root: DataRoot, store: Store) -> list[int]:
    """Write the raw files that the data root lacks; the sizes."""
    sizes = []
    for path, size, _ in store.list("raw/"):
        file = root.path / path
        if file.exists() and file.stat().st_size == size:
            continue
        stored = store.get(path)
        if stored is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_name(f".{file.name}.partial")
            partial.write_bytes(stored.content)
            partial.replace(file)
            sizes.append(size)
    return sizes
