"""Registers of a few rows, made for one question each.

What lives here: rows with defaults, written where a mart looks for its tables of facts, and marts built on
them. What does not: what the marts should say of them.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from ods_pipeline.defs.assets.marts import read_by
from ods_pipeline.marts.build import build_mart
from ods_pipeline.marts.checking import findings
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
        {"ods_code": b["ods_code"], "role_id": "RO76", "unique_role_id": n}
        for n, b in enumerate(bodies)
        if b["primary_role_id"] == "RO177"
    ]
    numbered = [{"unique_rel_id": n, **row} for n, row in enumerate(links, start=1)]
    content = {"organisations": bodies, "relationships": numbered, "roles": practices, **others}
    for table in READ_BY_MARTS:
        frame = pl.DataFrame(content.get(table.name, []), schema_overrides=table.dtypes, strict=True)
        whole = pl.concat([table.empty(), frame], how="diagonal")
        (folder / table.path).parent.mkdir(parents=True, exist_ok=True)
        whole.write_parquet(folder / table.path)
    return folder


def marts_on(build: Path, today: date, *names: str, check: bool = True) -> dict[str, pl.DataFrame]:
    """The marts `names` of a build, and those they are made from, as they are on another day. Nothing is
    written into the build. Their own checks must pass, unless `check` is False."""
    wanted = _with_what_they_read(names)
    found = {}
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "tables").symlink_to((build / "tables").resolve())
        (place / "marts").mkdir()
        for table in MARTS:
            if table.name in wanted:
                frame = found[table.name] = build_mart(table.name, place, today)
                told = findings(table.name, frame, place, today) if check else []
                assert [f.summary for f in told if not f.passed and f.blocking] == []
                frame.write_parquet(place / table.path)
    return found


def mart_on(name: str, build: Path, today: date) -> pl.DataFrame:
    """One mart of a build, as it is on another day."""
    return marts_on(build, today, name)[name]


def _with_what_they_read(names: Sequence[str]) -> set[str]:
    wanted, open_ends = set(names), list(names)
    while open_ends:
        new = {t.name for t in read_by(open_ends.pop()) if t.schema == "marts"} - wanted
        wanted |= new
        open_ends += new
    return wanted
