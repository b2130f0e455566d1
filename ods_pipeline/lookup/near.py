"""Organisations near a postcode, and the lines that describe them.

Lives here: the distance as people write it, the call of ``ods_near`` and the wording of its rows. Does not
live here: how they are found (``marts/macros/ods_near.sql``).
"""

import re
from difflib import get_close_matches

import duckdb

from ods_pipeline.errors import OdsError
from ods_pipeline.lookup.published import Row, query_rows
from ods_pipeline.schema.marts import KINDS

_METRES = {"m": 1, "km": 1000, "mi": 1609.344, "mile": 1609.344, "miles": 1609.344}
_OPEN = ("open", "closing")
_INDENT = " " * 11
# The columns of an answer, in the order of a CSV file.
COLUMNS = (
    *("ods_code", "name", "kind", "openness", "metres", "postcode", "position_basis", "near_basis"),
    *("near_place", "local_authority_name", "edition"),
)


def metres_of(distance: str) -> float:
    """Return a distance such as 2km, 500m or 1.5 miles in metres.

    Raises:
        OdsError: It is not a distance, or not larger than 0.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", distance.lower())
    metres = float(match[1]) * _METRES.get(match[2], 0) if match else 0.0
    if metres <= 0:
        raise OdsError("this is not a distance", where=distance, do="Give one such as 500m, 2km or 1.5miles")
    return metres


def find_near(
    connection: duckdb.DuckDBPyConnection,
    postcode: str,
    metres: float,
    kind: str = "",
    *,
    is_open: bool = False,
) -> list[Row]:
    """Return the organisations within a distance of a postcode, sector or district, the nearest first.

    Args:
        connection: The published set.
        postcode: A whole postcode, or its sector (TS18 1) or district (TS18), as people type it.
        metres: The distance in a straight line.
        kind: Only those of this kind; empty for any.
        is_open: Only those open today.

    Raises:
        OdsError: There is no such kind, no file of postcodes was taken in, or the postcode is not known.
    """
    if kind and kind.lower().strip() not in KINDS:
        likely = ", ".join(get_close_matches(kind.lower(), KINDS)) or ", ".join(KINDS)
        raise OdsError("there is no such kind of organisation", where=kind, do=f"Give one of: {likely}")
    if not query_rows(connection, "SELECT 1 FROM geo.postcodes LIMIT 1"):
        raise OdsError(
            "no file of postcodes was taken in, so no position is known",
            where=postcode,
            do="Run: ods-pipeline postcodes FILE, with the zip of NSPL",
        )
    rows = query_rows(connection, "FROM ods_near(?, ?, ?)", [postcode, metres / 1000, kind or None])
    if not rows and not query_rows(connection, "FROM find_middle(?)", [postcode]):
        raise OdsError(
            "neither this postcode nor its sector is known",
            where=postcode,
            do="Give a postcode of Great Britain, or a sector or district (TS18 1, TS18)",
        )
    return [row for row in rows if not is_open or row["openness"] in _OPEN]


def describe_near(row: Row) -> list[str]:
    """Return the lines for one organisation: how far it is, what it is, and where."""
    heading = f"{row['ods_code']:<10} {row['name'] or ''} ({row['kind']})"
    where = ", ".join(part for part in (row["postcode"], row["local_authority_name"]) if part)
    return [heading, f"{_INDENT}{row['metres']:,} m, {row['openness'].replace('_', ' ')}, {where}"]


def describe_search(rows: list[Row], postcode: str, metres: float, others: int = 0) -> str:
    """Return the line above the organisations: how many, from where, and what the distance means.

    ``others`` is how many there are that are not of the kind, or not open, as requested.
    """
    count = f"{len(rows):,} organisation{'' if len(rows) == 1 else 's'}"
    typed = postcode.upper().strip()
    if not rows:
        return f"Nothing {'like that ' if others else ''}within {metres:,.0f} m of {typed}."
    basis, place = rows[0]["near_basis"], rows[0]["near_place"]
    from_where = {
        "postcode": "",
        "similar postcode": f" (taken for {typed}, which is not known)",
    }.get(basis, f" (the middle of the known postcodes of the {basis})")
    return (
        f"{count} within {metres:,.0f} m of {place}{from_where}; straight line in metres, "
        f"{rows[0]['edition']}"
    )
