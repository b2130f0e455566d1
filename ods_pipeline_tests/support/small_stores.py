"""Small builds to publish into a store by the hundred, and what a reader of a store checks.

Lives here: builds of four tables whose every file says which build it is; reading a whole manifest;
publishing in a process that dies. Does not live here: the stores (``publish/store/conftest.py``).
"""

import hashlib
import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.parquet import write_parquet
from ods_pipeline.errors import OdsError
from ods_pipeline.publish.store import publishing
from ods_pipeline.publish.store.manifest import Manifest, read_current
from ods_pipeline.publish.store.opening import Store
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.derive import arrow_schema

# The first has the same rows in every build, only its footer says which; the others say it in every row.
SAME, CHANGING = "code_systems", ("organisations", "deletions", "org_daily")


def small_build(root: DataRoot, number: int, word: str) -> Path:
    """Make a build of four tables the current one of a data root; every changing file holds ``word``."""
    origin = {"as_of": "2026-09-04", "newest_capture": word}
    build = root.builds / f"{number:06d}"
    build.mkdir(parents=True)
    resources = []
    for name in (SAME, *CHANGING):
        table = TABLES[name]
        rows = _rows(name, "same" if name == SAME else word)
        file = build / table.path
        size = write_parquet(rows, file, arrow_schema(table, origin))
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        resources.append(
            {
                "name": name,
                "path": table.path,
                "format": "parquet",
                "bytes": size,
                "rows": rows.height,
                "hash": f"sha256:{sha256}",
            }
        )
    package = {"version": "2026-09-04", "provenance": origin, "resources": resources}
    (build / "datapackage.json").write_text(json.dumps(package, indent=2) + "\n")
    (build / "build.json").write_text(json.dumps({"today": "2026-09-04"}, indent=2) + "\n")
    (build / "ods.duckdb").write_bytes(word.encode() * 1000)
    root.current.unlink(missing_ok=True)
    root.current.symlink_to(build.name)
    return build


def _rows(name: str, word: str) -> pl.DataFrame:
    table, count = TABLES[name], 20 + len(word) % 7
    frame = pl.DataFrame({"n": range(count)})
    values = {
        column: pl.lit(date(2026, 9, 4), dtype)
        if dtype == pl.Date()
        else pl.lit(0, dtype)
        if dtype in (pl.Int64(), pl.Boolean())
        else pl.format("{} {}", pl.lit(word), "n").cast(dtype)
        for column, dtype in table.dtypes.items()
    }
    return frame.select(**values)


def read_whole(store: Store) -> tuple[int, str]:
    """Read every file of the current build. Return the number of the build and the word of its files.

    Raises:
        AssertionError: A file is missing, is not the one that the manifest names, or is of another build.
    """
    read = read_current(store)
    assert read is not None, "there is a build"
    manifest = read[0]
    words, described = set(), {r["path"]: r for r in manifest.content["datapackage"]["resources"]}
    for name, entry in manifest.content["tables"].items():
        content, resource = _named(store, entry), described[entry["published_as"]]
        assert (resource["hash"], resource["bytes"]) == (f"sha256:{entry['sha256']}", len(content)), name
        rows = pq.read_table(io.BytesIO(content)).slice(0, 1).to_pylist()
        assert pq.read_metadata(io.BytesIO(content)).num_rows == entry["rows"], name
        if name != f"ord.{SAME}":
            words |= {str(v).split()[0] for v in rows[0].values() if isinstance(v, str)}
    content = _named(store, manifest.content["duckdb"]).decode()
    _named(store, manifest.content["state"])
    (word,) = words
    assert content == word * 1000, "all files are of one build"
    return manifest.build, word


def _named(store: Store, entry: Mapping[str, Any]) -> bytes:
    found = store.get(entry["path"])
    assert found is not None, f"{entry['path']} is missing"
    assert hashlib.sha256(found.content).hexdigest() == entry["sha256"], entry["path"]
    return found.content


def current_of(store: Store) -> Manifest:
    read = read_current(store)
    assert read is not None
    return read[0]


def objects(store: Store) -> dict[str, str]:
    """SHA-256 of every object of a store by its path.

    Without the logs of Delta, which have moments in them, and without the lock files of a folder.
    """
    paths = [p for p, _, _ in store.list("") if "/_delta_log/" not in p and not p.startswith(".")]
    return {path: hashlib.sha256(_bytes(store, path)).hexdigest() for path in paths}


def _bytes(store: Store, path: str) -> bytes:
    found = store.get(path)
    assert found is not None
    return found.content


def delta_state(store: Store) -> dict[str, tuple[Any, ...]]:
    """Version, files and number of the build of every Delta table of the current build."""
    from deltalake import DeltaTable  # noqa: PLC0415 - costs a child that only reads files its start

    state = {}
    for name in current_of(store).content["tables"]:
        table = DeltaTable(f"{store.address}/tables/{name}")
        files = [uri.rsplit("/", 1)[-1] for uri in table.file_uris()]
        state[name] = (table.version(), files, table.transaction_version("ods_pipeline"))
    return state


class _Dying:
    """Counts the writes of this process and kills it at one of them: before it, after it, or during it."""

    def __init__(self, at: int, when: str) -> None:
        self.left, self.when = at, when
        self.lock = threading.Lock()

    def around(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            with self.lock:
                self.left -= 1
                is_it = self.left == 0
            if is_it and self.when == "before":
                self._die()
            if is_it and self.when == "during":
                threading.Timer(0.0003, self._die).start()
            result = write(*arguments, **named)
            if is_it and self.when == "after":
                self._die()
            if is_it:
                time.sleep(0.05)
            return result

        return counted

    @staticmethod
    def _die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def publish_and_die(environment: dict[str, str], root: Path, address: str, at: int, when: str) -> None:
    """Publish in this process, which is killed at its ``at``-th write, lease and Delta commits included."""
    os.environ.update(environment)
    dying = _Dying(at, when)
    for name in ("put_new", "replace"):
        setattr(Store, name, dying.around(getattr(Store, name)))
    publishing.register_table = dying.around(publishing.register_table)  # ty: ignore[invalid-assignment]
    publishing.publish_to(DataRoot(root), Store(address), who="a writer that dies")


def publish_in_race(
    environment: dict[str, str], root: Path, address: str, start: Any, answers: Any, *, with_lease: bool
) -> None:
    """Publish when the barrier ``start`` opens; put ``root, won, words`` into ``answers``."""
    os.environ.update(environment)
    store = Store(address)
    if not with_lease:
        publishing.writing = lambda *_, **__: nullcontext()  # ty: ignore[invalid-assignment]
    start.wait(60)
    try:
        publishing.publish_to(DataRoot(root), store, who=root.name)
        answers.put((root.name, True, ""))
    except OdsError as error:
        answers.put((root.name, False, str(error)))


def read_until(environment: dict[str, str], address: str, stop: Any, answers: Any) -> None:
    """Read whole builds until ``stop`` is set; put ``reads, builds seen, what was torn`` into ``answers``."""
    os.environ.update(environment)
    store, reads, seen = Store(address), 0, set()
    try:
        while not stop.is_set():
            build, word = read_whole(store)
            assert word == f"build{build}", (build, word)
            seen.add(build)
            reads += 1
            time.sleep(0.02)  # ten that never pause leave a writer no processor
    except (AssertionError, OdsError) as error:
        answers.put((reads, sorted(seen), str(error) or repr(error)))
    else:
        answers.put((reads, sorted(seen), ""))
