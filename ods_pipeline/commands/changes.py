"""`ods-pipeline changes`: what changed, on the terminal or as CSV."""

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
import polars as pl
from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, Root, as_text, plain
from ods_pipeline.lists.writing import safe_csv
from ods_pipeline.lookup.published import open_published
from ods_pipeline.schema.changes import CHANGE_KINDS

SHOWN = 100


def changes(
    *,
    since: Annotated[
        date | None, Parameter(help="First day of detection; the newest release held if left out.")
    ] = None,
    kind: Annotated[
        list[Literal[CHANGE_KINDS]] | None,  # ty: ignore[invalid-type-form]
        Parameter(negative="", help="Only changes of this kind. May be repeated.", show_choices=True),
    ] = None,
    under: Annotated[
        str | None,
        Parameter(
            help="Only this code, the bodies under it today (PCN, ICB, trust, …), and those that left it."
        ),
    ] = None,
    csv: Annotated[Path | None, Parameter(help="Write all of them to this file, and show none.")] = None,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """List what changed, as ``HELP`` tells; the exit code."""
    with closing(open_published(data_root, "code_changes", "hierarchy_closure")) as connection:
        first = since or _newest_release(connection)
        frame = _found(connection, first, kind or [], as_text(under).strip().upper() if under else None)
    console = plain()
    if csv is not None:
        csv.write_text(safe_csv(frame), encoding="utf-8", newline="")
        console.print(f"{frame.height:,} changes seen since {first}: {csv}")
        return 0
    for row in frame.head(SHOWN).iter_rows(named=True):
        console.print(_line(row))
    more = frame.height - SHOWN
    if more > 0:
        console.print(f"… and {more:,} more; --csv FILE writes them all")
    if frame.is_empty():
        console.print(f"nothing changed since {first}")
    return 0


def _line(row: dict[str, Any]) -> str:
    """One event: seen, holds from, kind, code, name, and what was and is."""
    old, new = row["old_value"], row["new_value"]
    if row["change_kind"] == "deleted":
        what = f"{new}, {row['field']}"
    elif old is not None or new is not None:
        values = new if old is None else f"{old} -> {new or 'none'}"
        what = f"{row['field']}: {values}" if row["field"] else values
    else:
        what = row["related_code"] or ""
    told = f"{row['change_kind'].replace('_', ' '):<21} {row['ods_code']:<9} {row['name'] or ''}"
    return f"{row['detected_on']}  from {row['effective_on']}  {told}  {what}".rstrip()


def _newest_release(connection: duckdb.DuckDBPyConnection) -> date:
    ((day,),) = connection.sql("SELECT max(as_of) FROM ord.captures WHERE kind = 'full'").fetchall()
    return day


def _found(
    connection: duckdb.DuckDBPyConnection, first: date, kinds: list[str], under: str | None
) -> pl.DataFrame:
    """The changes detected from ``first`` on, in order of detection and code. Under a code are itself, what
    had it above itself on the day of the change, on the day before or when it was seen (so what leaves and
    what joins both count), and a deleted code that was linked to it."""
    relation = connection.sql(
        """
        SELECT e.* EXCLUDE (change_id), e.change_id
        FROM ods_changes($first, DATE '9999-12-31') AS e
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
        """,
        params={"first": first, "kinds": kinds, "under": under},
    )
    return relation.pl()
