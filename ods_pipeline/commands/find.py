"""`ods-pipeline find`: an organisation by code, postcode or words of its name."""

from contextlib import closing
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, EXIT_ATTENTION, Root, as_text, plain
from ods_pipeline.commands.find_near import Search, print_near
from ods_pipeline.lookup.finding import describe_match, find_organisations, is_match
from ods_pipeline.lookup.published import open_published


def find(
    *text: Annotated[str, Parameter(help="A code, a postcode, or words of a name.")],
    near: Annotated[
        str, Parameter(help="A postcode, sector (TS18 1) or district (TS18) to search around.")
    ] = "",
    within: Annotated[
        str, Parameter(help="How far, in a straight line: 500m, 2km, 1mile. Default: 2km.")
    ] = "",
    kind: Annotated[str, Parameter(help="With --near: only this kind, such as pharmacy.")] = "",
    only_open: Annotated[
        bool, Parameter(name="--open", negative="", help="With --near: only what is open today.")
    ] = False,
    limit: Annotated[int, Parameter(help="How many organisations to print.")] = 20,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Print the organisations that match ``text``, best first.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing is published.
    """
    if near or within or kind or only_open:
        return print_near(plain(), data_root, Search(" ".join(text), near, within, kind, only_open), limit)
    with closing(open_published(data_root, "code_finder")) as connection:
        rows = find_organisations(connection, as_text(" ".join(text)))
    console = plain()
    for row in rows[:limit]:
        for line in describe_match(row):
            console.print(line)
    if len(rows) > limit:
        console.print(f"… and {len(rows) - limit:,} more; --limit shows more")
    return 0 if any(map(is_match, rows)) else EXIT_ATTENTION
