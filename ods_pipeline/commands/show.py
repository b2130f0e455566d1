"""`ods-pipeline show`: one code on one card."""

from contextlib import closing
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, Root, as_text, plain
from ods_pipeline.commands.days import Day
from ods_pipeline.commands.listing import Json, Limit, print_json
from ods_pipeline.lookup.card import read_card
from ods_pipeline.lookup.card_text import card_lines
from ods_pipeline.lookup.published import open_published


def show(
    code: Annotated[str, Parameter(help="The ODS code, in any case.")],
    *,
    as_of: Annotated[Day, Parameter(help="The day in the world that the card describes.")] = None,
    known: Annotated[
        Day,
        Parameter(help="The register as it was on this day; the day of the first release held, or later."),
    ] = None,
    closed: Annotated[
        bool,
        Parameter(help="Name also the organisations below it that are closed or have left.", negative=()),
    ] = False,
    limit: Limit = 10,
    as_json: Json = False,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Print the card of a code, as text or JSON.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing is published, or the register does not hold the code.
    """
    shown = None if as_json else limit or None
    needs = ("code_changes", "organisation_status", "organisation_kinds", "successor_candidates")
    with closing(open_published(data_root, *needs)) as connection:
        card = read_card(connection, as_text(code), as_of, known, closed=closed, shown=shown)
    if as_json:
        print_json([card.as_row()])
        return 0
    console = plain()
    for line in card_lines(card):
        console.print(line)
    return 0
