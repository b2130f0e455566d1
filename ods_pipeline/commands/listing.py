"""What the commands that list organisations share: which ones, how many, and as what.

Lives here: the options, and rows as CSV or JSON. Does not live here: lines for people, which each command
words itself.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from cyclopts import Parameter
from cyclopts.validators import Number

from ods_pipeline.lists.writing import safe_csv
from ods_pipeline.schema.marts import KINDS

STANDARD_OUTPUT = Path("-")


def known_kind(type_: object, value: str | None) -> None:
    """Raise ValueError for a kind of organisation that does not exist."""
    if value is not None and value not in KINDS:
        raise ValueError(f"there is no kind {value!r}. Kinds: {', '.join(KINDS)}")


Kind = Annotated[
    str | None, Parameter(validator=known_kind, help="Only organisations of this kind: trust, gp_practice, …")
]
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


def write_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], target: Path) -> None:
    """Write rows as CSV that any spreadsheet can open without harm; ``-`` is standard output."""
    values = {c: [_flat(row.get(c)) for row in rows] for c in columns}
    write_frame(pl.DataFrame(values, schema=dict.fromkeys(columns, pl.String)), target)


def write_frame(frame: pl.DataFrame, target: Path) -> None:
    """Write a table of plain columns in the same way."""
    text = safe_csv(frame)
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
    else:
        target.write_text(text, encoding="utf-8", newline="")


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a JSON array, one row on each line. Dates are written as text."""
    lines = (json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    sys.stdout.write("[" + ",\n ".join(lines) + "]\n")


def _flat(value: object) -> str | None:
    """Return a value as the text of a cell; the values of a list have spaces between them."""
    if value is None or value == []:
        return None
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)
