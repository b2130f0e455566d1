"""`ods-pipeline find --near`: what is around a postcode.

Lives here: the options together, and what is printed. Does not live here: the search (``lookup/near.py``).
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ods_pipeline.commands.common import EXIT_ATTENTION, plain
from ods_pipeline.commands.listing import left_out_line, print_json, write_csv
from ods_pipeline.errors import OdsError
from ods_pipeline.lookup.near import COLUMNS, describe_near, describe_search, find_near, metres_of
from ods_pipeline.lookup.published import open_published


@dataclass(frozen=True)
class Search:
    """The options of ``find``: words, the postcode, the distance, the kind, whether open only."""

    words: str
    near: str
    within: str = ""
    kind: str = ""
    is_open: bool = False


def print_near(data_root: Path, search: Search, limit: int, *, csv: Path | None, as_json: bool) -> int:
    """Print the organisations near a postcode, the nearest first, at most ``limit`` of them (0 is all).

    Returns:
        The exit code: 0, or 5 if there are none.

    Raises:
        OdsError: The options do not fit together, or as ``find_near`` does.
    """
    if not search.near:
        raise OdsError("--within belongs to --near", do="Give --near POSTCODE too")
    if search.words:
        raise OdsError("--near is given as well", where=search.words, do="Give either words or --near")
    metres = metres_of(search.within or "2km")
    with closing(open_published(data_root, "organisation_places", "code_finder")) as connection:
        rows = find_near(connection, search.near, metres, search.kind, is_open=search.is_open)
        is_narrow = not rows and (search.kind or search.is_open)
        others = len(find_near(connection, search.near, metres)) if is_narrow else 0
    if as_json:
        print_json(rows)
    if csv is not None:
        write_csv(rows, COLUMNS, csv)
    if rows and (as_json or csv is not None):
        return 0
    console = plain(stderr=csv is not None or as_json)
    console.print(describe_search(rows, search.near, metres, others))
    if others:
        console.print(left_out_line(others, search.kind, search.is_open))
    shown = rows[:limit] if limit else rows
    for row in shown:
        for line in describe_near(row):
            console.print(line)
    if len(rows) > len(shown):
        console.print(f"… and {len(rows) - len(shown):,} more; --limit shows more, --limit 0 all")
    return 0 if rows else EXIT_ATTENTION
