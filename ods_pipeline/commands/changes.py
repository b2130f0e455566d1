"""`ods-pipeline changes`: what changed, on the terminal or as CSV."""

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, Root, as_text, plain
from ods_pipeline.commands.listing import STANDARD_OUTPUT, write_frame
from ods_pipeline.lookup.changes import changes_since, describe_change, newest_day, newest_release_day
from ods_pipeline.lookup.missing import is_held, missing_error
from ods_pipeline.lookup.published import open_published
from ods_pipeline.schema.changes import CHANGE_KINDS

LINES_SHOWN = 100


def changes(
    *,
    since: Annotated[
        date | None,
        Parameter(
            help="First day of detection, inclusive. Before the first release held, what the records date "
            "since then is shown too, marked as from the record. Default: the newest release held."
        ),
    ] = None,
    kind: Annotated[
        list[Literal[CHANGE_KINDS]] | None,  # ty: ignore[invalid-type-form]
        Parameter(negative="", help="Only changes of this kind. May be repeated.", show_choices=True),
    ] = None,
    under: Annotated[
        str | None,
        Parameter(
            help="Only this code, the organisations below it (PCN, ICB, trust, …), and those that left it."
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        Parameter(
            allow_leading_hyphen=True,
            help="Write all changes to this CSV file instead of printing them; - is standard output.",
        ),
    ] = None,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Print the changes since a day, or write them to a CSV file.

    A change is observed when one capture differs from the one before. What the records date before the first
    release held (opened, closed, joined, left) is marked as from the record.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing is published, or the register has never held ``under``.
    """
    with closing(open_published(data_root, "code_changes", "hierarchy_closure")) as connection:
        first = since or newest_release_day(connection)
        newest = newest_day(connection)
        code = as_text(under).strip() if under else None
        frame = changes_since(connection, first, kind or [], code.upper() if code else None)
        if code and frame.is_empty() and not is_held(connection, code):
            raise missing_error(connection, code)
    console = plain(stderr=csv == STANDARD_OUTPUT)
    if csv is not None:
        write_frame(frame, csv)
        console.print(f"{frame.height:,} changes since {first}: {csv}")
        return 0
    for row in frame.head(LINES_SHOWN).iter_rows(named=True):
        console.print(describe_change(row))
    more = frame.height - LINES_SHOWN
    if more > 0:
        console.print(f"… and {more:,} more; --csv FILE writes all of them")
    if frame.is_empty():
        later = f"; the register is held as of {newest} only" if first > newest else ""
        console.print(f"nothing changed since {first}{later}")
    return 0
