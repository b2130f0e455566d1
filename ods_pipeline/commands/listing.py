"""What the commands that list organisations share: which ones, how many, and as what.

Lives here: the options, and rows as CSV or JSON. Does not live here: lines for people, which each command
words itself.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from cyclopts import Parameter, Token
from cyclopts.validators import Number

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.writing import safe_csv
from ods_pipeline.schema.marts import KINDS

STANDARD_OUTPUT = Path("-")


def kind_of(text: str) -> str:
    """Return the kind of organisation that a text names: GP practices is gp_practice.

    Raises:
        ValueError: There is no such kind.
    """
    kind = re.sub(r"[\s_-]+", "_", text.strip().lower())
    for spelling in (kind, re.sub("ies$", "y", kind), re.sub("s$", "", kind)):
        if spelling in KINDS:
            return spelling
    raise ValueError(f"there is no kind {text!r}. Kinds: {', '.join(KINDS)}")


def _as_kind(type_: object, tokens: Sequence[Token]) -> str:
    return kind_of(tokens[0].value)


KindName = Annotated[str | None, Parameter(converter=_as_kind)]
Kind = Annotated[KindName, Parameter(help="Only organisations of this kind: trust, gp_practice, …")]
OnlyOpen = Annotated[bool, Parameter(name="--open", negative="", help="Only organisations that are open.")]
Limit = Annotated[int, Parameter(validator=Number(gte=0), help="How many to print; 0 is all.")]
Csv = Annotated[
    Path | None,
    Parameter(
        name="--csv",
        allow_leading_hyphen=True,
        help="Write all of them to this CSV file; - is standard output.",
    ),
]
Json = Annotated[
    bool, Parameter(name="--json", negative="", help="Print all of them as JSON, one object for each.")
]


def left_out_line(count: int, kind: str | None, open_only: bool) -> str:
    """Return the line for ``count`` organisations that fit, if no other does, but not the options given."""
    options = [name for name, given in (("--kind", kind), ("--open", open_only)) if given]
    wanted = " and ".join(options) + (" ask" if len(options) > 1 else " asks")
    few, many = "1 matches, and it is not", f"{count:,} match, and none of them is"
    return f"{few if count == 1 else many} what {wanted} for"


def write_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], target: Path) -> None:
    """Write rows as CSV that any spreadsheet can open without harm; ``-`` is standard output."""
    values = {c: [_flat(row.get(c)) for row in rows] for c in columns}
    write_frame(pl.DataFrame(values, schema=dict.fromkeys(columns, pl.String)), target)


def write_frame(frame: pl.DataFrame, target: Path) -> None:
    """Write a table of plain columns in the same way.

    Raises:
        OdsError: There is no such folder, or the file cannot be written there.
    """
    text = safe_csv(frame)
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    try:
        target.write_text(text, encoding="utf-8", newline="")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise OdsError("its folder does not exist", where=target, do="Create it or give another") from error
    except (IsADirectoryError, PermissionError) as error:
        what = "is a folder" if target.is_dir() else "cannot be written"
        raise OdsError(f"it {what}", where=target, do="Give another file") from error


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a JSON array, one row on each line. Dates are written as text."""
    lines = (json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    sys.stdout.write("[" + ",\n ".join(lines) + "]\n")


def _flat(value: object) -> str | None:
    """Return a value as the text of a cell; the values of a list have spaces between them."""
    if value is None or value == []:
        return None
    if isinstance(value, bool):
        return str(value).lower()  # as polars writes it
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)
