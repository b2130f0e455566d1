"""`ods-pipeline find`: an organisation by code, postcode, town or words of its name."""

from contextlib import closing
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, EXIT_ATTENTION, Root, as_text, plain
from ods_pipeline.commands.find_near import Search, print_near
from ods_pipeline.commands.listing import (
    Csv,
    Json,
    Kind,
    Limit,
    OnlyOpen,
    left_out_line,
    print_json,
    write_csv,
)
from ods_pipeline.lookup.finding import COLUMNS, describe_match, find_organisations, is_match
from ods_pipeline.lookup.published import open_published


def find(
    *text: Annotated[
        str,
        Parameter(help="A code, a postcode or its first part, words of a name, a town, or several of these."),
    ],
    near: Annotated[
        str, Parameter(help="A postcode, sector (TS18 1) or district (TS18) to search around.")
    ] = "",
    within: Annotated[
        str, Parameter(help="How far, in a straight line: 500m, 2km, 1mile. Default: 2km.")
    ] = "",
    kind: Kind = None,
    open_only: OnlyOpen = False,
    limit: Limit = 20,
    csv: Csv = None,
    as_json: Json = False,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Print the organisations that match ``text``, best first.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing is published.
    """
    if near or within:
        search = Search(" ".join(text), near, within, kind or "", open_only)
        return print_near(data_root, search, limit, csv=csv, as_json=as_json)
    typed = as_text(" ".join(text))
    wanted = None if csv is not None or as_json else limit or None
    with closing(open_published(data_root, "code_finder", "organisation_parents")) as connection:
        answer = find_organisations(connection, typed, kind=kind, open_only=open_only, limit=wanted)
    matches = [row for row in answer.rows if is_match(row)]
    console = plain(stderr=csv is not None or as_json)
    if as_json:
        print_json([{column: row[column] for column in COLUMNS} for row in matches])
    if csv is not None:
        write_csv(matches, COLUMNS, csv)
    if matches and (as_json or csv is not None):
        return 0
    for row in answer.rows:
        for line in describe_match(row, typed):
            console.print(line)
    if answer.left_out:
        console.print(left_out_line(answer.left_out, kind, open_only))
    more = answer.matches - len(answer.rows)
    if more > 0:
        least = "at least " if answer.has_more else ""
        console.print(f"… and {least}{more:,} more; --limit shows more, --limit 0 all")
    return 0 if matches else EXIT_ATTENTION
