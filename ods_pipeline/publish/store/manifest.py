"""What a build in the store consists of: the manifest, and the pointer to the current one.

Lives here: making a manifest from a build on disk, reading and judging those of the store. Does not live
here: writing them (``publishing.py``). A manifest holds no moment and no name of a machine: the same build
gives the same bytes.
"""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ods_pipeline.dataroot.files import file_sha256
from ods_pipeline.errors import OdsError
from ods_pipeline.publish.store.digests import digests_of
from ods_pipeline.publish.store.opening import Store, StoredObject
from ods_pipeline.schema import TABLES

FORMAT = 1
CURRENT = "current.json"
_AT_ONCE = 4


@dataclass(frozen=True)
class Manifest:
    """A manifest of the store: its path, its SHA-256 and its content."""

    path: str
    sha256: str
    content: dict[str, Any]

    @property
    def build(self) -> int:
        """The number of the build."""
        return int(self.content["build"])

    @property
    def files(self) -> list[str]:
        """Every object of the build but the manifest itself."""
        entries = [*self.content["tables"].values(), self.content["duckdb"], self.content["state"]]
        return [entry["path"] for entry in entries]


def make_manifest(
    build: Path, state: Path, previous: Manifest | None, has: Callable[[str], bool]
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Return the manifest of a build on disk, and the file of each object that the store may lack.

    A table whose rows, columns and descriptions are those of the previous manifest keeps its object: only
    the footer of the file on disk differs, which names the build. The manifest's ``datapackage`` describes
    the object.

    Args:
        build: The folder of the published build, named after its number.
        state: The archive of what the next build needs.
        previous: The manifest that is current in the store.
        has: Whether the store has an object.

    Raises:
        OdsError: A file on disk is not the one that was built.
    """
    package = json.loads((build / "datapackage.json").read_bytes())
    before = previous.content["tables"] if previous else {}

    def described(resource: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        table = TABLES[resource["name"]]
        name = f"{table.schema}.{table.name}"
        entry = _table_entry(name, resource, build, package.get("provenance", {}))
        return name, _as_published(entry, before.get(name), has)

    resources = [resource for resource in package["resources"] if resource["format"] == "parquet"]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        tables = dict(pool.map(described, resources))
    files = {}
    for resource, entry in zip(resources, tables.values(), strict=True):
        if resource["hash"] == f"sha256:{entry['sha256']}":
            files[entry["path"]] = build / entry["published_as"]
        resource |= {"bytes": entry["bytes"], "hash": f"sha256:{entry['sha256']}"}
    duckdb, tar = _entry("duckdb", build / "ods.duckdb"), _entry("state", state)
    files |= {duckdb["path"]: build / "ods.duckdb", tar["path"]: state}
    content = {
        "format": FORMAT,
        "build": int(build.name),
        "as_of": package["version"],
        "previous": previous.path if previous else None,
        "tables": tables,
        "duckdb": duckdb,
        "state": tar,
        "datapackage": package,
        "build_info": json.loads((build / "build.json").read_bytes()),
    }
    return content, files


def has_same_data(entry: dict[str, Any], last: dict[str, Any]) -> bool:
    """Return whether two entries of a table have the same rows, columns and descriptions.

    Manifests of older versions do not record it; for these only the same file counts.
    """
    return entry["sha256"] == last["sha256"] or entry["data_sha256"] == last.get("data_sha256")


def _table_entry(name: str, resource: dict[str, Any], build: Path, origin: dict[str, str]) -> dict[str, Any]:
    """Return the entry of a table as it is on disk."""
    file = build / resource["path"]
    digests = digests_of(file, origin)
    if resource["hash"] != f"sha256:{digests.file}":
        raise OdsError(
            "the file is not the one that was built: its SHA-256 differs from datapackage.json",
            where=file,
            do="Publish it here again: ods-pipeline build --again",
        )
    return {
        "path": f"tables/{name}/{digests.file}.parquet",
        "sha256": digests.file,
        "bytes": resource["bytes"],
        "rows": resource["rows"],
        "published_as": resource["path"],
        "data_sha256": digests.data,
        "delta_version": 0,
    }


def _as_published(
    entry: dict[str, Any], last: dict[str, Any] | None, has: Callable[[str], bool]
) -> dict[str, Any]:
    """Return the entry of a table after one of the previous manifest: its object, if the data is the same."""
    if last is None:
        return entry
    # A table that did not change gets no Delta commit, so its version stays.
    if has_same_data(entry, last) and has(last["path"]):
        return entry | {key: last[key] for key in ("path", "sha256", "bytes", "delta_version")}
    return entry | {"delta_version": last["delta_version"] + (entry["sha256"] != last["sha256"])}


def _entry(folder: str, file: Path) -> dict[str, Any]:
    sha256 = file_sha256(file)
    return {"path": f"{folder}/{sha256}{file.suffix}", "sha256": sha256, "bytes": file.stat().st_size}


def as_bytes(content: dict[str, Any]) -> bytes:
    """Return JSON text: the same content gives the same bytes."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def path_of(content: dict[str, Any]) -> str:
    """Return the path of a manifest: its number, and the beginning of its SHA-256.

    Two workers may make a build of one number. Only one of them becomes current; the other is a file nobody
    names, and no obstacle.
    """
    return f"builds/{content['build']:06d}-{hashlib.sha256(as_bytes(content)).hexdigest()[:12]}.json"


def read_current(store: Store) -> tuple[Manifest, StoredObject] | None:
    """Return the current manifest of a store, and the pointer as read; None if nothing is published there.

    Raises:
        OdsError: The pointer or the manifest is damaged, or of a newer format.
    """
    pointer = store.get_json(CURRENT)
    if pointer is None:
        return None
    value, stored = pointer
    _require_known_format(store, CURRENT, value)
    try:
        path, sha256 = str(value["manifest"]), str(value["sha256"])
    except KeyError as error:
        raise _not_ours(store, CURRENT) from error
    return read_manifest(store, path, sha256), stored


def read_manifest(store: Store, path: str, sha256: str | None = None) -> Manifest:
    """Return a manifest.

    Raises:
        OdsError: It is missing, its bytes are not those named, or it is of a newer format.
    """
    read = store.get_json(path)
    if read is None:
        raise OdsError(
            "the manifest is missing", where=f"{store.address}/{path}", do="Publish again from a data root"
        )
    value, stored = read
    actual = hashlib.sha256(stored.content).hexdigest()
    if sha256 is not None and actual != sha256:
        raise OdsError(
            "the manifest is not the one that was published: its SHA-256 differs",
            where=f"{store.address}/{path}",
            do="Publish again from a data root",
        )
    _require_known_format(store, path, value)
    if not {"build", "tables", "duckdb", "state", "datapackage"} <= value.keys():
        raise _not_ours(store, path)
    return Manifest(path, actual, value)


def _require_known_format(store: Store, path: str, value: dict[str, Any]) -> None:
    if "format" not in value:
        raise _not_ours(store, path)
    if not isinstance(value["format"], int) or value["format"] > FORMAT:
        raise OdsError(
            f"a newer version of ods-pipeline wrote it (format {value['format']}; this one knows {FORMAT})",
            where=f"{store.address}/{path}",
            do="Update ods-pipeline",
        )


def _not_ours(store: Store, path: str) -> OdsError:
    return OdsError(
        "ods-pipeline did not write this object",
        where=f"{store.address}/{path}",
        do="Give a prefix of its own to the published set",
    )
