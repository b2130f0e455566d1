"""Registers of a few rows, made for one question each.

Lives here: rows with defaults, written where a mart looks for its tables of facts, and marts built on them.
Does not live here: what the marts should make of them.
"""

import atexit
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

from ods_pipeline.marts import macros
from ods_pipeline.marts.build import add_table, define_for_marts, rows_of_mart, show_build
from ods_pipeline.marts.checking import findings_on
from ods_pipeline.marts.lineage import marts_in_order, read_by
from ods_pipeline.schema import GEO, MARTS, ORD, SCHEMAS, TABLES

Row = dict[str, Any]
READ_BY_MARTS = [table for table in ORD if any(table in read_by(mart.name) for mart in MARTS)]


def organisation(code: str, role: str, **changes: Any) -> Row:
    start = {"status": "Active", "operational_start": date(2010, 4, 1)}
    return {"ods_code": code, "name": f"BODY {code}", "primary_role_id": role, **start, **changes}


def ended(day: str, **changes: Any) -> Row:
    """Return the columns of an organisation that ended on a day, for ``organisation``."""
    return {"operational_end": date.fromisoformat(day), "status": "Inactive", **changes}


def link(code: str, rel: str, to: str, start: str = "2015-04-01", end: str | None = None) -> Row:
    days = {
        "operational_start": date.fromisoformat(start),
        "operational_end": end and date.fromisoformat(end),
    }
    return {"ods_code": code, "rel_id": rel, "target_ods_code": to, **days}


def write(
    folder: Path, organisations: Sequence[Row], links: Sequence[Row] = (), **others: Sequence[Row]
) -> Path:
    """A build with just these rows in the tables that some mart reads."""
    numbered = [{"unique_rel_id": n, **row} for n, row in enumerate(links, start=1)]
    content = {
        "organisations": organisations,
        "relationships": numbered,
        "roles": roles_of_practices(organisations),
        **others,
    }
    for table in READ_BY_MARTS:
        frame = pl.DataFrame(content.get(table.name, []), schema_overrides=table.dtypes, strict=True)
        whole = pl.concat([table.empty(), frame], how="diagonal")
        (folder / table.path).parent.mkdir(parents=True, exist_ok=True)
        whole.write_parquet(folder / table.path)
    for table in GEO:
        if table.name in others:
            frame = pl.DataFrame(others[table.name], schema_overrides=table.dtypes, strict=True)
            (folder / table.path).parent.mkdir(parents=True, exist_ok=True)
            pl.concat([table.empty(), frame], how="diagonal").write_parquet(folder / table.path)
    return folder


def roles_of_practices(organisations: Sequence[Row]) -> list[Row]:
    """The roles of a register that names none: every prescribing cost centre is a GP practice."""
    return [
        {"ods_code": b["ods_code"], "role_id": "RO76", "unique_role_id": n}
        for n, b in enumerate(organisations)
        if b["primary_role_id"] == "RO177"
    ]


class Together:
    """Registers that are built as one: a mart costs the same on two rows as on two hundred.

    Each test adds its own, next to its assertions and in codes that no other one has, so they do not meet.
    """

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {"organisations": [], "relationships": [], "roles": []}

    def add(self, organisations: Sequence[Row], links: Sequence[Row] = (), **others: Sequence[Row]) -> None:
        """Add what ``write`` would write."""
        held = {row["ods_code"] for row in self.tables["organisations"]}
        assert not held & {row["ods_code"] for row in organisations}, "codes that another register has"
        content = {"organisations": organisations, "relationships": links}
        content |= {"roles": roles_of_practices(organisations)} | others
        for table, rows in content.items():
            self.tables.setdefault(table, []).extend(rows)

    def write(self, folder: Path) -> Path:
        """A build with all registers."""
        others = {
            **self.tables,
            "roles": [{**r, "unique_role_id": n} for n, r in enumerate(self.tables["roles"])],
        }
        return write(folder, others.pop("organisations"), others.pop("relationships"), **others)


def marts_on(build: Path, today: date, *names: str, check: bool = True) -> dict[str, pl.DataFrame]:
    """The marts `names` of a build, and those they read, as they are on another day.

    Nothing is written into the build. Their own checks must pass, unless `check` is False.
    """
    wanted = _with_those_they_read(names)
    frames = {}
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "tables").symlink_to((build / "tables").resolve())
        for part in ("geo", "history"):
            if (build / part).exists():
                (place / part).symlink_to((build / part).resolve())
        if not (place / "history").exists() and any(_reads_history(name) for name in wanted):
            write_history(place)
        for part in ("marts", "compat"):
            (place / part).mkdir()
        with _connection_on(place, today) as connection:
            for table in marts_in_order():
                if table.name in wanted:
                    frame = frames[table.name] = rows_of_mart(table.name, connection)
                    outcomes = findings_on(connection, table.name, frame) if check else []
                    assert [f.summary for f in outcomes if not f.passed and f.blocking] == []
                    frame.write_parquet(place / table.path)
                    add_table(connection, place, table, unpack=True)
    return frames


@contextmanager
def _connection_on(build: Path, today: date) -> Generator[duckdb.DuckDBPyConnection]:
    """The same as ``mart_connection``, on one database for all registers of a process.

    To open one, with its hundred macros, costs more than most marts on a few rows. Nothing of one register is
    left for the next: its tables go with their schemas.
    """
    connection = _database()
    macros.define_today(connection, today)
    show_build(connection, build)
    try:
        yield connection
    finally:
        connection.execute("USE main")
        for schema in (*SCHEMAS, "steps"):
            connection.execute(f"DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")


@cache
def _database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})  # a second one has nothing to do on a few rows
    define_for_marts(connection, date.min)
    atexit.register(_database.cache_clear)  # else it is listed as leaked at the end
    return connection


def _reads_history(mart: str) -> bool:
    return any(table.schema == "history" for table in read_by(mart))


def write_history(build: Path, since: date = date(2026, 8, 28)) -> None:
    """Write the history that marts read, as if the first release held were of a day: one version of each."""
    for name in ("organisations", "roles"):
        table = TABLES[f"history.{name}"]
        facts = pl.read_parquet(build / TABLES[name].path)
        versions = facts.select(c for c in facts.columns if c in table.columns)
        versions = versions.with_columns(pl.lit(since).alias("known_from"))
        (build / table.path).parent.mkdir(parents=True, exist_ok=True)
        pl.concat([table.empty(), versions], how="diagonal").write_parquet(build / table.path)


def mart_on(name: str, build: Path, today: date) -> pl.DataFrame:
    """One mart of a build, as it is on another day."""
    return marts_on(build, today, name)[name]


def _with_those_they_read(names: Sequence[str]) -> set[str]:
    wanted, open_ends = set(names), list(names)
    while open_ends:
        new = {t.name for t in read_by(open_ends.pop()) if t.schema == "marts"} - wanted
        wanted |= new
        open_ends += new
    return wanted
