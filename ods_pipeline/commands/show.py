"""`ods-pipeline show`: one code on one card."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from ods_pipeline.commands.common import DEFAULT_ROOT, Root, as_text, plain
from ods_pipeline.commands.days import Day
from ods_pipeline.commands.listing import Json, KindName, print_json, write_csv
from ods_pipeline.lookup.around import SHOWN_BELOW, Below
from ods_pipeline.lookup.card import read_card
from ods_pipeline.lookup.card_text import card_lines
from ods_pipeline.lookup.published import open_published

# Of the organisations below a code, in the order of a CSV file.
_COLUMNS = ("rel_name", "ods_code", "name", "postcode", "openness", "is_past")


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
        Parameter(
            help="Name also the organisations below it that are closed or deleted, or have left.", negative=()
        ),
    ] = False,
    kind: Annotated[
        KindName, Parameter(help="Of the organisations below it only those of this kind: gp_practice, …")
    ] = None,
    open_only: Annotated[
        bool,
        Parameter(name="--open", negative="", help="Of the organisations below it only those that are open."),
    ] = False,
    limit: Annotated[
        int,
        Parameter(
            validator=Number(gte=0),
            help="How many organisations below it to name, by relationship; 0 is all.",
        ),
    ] = SHOWN_BELOW,
    csv: Annotated[
        Path | None,
        Parameter(
            name="--csv",
            allow_leading_hyphen=True,
            help="Write all organisations below it to this CSV file; - is standard output.",
        ),
    ] = None,
    as_json: Json = False,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Print the card of a code, as text or JSON, or write what is below it to a CSV file.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing is published, or the register does not hold the code.
    """
    shown = None if as_json or csv is not None else limit or None
    below = Below(closed, shown, kind, open_only)
    needs = ("code_changes", "organisation_status", "organisation_kinds", "successor_candidates")
    with closing(open_published(data_root, *needs)) as connection:
        card = read_card(connection, as_text(code), as_of, known, below)
    if as_json:
        print_json([card.as_row()])
    if csv is not None:
        rows = [{"rel_name": row["rel_name"], **named} for row in card.below for named in row["named"]]
        write_csv(rows, _COLUMNS, csv)
    if as_json or csv is not None:
        return 0
    console = plain()
    for line in card_lines(card):
        console.print(line)
    return 0
