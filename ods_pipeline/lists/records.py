"""Records in JSON as a table: objects one a line, in a list, by their code, or within each other (FHIR, ORD).

Lives here: which objects of a file are its rows, and their values as cells. Does not live here: which column
holds the codes (``columns.py``), and plain lists of codes in JSON (``pasted.py``).
"""

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import TypeGuard, TypeVar

from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import ENOUGH, share_of_codes

T = TypeVar("T")
# What a value is called where it is an object of its own: OrgId.extension of ORD, identifier.value of FHIR.
_VALUES = ("value", "extension")
_IS_CODE = re.compile(r"(?i)(.*\.)?((ods|nacs|org|organi[sz]ation|practice|provider|site)_?(code|id)|code)$")


def records(text: str) -> Cells | None:
    """Return JSON objects or lists as a table; None if the file is something else.

    They are one a line, or anywhere in one object, as an API returns them. The lines are those of the file if
    each has an object, else the numbers of the objects.
    """
    if text.lstrip()[:1] not in ("{", "["):
        return None
    filled = {n: line for n, line in enumerate(text.splitlines(), 1) if line.strip()}
    try:
        objects = {n: json.loads(line) for n, line in filled.items()}
    except (ValueError, RecursionError):
        objects = {}
    if len(objects) > 1 and _are(dict, [*objects.values()]):
        return _table([*objects], [*objects.values()])
    try:
        whole = json.loads(text)
        inside = [_rows_in(value) for value in _values_in(whole)]
    except (ValueError, RecursionError):
        return None
    tables = [table for rows in inside if rows and (table := _table([*range(1, len(rows) + 1)], rows))]
    return next(filter(_has_codes, tables), next(iter(tables), None))


def _values_in(value: object) -> Iterator[object]:
    """Yield a value and all objects and lists in it, the outer ones first."""
    level = [value]
    while level:
        yield from level
        children = [[*v.values()] if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)]
        level = [child for each in children for child in each if isinstance(child, dict | list)]


def _rows_in(value: object) -> list[dict] | list[list] | None:
    """Return the rows that a value is: a list of objects or lists, or an object with codes for names.

    One object alone is a row if one of its values is named as the code of an organisation.
    """
    if isinstance(value, dict):
        if share_of_codes([*value]) < ENOUGH:
            return [value] if any(_IS_CODE.match(name) for name, _ in _flat(value)) else None
        inside = {name: each if isinstance(each, dict) else {"value": each} for name, each in value.items()}
        return [{"key": name, **each} for name, each in inside.items()]
    if isinstance(value, list) and (_are(dict, value) or _are(list, value)):
        return value
    return None


def _are(kind: type[T], values: list) -> TypeGuard[list[T]]:
    return len(values) > 0 and all(isinstance(each, kind) for each in values)


def _has_codes(table: Cells) -> bool:
    return any(share_of_codes(column) >= ENOUGH for column in table.columns)


def _table(lines: list[int], rows: list[dict] | list[list]) -> Cells | None:
    """Return rows as cells, without columns that are empty; None if all are."""
    if _are(list, rows):
        cells = [[_as_text(value) for value in row] for row in rows]
        columns = [list(column) for column in zip_longest(*cells)]
        return Cells(lines, columns) if any(map(any, columns)) else None
    flat = [dict(_flat(row)) for row in rows if isinstance(row, dict)]
    names = list(dict.fromkeys(name for row in flat for name in row))
    columns = {name: [row.get(name) for row in flat] for name in names}
    filled = {name: column for name, column in columns.items() if any(column)}
    return Cells(lines, [*filled.values()], names=[*filled]) if filled else None


def _flat(row: dict, outer: tuple[str, ...] = ()) -> Iterator[tuple[str, str | None]]:
    """Yield name and text of each value; those of an object within have its name in front.

    A list of several objects has no value.
    """
    for name, value in row.items():
        single = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(single, dict):
            yield from _flat(single, (*outer, name))
        else:
            yield ".".join(outer if outer and name in _VALUES else (*outer, name)), _as_text(single)


def _as_text(value: object) -> str | None:
    """Return a value as text: those of a list with commas between them, as a cell with several codes."""
    if isinstance(value, list):
        return ", ".join(str(each) for each in value if not isinstance(each, dict | list)) or None
    return None if value is None or isinstance(value, dict) else str(value)
