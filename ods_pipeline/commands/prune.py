"""`ods-pipeline prune`: remove old files that nothing needs. Without ``--delete`` it lists them only."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, Root, command_line, plain
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory import prune as pruning


def prune(
    store: Annotated[
        str | None, Parameter(help="A store, to remove old builds from it: s3://BUCKET/PREFIX, …")
    ] = None,
    *,
    data_root: Root = DEFAULT_ROOT,
    older_than: Annotated[
        str,
        Parameter(name=("--older-than", "--keep"), help="Keep what is not older: days, as 90 or 90d."),
    ] = "90",
    delete: Annotated[
        bool, Parameter(negative="", help="Remove the files. Without it they are listed.")
    ] = False,
) -> int:
    """List or remove what may be removed, and print it.

    Returns:
        The exit code.

    Raises:
        OdsError: There is no such data root, another process works on it or the store, or a file cannot be
            removed.
    """
    age = days(older_than)
    if store is not None:
        from ods_pipeline.commands.publish import prune_in_store  # noqa: PLC0415 - an extra

        return prune_in_store(store, age, delete=delete)
    console, root, now = plain(), DataRoot(data_root), datetime.now(UTC)
    if not root.path.is_dir():
        raise OdsError("there is no such folder", where=root.path, do="Give the data root with --data-root")
    take = pruning.prune if delete else pruning.prunable
    items = take(root, now, age)
    for item in items:
        path = item.path.relative_to(root.path)
        console.print(f"  {item.changed:%Y-%m-%d}  {item.size:>14,}  {item.kind}: {path}")
    sizes: Counter[str] = Counter()
    for item in items:
        sizes[item.kind] += item.size
    total = ", ".join(f"{kind} {size:,}" for kind, size in sorted(sizes.items()))
    if not items:
        console.print(f"Nothing here is older than {age.days} days and not needed.")
    elif delete:
        console.print(f"Removed {len(items):,} files and folders, {sizes.total():,} bytes ({total}).")
    else:
        console.print(f"{len(items):,} files and folders may go, {sizes.total():,} bytes ({total}).")
        console.print(f"To remove them: {command_line(f'prune --older-than {age.days} --delete', root.path)}")
    return 0


def days(text: str) -> timedelta:
    """Return a number of days, written as 90 or 90d.

    Raises:
        OdsError: It is not a number from 1 to 36,500.
    """
    if not re.fullmatch(r"[0-9]{1,5}d?", text) or not 1 <= int(text.removesuffix("d")) <= 36_500:
        raise OdsError(
            f"--older-than is {text!r}, which is not a number of days from 1 to 36500",
            do="Give for example --older-than 90",
        )
    return timedelta(days=int(text.removesuffix("d")))
