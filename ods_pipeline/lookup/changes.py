"""The changes detected from a day on, and the line that describes each.

What lives here: the query and the wording. What does not: how changes are found (``history/changes``) and
dated (the mart ``code_changes``).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import duckdb
import polars as pl

# Under a code are: the code itself; every organisation that had it above itself when the change took effect,
# on the day before, or when it was detected, so that both joining and leaving count; a deleted code that
# pointed at it.
_CHANGES = """
    SELECT e.* EXCLUDE (change_id), e.change_id
    FROM ods_changes($since, DATE '9999-12-31') AS e
    WHERE (len($kinds::VARCHAR[]) = 0 OR list_contains($kinds::VARCHAR[], e.change_kind))
        AND (
            $under::VARCHAR IS NULL
            OR $under IN (e.ods_code, e.old_value, e.related_code)
            OR EXISTS (
                SELECT 1
                FROM marts.hierarchy_closure AS c
                WHERE c.ancestor_code = $under AND c.descendant_code = e.ods_code
                    AND (
                        (c.valid_from <= e.effective_on AND coalesce(c.valid_to >= e.effective_on, true))
                        OR (c.valid_from <= e.detected_on AND coalesce(c.valid_to > e.detected_on, true))
                    )
            )
            OR (
                e.change_kind = 'deleted'
                AND e.ods_code IN (
                    SELECT ods_code FROM history.relationships WHERE target_ods_code = $under
                )
            )
        )
    ORDER BY change_id
"""


def newest_release_day(connection: duckdb.DuckDBPyConnection) -> date:
    """Return the as-of day of the newest release held."""
    ((day,),) = connection.sql("SELECT max(as_of) FROM ord.captures WHERE kind = 'full'").fetchall()
    return day


def changes_since(
    connection: duckdb.DuckDBPyConnection, since: date, kinds: Sequence[str] = (), under: str | None = None
) -> pl.DataFrame:
    """Return the changes detected on or after ``since``, in order of detection and code.

    Args:
        connection: The published ods.duckdb.
        since: First day of detection, inclusive.
        kinds: Only these kinds of change; all if empty.
        under: Only this code, what is or was below it, and deleted codes that pointed at it.

    Returns:
        The columns of ``ods_changes``, ``change_id`` last.
    """
    values = {"since": since, "kinds": list(kinds), "under": under}
    return connection.sql(_CHANGES, params=values).pl()


def describe_change(row: Mapping[str, Any]) -> str:
    """Return one change as a line: detected on, effective from, kind, code, name, old and new value."""
    old, new = row["old_value"], row["new_value"]
    if row["change_kind"] == "deleted":
        detail = f"{new}, {row['field']}"
    elif old is not None or new is not None:
        values = new if old is None else f"{old} -> {new or 'none'}"
        detail = f"{row['field']}: {values}" if row["field"] else values
    else:
        detail = row["related_code"] or ""
    subject = f"{row['change_kind'].replace('_', ' '):<21} {row['ods_code']:<9} {row['name'] or ''}"
    return f"{row['detected_on']}  from {row['effective_on']}  {subject}  {detail}".rstrip()
