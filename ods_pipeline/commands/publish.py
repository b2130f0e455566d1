"""`ods-pipeline publish`, `pull`, and the store's side of `prune`: the published set in an object store.

What lives here: options and what is printed. What does not: the store (``publish/store/``).
"""

import os
import re
import socket
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, Quiet, Root, start_logging
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
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


def prune_in_store(store: str, keep: str, *, yes: bool, quiet: bool) -> int:
    """Remove old builds from a store; without ``yes`` only print what would go.

    Returns:
        The exit code.

    Raises:
        OdsError: ``keep`` is no number of days, or the store fails.
    """
    console = start_logging(quiet)
    done = prune_store(Store(store), days(keep), who=writer(), dry_run=not yes)
    verb = "Removed" if yes else "Would remove"
    console.print(f"{verb} {len(done.builds)} builds and {len(done.files)} files, {done.bytes:,} bytes.")
    if not yes and done.files:
        console.print("Nothing was removed: give --yes to do it.")
    return 0


def store_status(store: str) -> list[str]:
    """Return what a store has, in lines.

    Raises:
        OdsError: The store fails, or it is none of ours.
    """
    read = read_current(Store(store))
    if read is None:
        return [f"{store}: nothing is published there."]
    manifest, found = read
    tables = manifest.content["tables"]
    rows = sum(entry["rows"] for entry in tables.values())
    size = sum(entry["bytes"] for entry in tables.values()) + manifest.content["duckdb"]["bytes"]
    return [
        f"{store}: build {manifest.build:06d}, as of {manifest.content['as_of']}",
        f"  published {found.modified:%Y-%m-%d %H:%M} UTC; {len(tables)} tables, "
        f"{rows:,} rows, {size:,} bytes",
        f"  manifest {manifest.path}, SHA-256 {manifest.sha256}",
    ]


def days(text: str) -> timedelta:
    """Return a number of days written as 90d or 90.

    Raises:
        OdsError: It is none.
    """
    if not re.fullmatch(r"\d{1,5}d?", text):
        raise OdsError(f"--keep is {text!r}, which is no number of days", do="Give for example --keep 90d")
    return timedelta(days=int(text.removesuffix("d")))


def writer() -> str:
    """Return how this writer is named to others: the machine and the process."""
    return f"{socket.gethostname()}, process {os.getpid()}"
