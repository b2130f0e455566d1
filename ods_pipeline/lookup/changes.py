"""The changes detected from a day on, and the line that describes each.

Lives here: the query and the wording, and which days of the records count as changes that no capture showed.
Does not live here: how changes are found (``history/changes``) and dated (the mart ``code_changes``).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import duckdb
import polars as pl

# Events of a code whose organisation is new; c is marts.code_changes.
_IS_NEW = "c.change_kind IN ('created', 'code_reused')"
# One event in the world is one line: what reopens with a new start opens on it, and the legal end of what
# operates no more closes it.
_IS_SAME_IN_LIFE = f"""
    c.change_kind = d.change_kind
    OR (d.change_kind = 'opened' AND (c.change_kind = 'reopened' OR {_IS_NEW}))
    OR (d.change_kind = 'legally_closed' AND c.change_kind = 'closed')
"""
# The links that were left in a move. parent_changed names the link that begins, and takes effect with it;
# the old one may have ended on another day.
_LEFT_IN_A_MOVE = """
    SELECT r.ods_code, r.unique_rel_id,
        stated_to(r.operational_start, r.operational_end, r.legal_end) AS ends
    FROM history.relationships AS r
    JOIN marts.code_changes AS c
        ON c.ods_code = r.ods_code AND c.detected_on = r.known_from AND c.old_value = r.target_ods_code
    WHERE c.change_kind = 'parent_changed'
"""
# Up to the first release held nothing was observed, but the records give days: those on which they opened,
# closed, and joined or left another organisation. A link that ends as its organisation closes has no line.
# Links and roles go on after that day: code_changes has an event when an organisation opens or closes on an
# announced day, but none for the announced day of a link or role. What is over in law only has not ended
# (stated_to). A role that begins or ends with its organisation has no line, and nor has a primary one.
_FROM_RECORDS = f"""
    SELECT d.*, o.name, 'from the record' AS basis
    FROM (
        SELECT ods_code, 'opened' AS change_kind,
            CASE WHEN operational_start IS NULL THEN 'legal_start' ELSE 'operational_start' END AS field,
            coalesce(operational_start, legal_start)::VARCHAR AS new_value,
            coalesce(operational_start, legal_start) AS effective_on
        FROM ord.organisations
        WHERE coalesce(operational_start, legal_start) > DATE '1900-01-01'
        UNION ALL BY NAME
        SELECT ods_code, 'closed' AS change_kind, 'operational_end' AS field,
            operational_end::VARCHAR AS new_value, day_after(operational_end) AS effective_on
        FROM ord.organisations
        UNION ALL BY NAME
        SELECT ods_code, 'legally_closed' AS change_kind, 'legal_end' AS field,
            legal_end::VARCHAR AS new_value, day_after(legal_end) AS effective_on
        FROM ord.organisations
        WHERE legal_end IS DISTINCT FROM operational_end
        UNION ALL BY NAME
        SELECT ods_code, 'relationship_added' AS change_kind, target_ods_code AS new_value,
            target_ods_code AS related_code, rel_id, unique_rel_id,
            holds_from(operational_start, legal_start) AS effective_on
        FROM ord.relationships
        UNION ALL BY NAME
        SELECT r.ods_code, 'relationship_ended' AS change_kind, r.target_ods_code AS old_value,
            r.target_ods_code AS related_code, r.rel_id, r.unique_rel_id,
            stated_to(r.operational_start, r.operational_end, r.legal_end) AS effective_on
        FROM ord.relationships AS r
        JOIN ord.organisations AS c ON c.ods_code = r.ods_code
        WHERE effective_on IS DISTINCT FROM day_after(c.operational_end)
            AND effective_on IS DISTINCT FROM day_after(c.legal_end)
        UNION ALL BY NAME
        SELECT r.ods_code, 'role_added' AS change_kind, r.role_id AS new_value, r.role_id, r.unique_role_id,
            holds_from(r.operational_start, r.legal_start) AS effective_on
        FROM ord.roles AS r
        JOIN ord.organisations AS c ON c.ods_code = r.ods_code
        WHERE r.is_primary IS NOT TRUE
            AND effective_on IS DISTINCT FROM c.operational_start
            AND effective_on IS DISTINCT FROM c.legal_start
        UNION ALL BY NAME
        SELECT r.ods_code, 'role_ended' AS change_kind, r.role_id AS old_value, r.role_id, r.unique_role_id,
            stated_to(r.operational_start, r.operational_end, r.legal_end) AS effective_on
        FROM ord.roles AS r
        JOIN ord.organisations AS c ON c.ods_code = r.ods_code
        WHERE r.is_primary IS NOT TRUE
            AND effective_on IS DISTINCT FROM day_after(c.operational_end)
            AND effective_on IS DISTINCT FROM day_after(c.legal_end)
    ) AS d
    JOIN ord.organisations AS o ON o.ods_code = d.ods_code
    CROSS JOIN (
        SELECT min(as_of) FILTER (WHERE kind = 'full') AS first_release, max(as_of) AS newest
        FROM ord.captures
    ) AS held
    WHERE d.effective_on BETWEEN $since AND held.newest
        AND (
            (
                $since < held.first_release AND d.effective_on <= held.first_release
                AND d.unique_role_id IS NULL
            )
            OR (
                coalesce(d.unique_rel_id, d.unique_role_id) IS NOT NULL
                AND d.effective_on > held.first_release
            )
        )
        -- What an event reports already: of the same day, or of the same link or role. A link or role that
        -- begins as its organisation is new or reopens has no event of its own, nor has a link that moves
        -- with another.
        AND NOT EXISTS (
            SELECT 1
            FROM marts.code_changes AS c
            WHERE c.ods_code = d.ods_code
                AND CASE
                    WHEN d.unique_role_id IS NOT NULL
                        THEN (c.unique_role_id = d.unique_role_id AND c.change_kind = d.change_kind)
                            OR (d.change_kind = 'role_added' AND c.effective_on = d.effective_on
                                AND ({_IS_NEW} OR c.change_kind = 'reopened'))
                    WHEN d.unique_rel_id IS NULL
                        THEN c.effective_on = d.effective_on AND ({_IS_SAME_IN_LIFE})
                    WHEN c.unique_rel_id = d.unique_rel_id
                            AND c.change_kind IN (d.change_kind, 'parent_changed')
                        THEN c.new_value = d.new_value OR c.old_value = d.old_value
                    WHEN d.change_kind = 'relationship_added' AND c.effective_on = d.effective_on
                        THEN (c.change_kind = 'parent_changed' AND c.new_value = d.new_value)
                            OR {_IS_NEW} OR c.change_kind = 'reopened'
                END
        )
        AND NOT EXISTS (
            SELECT 1
            FROM ({_LEFT_IN_A_MOVE}) AS m
            WHERE m.ods_code = d.ods_code AND m.unique_rel_id = d.unique_rel_id AND m.ends = d.effective_on
                AND d.change_kind = 'relationship_ended'
        )
