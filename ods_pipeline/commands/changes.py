"""`ods-pipeline changes`: what changed, on the terminal or as CSV."""

import re
from collections.abc import Sequence
from contextlib import closing
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, Token

from ods_pipeline.commands.common import DEFAULT_ROOT, Root, as_text, plain
from ods_pipeline.commands.days import Day
from ods_pipeline.commands.listing import (
    STANDARD_OUTPUT,
    Json,
    Limit,
    OnlyOpen,
    kind_of,
    print_json,
    write_frame,
)
from ods_pipeline.lookup.changes import changes_since, describe_change, newest_release_day
from ods_pipeline.lookup.missing import held_code, missing_error
from ods_pipeline.lookup.published import newest_day, open_published
from ods_pipeline.schema.changes import CHANGE_KINDS

LINES_SHOWN = 100
_NEEDED = ("code_changes", "hierarchy_closure", "organisation_status")


def _as_kinds(type_: object, tokens: Sequence[Token]) -> list[str]:
    """Return the kinds of changes or organisations that the tokens name.

    Raises:
        ValueError: There is no such kind.
    """
    kinds = []
    for token in tokens:
        try:
            kind = re.sub(r"[\s_-]+", "_", token.value.strip().lower())
            kinds.append(kind if kind in CHANGE_KINDS else kind_of(token.value))
        except ValueError as error:
            likely = get_close_matches(kind, CHANGE_KINDS, n=1)
            meant = f"Perhaps {likely[0]} is meant. " if likely else ""
            raise ValueError(
                f"{meant}{str(error)[0].upper()}{str(error)[1:]}; of changes: {', '.join(CHANGE_KINDS)}"
            ) from None
    return kinds


def changes(
    *,
    since: Annotated[
        Day,
        Parameter(
            help="First day of detection, inclusive. Before the first release held, what the records date "
            "since then is shown too, marked as from the record, and so are links and roles that begin or "
            "end on a day that was announced. Default: the newest release held."
        ),
    ] = None,
    kind: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            converter=_as_kinds,
            help="Only changes of this kind, or of organisations of this kind (trust, gp_practice, …). "
            f"May be repeated. Kinds of change: {', '.join(CHANGE_KINDS)}.",
        ),
    ] = None,
    open_only: OnlyOpen = False,
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
    as_json: Json = False,
    limit: Limit = LINES_SHOWN,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Print the changes since a day, as text or JSON, or write them to a CSV file.

    A change is observed when one capture differs from the one before. What the records date before the first
    release held (opened, closed, joined, left) is marked as from the record, and so are links and roles that
    begin or end on a day that was announced.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing is published, or the register has never held ``under``.
    """
    with closing(open_published(data_root, *_NEEDED)) as connection:
        first = since or newest_release_day(connection)
        newest = newest_day(connection)
        typed = as_text(under).strip() if under else ""
        held = held_code(connection, typed)
        wanted = {
            "kinds": [name for name in kind or [] if name in CHANGE_KINDS],
            "of_kinds": [name for name in kind or [] if name not in CHANGE_KINDS],
            "open_only": open_only,
        }
        frame = changes_since(connection, first, under=held or typed.upper() or None, **wanted)
        if typed and held is None and frame.is_empty():
            raise missing_error(connection, typed)
    console = plain(stderr=as_json or csv == STANDARD_OUTPUT)
    if as_json:
        print_json(frame.to_dicts())
        return 0
    if csv is not None:
        write_frame(frame, csv)
        console.print(f"{frame.height:,} changes since {first}: {csv}")
        return 0
    shown = frame.head(limit or frame.height)
    for row in shown.iter_rows(named=True):
        console.print(describe_change(row))
    if more := frame.height - shown.height:
        console.print(f"… and {more:,} more; --limit 0 shows all, --csv FILE writes all")
    if frame.is_empty():
        later = f"; the register is held as of {newest} only" if first > newest else ""
        console.print(f"nothing changed since {first}{later}")
    return 0
