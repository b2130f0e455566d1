"""`ods-pipeline check`: is every code of a list still good, and what was meant by those that are not?

Lives here: options and what is printed. Does not live here: reading lists and judging codes (``lists/``).
"""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import polars as pl
from cyclopts import Parameter
from rich.console import Console

from ods_pipeline.commands.common import DEFAULT_ROOT, EXIT_ATTENTION, Root, plain
from ods_pipeline.commands.days import Day
from ods_pipeline.commands.listing import STANDARD_OUTPUT, Json, KindName, Limit, print_json, write_frame
from ods_pipeline.errors import OdsError
from ods_pipeline.lists.code_list import CodeList, read_all_sheets, read_code_list
from ods_pipeline.lists.judging import NEEDS_NOTHING, VERDICTS, judge
from ods_pipeline.lookup.published import marts_day, open_published

# A cell of a list may be a whole paragraph.
_LONGEST_SHOWN = 60
STANDARD_INPUT = Path("/dev/stdin")


def check(
    file: Annotated[
        Path, Parameter(allow_leading_hyphen=True, help="The list of codes; - is standard input.")
    ],
    *,
    column: Annotated[
        str | None,
        Parameter(help="The column of codes, by name or number. Default: found by its name or content."),
    ] = None,
    kind: Annotated[
        KindName,
        Parameter(help="The kind that every code should be: trust, gp_practice, …"),
    ] = None,
    on: Annotated[
        Day, Parameter(help="The day to judge by. Default: the day that the marts describe.")
    ] = None,
    sheet: Annotated[
        str | None, Parameter(help="The sheet of a workbook. Default: the first with codes.")
    ] = None,
    all_sheets: Annotated[
        bool, Parameter(negative="", help="Judge every sheet of a workbook that has codes.")
    ] = False,
    out: Annotated[
        Path | None,
        Parameter(
            name=("--out", "--csv"),
            allow_leading_hyphen=True,
            help="Write one row for each code to this CSV file; - is standard output.",
        ),
    ] = None,
    limit: Limit = 20,
    as_json: Json = False,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Judge a list of codes, print what needs attention, and write the verdicts if asked.

    Returns:
        The exit code.

    Raises:
        OdsError: The list cannot be read, ``out`` is the list itself, or nothing is published.
    """
    file = STANDARD_INPUT if file == Path("-") else file
    if out is not None and out.exists() and out.resolve() == file.resolve():
        raise OdsError("the output would replace the list itself", where=out, do="Give another --out")
    if all_sheets and sheet is not None:
        raise OdsError("--sheet is one sheet, --all-sheets all of them", do="Give one of the two")
    lists, without = _lists_of(file, column, sheet, all_sheets=all_sheets)
    needs = ("code_finder", "code_crosswalk", "provider_hierarchy", "organisation_parents")
    with closing(open_published(data_root, *needs)) as connection:
        day = on or marts_day(connection)
        judged = {name: judge(connection, codes, day, kind) for name, codes in lists.items()}
    rows = pl.concat([_named(frame.drop("is_notable"), name) for name, frame in judged.items()])
    console = plain(stderr=as_json or out == STANDARD_OUTPUT)
    if as_json:
        print_json(rows.to_dicts())
    if out is not None:
        write_frame(rows, out)
    for name, codes in lists.items():
        place = f"{file}, sheet {name!r}" if name else str(file)
        rows_of = judged[name].filter(pl.col("verdict") != "not_an_entry").height
        counted = f"{rows_of:,} {'entry' if rows_of == 1 else 'entries'}"
        console.print(f"{place}: {counted} in {codes.column}, judged on {day}")
        for note in codes.notes:
            console.print(f"  note: {note}")
        _print_summary(console, judged[name], limit)
    if without:
        console.print(f"No codes in: {', '.join(without)}")
    if out is not None and out != STANDARD_OUTPUT:
        console.print(f"Written: {out}")
    return 0 if rows["verdict"].is_in(NEEDS_NOTHING).all() else EXIT_ATTENTION


def _lists_of(
    file: Path, column: str | None, sheet: str | None, *, all_sheets: bool
) -> tuple[dict[str, CodeList], list[str]]:
    """Return the list of codes under an empty name; with ``all_sheets`` the list of each sheet by its name.

    Next to it: the names of the sheets without codes.
    """
    return read_all_sheets(file, column) if all_sheets else ({"": read_code_list(file, column, sheet)}, [])


def _named(frame: pl.DataFrame, sheet: str) -> pl.DataFrame:
    """Return verdicts with the name of their sheet in front, if they have one."""
    return frame.select(pl.lit(sheet).alias("sheet"), pl.all()) if sheet else frame


def _print_summary(console: Console, judged: pl.DataFrame, limit: int) -> None:
    """Print the number of codes of each verdict, and the first lines that need attention or a word.

    A code that is good on the day may be proposed, about to close or succeeded: it comes after the others.
    """
    counts = dict(judged["verdict"].value_counts().iter_rows())
    for verdict, meaning in VERDICTS.items():
        if verdict in counts:
            console.print(f"  {counts[verdict]:>9,} {verdict:<14} {meaning}")
    repeated = judged["repeats_line"].count()
    if repeated:
        console.print(f"  {repeated:>9,} {'repeated':<14} the same code is further up already")
    needs = ~pl.col("verdict").is_in(NEEDS_NOTHING)
    attention = pl.concat([judged.filter(needs), judged.filter("is_notable")])
    for line, given, verdict, name, note in (
        attention.select("line", "given", "verdict", "name", "note").slice(0, limit or None).iter_rows()
    ):
        details = ", ".join(part for part in (name, note) if part)
        console.print(f"  line {line:<6} {_shown(given):<10} {verdict:<14} {details}")
    if 0 < limit < attention.height:
        more = attention.height - limit
        console.print(f"  … and {more:,} more; --limit shows more, --limit 0 all, --out FILE writes the list")


def _shown(cell: str | None) -> str:
    """Return the text of a cell as typed, in one line."""
    text = " ".join((cell or "").split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
