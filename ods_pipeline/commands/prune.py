"""`ods-pipeline prune`: remove old files that nothing needs. Without ``--delete`` it lists them only."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter, validators

from ods_pipeline.commands.common import DEFAULT_ROOT, Root, command_line, plain
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.inventory import prune as pruning


def prune(
    *,
    data_root: Root = DEFAULT_ROOT,
    older_than: Annotated[
        int,
        Parameter(validator=validators.Number(gte=1, lte=36_500), help="Keep what is not older, in days."),
    ] = 90,
    delete: Annotated[
        bool, Parameter(negative="", help="Remove the files. Without it they are listed.")
    ] = False,
) -> int:
    """List or remove what may be removed, and print it.

    Returns:
        The exit code.

    Raises:
        OdsError: another process works on the data root, or a file cannot be removed.
    """
    console, root = plain(), DataRoot(data_root)
    age, now = timedelta(days=older_than), datetime.now(UTC)
    take = pruning.prune if delete and root.path.is_dir() else pruning.prunable
    found = take(root, now, age)
    for item in found:
        path = item.path.relative_to(root.path)
        console.print(f"  {item.changed:%Y-%m-%d}  {item.size:>14,}  {item.kind}: {path}")
    sizes: Counter[str] = Counter()
    for item in found:
        sizes[item.kind] += item.size
    total = ", ".join(f"{kind} {size:,}" for kind, size in sorted(sizes.items()))
    if not found:
        console.print(f"Nothing here is older than {older_than} days and not needed.")
    elif delete:
        console.print(f"Removed {len(found):,} files and folders, {sizes.total():,} bytes ({total}).")
    else:
        console.print(f"{len(found):,} files and folders may go, {sizes.total():,} bytes ({total}).")
        console.print(
            f"To remove them: {command_line(f'prune --older-than {older_than} --delete', root.path)}"
        )
    return 0
