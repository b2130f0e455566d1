"""`ods-pipeline find`: look a body up by code, postcode or words of its name."""

from contextlib import closing
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

from ods_pipeline.commands.common import DEFAULT_ROOT, EXIT_ATTENTION, Root, as_text, plain
from ods_pipeline.lookup.published import open_published

SHOWN = 20


def find(
    *text: str,
    limit: Annotated[int, Parameter(help="How many to show.")] = SHOWN,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Look a body up, as ``HELP`` tells; the exit code."""
    with closing(open_published(data_root, "code_finder")) as connection:
        asked = connection.execute("FROM ods_find(?)", [as_text(" ".join(text))])
        names = [column[0] for column in asked.description or []]
        rows = [dict(zip(names, values, strict=True)) for values in asked.fetchall()]
    console = plain()
    found = [row for row in rows if row["match_kind"] not in ("none", "similar")]
    for row in rows[:limit]:
        _show(console, row)
    if len(rows) > limit:
        console.print(f"… and {len(rows) - limit:,} more; --limit shows more")
    return 0 if found else EXIT_ATTENTION


def _show(console: Console, row: dict[str, Any]) -> None:
    """One body in two or three lines: what it is and whether it is open; where; what it belongs to."""
    if row["match_kind"] == "none":
        console.print(f"{row['ods_code'] or '(nothing)'}: {row['explanation']}")
        return
    slip = "perhaps " if row["match_kind"] == "similar" else ""
    console.print(f"{slip}{row['ods_code']:<10} {row['name'] or ''} ({row['kind']})")
    console.print(f"           {row['explanation']}")
    for label, codes in (("now", row["replaced_by"]), ("perhaps now", row["candidate_codes"])):
        if codes and row["openness"] in ("legally_closed", "closed", "deleted"):
            console.print(f"           {label} {', '.join(codes)}")
    place = ", ".join(part for part in (row["address"], row["postcode"]) if part)
    if place:
        console.print(f"           {place}")
    if row["hq_code"]:
        console.print(f"           run by {row['hq_code']} {row['hq_name'] or ''}".rstrip())
    if row["site_count"]:
        console.print(f"           runs {row['site_count']:,} open bodies")