"""
# Under a code are: the code itself; every organisation that had it above itself when the change took effect,
# on the day before, or when it was detected, so that both joining and leaving count; a deleted code that
# pointed at it.
_CHANGES = f"""
    SELECT e.* EXCLUDE (basis, change_id), n.display_name AS rel_name, e.basis, e.change_id
    FROM (
        SELECT *, 'observed' AS basis FROM ods_changes($since, DATE '9999-12-31')
        UNION ALL BY NAME
        {_FROM_RECORDS}
    ) AS e
    LEFT JOIN ord.code_systems AS n ON n.code_system = 'OrganisationRelationship' AND n.id = e.rel_id
    WHERE (len($kinds::VARCHAR[]) = 0 OR list_contains($kinds::VARCHAR[], e.change_kind))
        AND (
            (len($of_kinds::VARCHAR[]) = 0 AND NOT $open_only)
            OR e.ods_code IN (
                SELECT s.ods_code
                FROM marts.organisation_status AS s
                WHERE (len($of_kinds::VARCHAR[]) = 0 OR list_contains($of_kinds::VARCHAR[], s.kind))
                    AND (NOT $open_only OR s.openness IN ('open', 'closing'))
            )
        )
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
    ORDER BY e.change_id NULLS FIRST, e.effective_on, e.ods_code, e.change_kind, e.unique_rel_id,
        e.unique_role_id
"""


def newest_release_day(connection: duckdb.DuckDBPyConnection) -> date:
    """Return the as-of day of the newest release held."""
    ((day,),) = connection.sql("SELECT max(as_of) FROM ord.captures WHERE kind = 'full'").fetchall()
    return day


def changes_since(
    connection: duckdb.DuckDBPyConnection,
    since: date,
    kinds: Sequence[str] = (),
    under: str | None = None,
    *,
    of_kinds: Sequence[str] = (),
    open_only: bool = False,
) -> pl.DataFrame:
    """Return the changes detected on or after ``since``, in order of detection and code.

    What the records date and no capture showed as a change comes first, in order of those days: who opened,
    closed, joined or left up to the first release held, if ``since`` is before it; and who joined or left, or
    had another role from, a later day that was announced before.

    Args:
        connection: The published ods.duckdb.
        since: First day of detection, inclusive; for what the records date, first day of the new state.
        kinds: Only these kinds of change; all if empty.
        under: Only this code, what is or was below it, and deleted codes that pointed at it.
        of_kinds: Only changes of organisations that are of these kinds today; all if empty.
        open_only: Only changes of organisations that are open today.

    Returns:
        The columns of ``ods_changes``, ``change_id`` last; before it ``rel_name``, the name of ``rel_id``,
        and ``basis``: ``observed``, or ``from the record``, which was not seen to change and has no
        ``detected_on``, ``capture_id`` and ``change_id``.
    """
    values = {
        "since": since,
        "kinds": list(kinds),
        "under": under,
        "of_kinds": list(of_kinds),
        "open_only": open_only,
    }
    return connection.sql(_CHANGES, params=values).pl()


def describe_change(row: Mapping[str, Any]) -> str:
    """Return one change as a line: detected on, effective from, kind, code, name, old and new value."""
    old, new = row["old_value"], row["new_value"]
    if row["change_kind"] == "deleted":
        detail = f"{new}, {row['field']}"
    elif row["rel_name"] and row["change_kind"] in ("relationship_added", "relationship_ended"):
        detail = f"{row['rel_name']} {new or old}"  # there may be two to one organisation
    elif old is not None or new is not None:
        values = new if old is None else f"{old} -> {new or 'none'}"
        detail = f"{row['field']}: {values}" if row["field"] else values
    else:
        detail = row["related_code"] or ""
    subject = f"{row['change_kind'].replace('_', ' '):<21} {row['ods_code']:<9} {row['name'] or ''}"
    mark = "" if row["detected_on"] else "  [from the record]"
    return (
        f"{row['detected_on'] or ''!s:<10}  from {row['effective_on']}  {subject}  {detail}".rstrip() + mark
    )
