"""Registers of a few rows, made for one question each.

What lives here: rows with defaults, written where a mart looks for its tables of facts. What does not: what
the marts should say of them.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.assets.marts import read_by
from ods_pipeline.schema import MARTS, ORD

Body = dict[str, Any]
READ_BY_MARTS = [table for table in ORD if any(table in read_by(mart.name) for mart in MARTS)]


def body(code: str, role: str, **changes: Any) -> Body:
    start = {"status": "Active", "operational_start": date(2010, 4, 1)}
    return {"ods_code": code, "name": f"BODY {code}", "primary_role_id": role, **start, **changes}


def link(code: str, rel: str, to: str, start: str = "2015-04-01", end: str | None = None) -> Body:
    days = {
        "operational_start": date.fromisoformat(start),
        "operational_end": end and date.fromisoformat(end),
    }
    return {"ods_code": code, "rel_id": rel, "target_ods_code": to, **days}


def write(folder: Path, bodies: Sequence[Body], links: Sequence[Body] = (), **others: Sequence[Body]) -> Path:
    """A build with just these rows in the tables that some mart reads."""
    practices = [
        {"ods_code": b["ods_code"], "role_id": "RO76"} for b in bodies if b["primary_role_id"] == "RO177"
    ]
    content = {"organisations": bodies, "relationships": links, "roles": practices, **others}
    for table in READ_BY_MARTS:
        frame = pl.DataFrame(content.get(table.name, []), schema_overrides=table.dtypes, strict=True)
        whole = pl.concat([table.empty(), frame], how="diagonal")
        (folder / table.path).parent.mkdir(parents=True, exist_ok=True)
        whole.write_parquet(folder / table.path)
    return folder
