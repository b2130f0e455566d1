"""`ods-pipeline publish`, `pull`, and the store's side of `prune` and `status`.

Lives here: options and what is printed. Does not live here: the store (``publish/store/``).
"""

from datetime import timedelta
from json import dumps
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, EXIT_INCOMPLETE, Quiet, Root, plain, start_logging
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.publish.store.lease import writer
from ods_pipeline.publish.store.manifest import read_current
from ods_pipeline.publish.store.opening import Store
from ods_pipeline.publish.store.pruning import prune_store
from ods_pipeline.publish.store.publishing import publish_to
from ods_pipeline.publish.store.pulling import pull as pull_from

StoreAddress = Annotated[
    str, Parameter(env_var="ODS_STORE", help="s3://BUCKET/PREFIX, az://…, gs://… or file:///FOLDER.")
]


def publish(
    store: StoreAddress,
    *,
    raw: Annotated[
        bool, Parameter(negative="", help="Put the raw files into the store too, below raw/.")
    ] = False,
    quiet: Quiet = False,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Publish the current build into a store, whole or not at all.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing is published here, the store fails, or another writer was faster.
    """
    console = start_logging(quiet)
    done = publish_to(DataRoot(data_root), Store(store, create=True), who=writer(), mirror_raw=raw)
    if not done.is_new:
        console.print(f"{store} has build {done.build:06d} already.")
    else:
        console.print(
            f"Published build {done.build:06d} to {store}: {done.files_written} files, "
            f"{done.bytes_written:,} bytes written, {done.commits} Delta commits."
        )
    return 0


def pull(
    store: StoreAddress,
    *,
    raw: Annotated[
        bool, Parameter(negative="", help="Fetch the raw files too, if the store has them.")
    ] = False,
    quiet: Quiet = False,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Make the current build of a store the published set of a data root.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing is published there, or a file is missing or damaged.
    """
    console = start_logging(quiet)
    done = pull_from(DataRoot(data_root), Store(store), raw=raw)
    console.print(
        f"{data_root} has build {done.build:06d}, as of {done.as_of}: "
        f"{done.files} files, {done.bytes:,} bytes fetched."
    )
    return 0


def prune_in_store(store: str, keep: timedelta, *, delete: bool) -> int:
    """List old builds of a store and the files that only they name, or remove them.

    Returns:
        The exit code.

    Raises:
        OdsError: The store fails, or nothing is published there.
    """
    console = plain()
    done = prune_store(Store(store), keep, who=writer(), dry_run=not delete)
    for path in [*done.builds, *done.files]:
        console.print(f"  {path}")
    counts = f"{len(done.builds):,} builds and {len(done.files):,} files"
    if not done.builds and not done.files:
        console.print(f"Nothing in {store} is older than {keep.days} days and not needed.")
    elif delete:
        console.print(f"Removed {counts}, {done.bytes:,} bytes.")
    else:
        console.print(f"{counts} may go, {done.bytes:,} bytes.")
        console.print(f"To remove them: ods-pipeline prune {store} --older-than {keep.days} --delete")
    return 0


def store_status(store: str, *, json: bool) -> int:
    """Print what a store has.

    Returns:
        The exit code: 0, or 4 if nothing is published there.

    Raises:
        OdsError: The store fails, or it is not one of ours.
    """
    console = plain()
    read = read_current(Store(store))
    if read is None:
        empty = dumps({"store": store, "build": None}) if json else f"{store}: nothing is published there."
        console.print(empty, soft_wrap=True)
        return EXIT_INCOMPLETE
    manifest, pointer = read
    tables = manifest.content["tables"].values()
    facts = {
        "store": store,
        "build": manifest.build,
        "as_of": manifest.content["as_of"],
        "published_at": f"{pointer.modified:%Y-%m-%dT%H:%M:%SZ}",
        "tables": len(tables),
        "rows": sum(entry["rows"] for entry in tables),
        "bytes": sum(entry["bytes"] for entry in tables) + manifest.content["duckdb"]["bytes"],
        "manifest": manifest.path,
        "sha256": manifest.sha256,
    }
    if json:
        console.print(dumps(facts), soft_wrap=True)
        return 0
    console.print(f"{store}: build {manifest.build:06d}, as of {facts['as_of']}")
    console.print(f"  published {pointer.modified:%Y-%m-%d %H:%M} UTC")
    console.print(f"  {facts['tables']} tables, {facts['rows']:,} rows, {facts['bytes']:,} bytes")
    console.print(f"  manifest: {manifest.path}, SHA-256 {manifest.sha256}")
    return 0
