"""Organisations found by code, postcode or words of the name, and the lines that describe them.

What lives here: the call of ``ods_find`` and the wording of its rows. What does not: how organisations are
matched and ranked (``marts/macros/ods_find.sql``).
"""

import duckdb

from ods_pipeline.lookup.published import Row, query_rows

_INDENT = " " * 11
_CLOSED = ("legally_closed", "closed", "deleted")


def find_organisations(connection: duckdb.DuckDBPyConnection, text: str) -> list[Row]:
    """Return the rows of ``ods_find`` for a code, a postcode or words of a name, best first.

    If nothing matches, the first row has the match_kind ``none`` and its reason, and codes like the text may
    follow (match_kind ``similar``).
    """
    return query_rows(connection, "FROM ods_find(?)", [text])


def is_match(row: Row) -> bool:
    """Return whether a row is what was looked for, and not a reason or a similar code."""
    return row["match_kind"] not in ("none", "similar")


def describe_match(row: Row) -> list[str]:
    """Return the lines for one organisation: what it is, whether it is open, where it is, who runs it."""
    if row["match_kind"] == "none":
        return [f"{row['ods_code'] or '(nothing)'}: {row['explanation']}"]
    likely = "perhaps " if row["match_kind"] == "similar" else ""
    details = [row["explanation"]]
    for label, codes in (("now", row["replaced_by"]), ("perhaps now", row["candidate_codes"])):
        if codes and row["openness"] in _CLOSED:
            details.append(f"{label} {', '.join(codes)}")
    place = ", ".join(part for part in (row["address"], row["postcode"]) if part)
    if place:
        details.append(place)
    if row["hq_code"]:
        details.append(f"run by {row['hq_code']} {row['hq_name'] or ''}".rstrip())
    if row["site_count"]:
        details.append(f"runs {row['site_count']:,} open organisations")
    heading = f"{likely}{row['ods_code']:<10} {row['name'] or ''} ({row['kind']})"
    return [heading, *(_INDENT + detail for detail in details)]
