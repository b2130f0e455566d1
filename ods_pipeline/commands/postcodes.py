"""`ods-pipeline postcodes`: takes a file of postcodes or UPRNs in, and publishes.

Lives here: options and what is printed. Does not live here: reading the file (``places/``).
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, Quiet, Root, command_line, start_logging
from ods_pipeline.commands.summary import report
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.places import take_places
from ods_pipeline.inventory.held import holds_register
from ods_pipeline.places.held import PlaceFile
from ods_pipeline.places.postcodes import BT_TERMS


def postcodes(
    file: Path,
    /,
    *,
    edition: Annotated[
        str, Parameter(help="The month of the edition, such as 2026-08, if the name of the file has none.")
    ] = "",
    data_root: Root = DEFAULT_ROOT,
    quiet: Quiet = False,
) -> int:
    """Take ``file`` in, print what is in it, and publish if there is a register.

    Returns:
        The exit code.

    Raises:
        OdsError: The file cannot be used. Nothing changes.
    """
    console = start_logging(quiet)
    root = DataRoot(data_root)
    taken = take_places(root, file, edition)
    if not quiet:
        for line in describe_places(taken):
            console.print(line)
    if holds_register(root):
        return report(console, root, pipeline.build(root), quiet=quiet)
    console.print(f"It is used by the next build. Run: {command_line('build', root.path)}")
    return 0


def describe_places(file: PlaceFile) -> list[str]:
    """Return the lines about a file that was taken in: what it is, its counts, and its terms."""
    counts = file.counts
    lines = [f"{file.label}: {counts['kept']:,} of {counts['read']:,} rows can be used."]
    if file.kind == "postcodes":
        lines += [
            f"  {counts['terminated']:,} terminated, {counts['without_position']:,} without a position, "
            f"{counts['unreadable']:,} that are not postcodes",
            f"  {counts['northern_ireland']:,} {BT_TERMS}",
        ]
    else:
        lines.append(f"  {counts['without_position']:,} without a position in Great Britain")
    return lines + [f"  {line}" for line in file.licence]
