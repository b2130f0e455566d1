"""Records in JSON as a table: objects one a line, in a list, by their code, or within each other (FHIR, ORD).

Lives here: which objects of a file are its rows, and their values as cells. Does not live here: which column
holds the codes (``columns.py``), and plain lists of codes in JSON (``pasted.py``).
"""

import json
import re
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import TypeGuard, TypeVar

from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import ENOUGH, share_of_codes

T = TypeVar("T")
# What a value is called where it is an object of its own: OrgId.extension of ORD, identifier.value of FHIR.
_VALUES = ("value", "extension")
# Rows are not looked for at more places than this: an object may have a name for each of its values.
_MOST_PLACES = 50
_IS_CODE = re.compile(
    r"(?i)(.*\.)?((ods|nacs|org|organi[sz]ation|practice|provider|site)_?(code|id)|code|identifier)$"
)


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
        places = list(islice(_places_in(json.loads(text)), _MOST_PLACES))
        tables = [table for rows in map(_rows_at, places) if rows and (table := _table(_numbers(rows), rows))]
    except (ValueError, RecursionError):
        return None
    return next(filter(_has_codes, tables), next(iter(tables), None))


def _numbers(rows: list) -> list[int]:
    return [*range(1, len(rows) + 1)]


def _places_in(value: object) -> Iterator[list]:
    """Yield the objects or lists at each place of a value, those of one place together, outer ones first."""
    level = [_children([value])]
    while any(level):
        yield from filter(None, level)
        inside: list[list] = []
        for rows in level:
            by_name: dict[str, list] = {}
            for row in rows:
                for name, each in row.items() if isinstance(row, dict) else ():
                    by_name.setdefault(name, []).append(each)
            inside += [_children(values) for values in by_name.values()]
        level = inside


def _children(values: list) -> list:
    """Return the objects among values and in their lists; else the lists in their lists."""
    flat = [each for value in values for each in (value if isinstance(value, list) else [value])]
    objects = [each for each in flat if isinstance(each, dict)]
    return objects or [each for each in flat if isinstance(each, list)]


def _rows_at(values: list) -> list | None:
    """Return the rows that the objects or lists at one place are; None if they are none.

    One object alone is a row if one of its values is named as the code of an organisation, and several rows
    if its names are codes.
    """
    (first, *others) = values
    if others or not isinstance(first, dict):
        return values
    if share_of_codes([*first]) < ENOUGH:
        return values if any(_IS_CODE.match(name) for name, _ in _flat(first)) else None
    inside = {name: each if isinstance(each, dict) else {"value": each} for name, each in first.items()}
    return [{"key": name, **each} for name, each in inside.items()]


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
