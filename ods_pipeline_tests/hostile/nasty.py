"""A register of hostile organisations, published once for all tests that query it.

Lives here: extreme dates, names and codes that mean something to SQL, spreadsheets or terminals, and the set
published from them. Does not live here: what must be true of it (the tests).
"""

import functools
from pathlib import Path
from typing import Any

import duckdb

from ods_pipeline.dataroot.flat import flat_folders
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.history.fold import fold
from ods_pipeline.history.observations import observe
from ods_pipeline_tests.support.builders import Held, dates, make_record, rel, role, succ
from ods_pipeline_tests.support.history.folding import with_duckdb
from ods_pipeline_tests.support.rooms import room

FIRST, LAST = "0001-01-01", "9999-12-31"
# A megabyte, with a mark at its end that shows whether the name is complete.
LONG_NAME = "A" * 1_000_000 + " WHOLE"
FORMULAS = ("=CMD|'/C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "＝1+1", "＋1", "－1", "＠A")
ODD_CODES = (
    "abc1",
    "O'B",
    '"Q"',
    "'; DROP TABLE marts.code_finder; --",
    "%",
    "_",
    "*",
    "?",
    "A%B",
    "A_B",
    "É1É",
    "٣٤٥",
    "ＲＲＰ",
    "\U0001f3e5",
    "A/../B",
    "=1+1",
    "$code",
    "?1",
    "{x}",
    "NULL",
    "G6V2S",
    "Z9B2Z",
)


def organisation(
    code: str,
    start: str = "2010-04-01",
    end: str | None = None,
    *,
    legal: tuple[str, str | None] | None = None,
    status: str = "Active",
    role_id: str = "RO197",
    **changes: Any,
) -> dict[str, Any]:
    """Return an organisation and its role from ``start`` to ``end``; ``legal`` are its legal dates."""
    days = [*(dates(*legal, kind="Legal") if legal else []), *dates(start, end)]
    parts = {"Role": [role(code, role_id, Date=days, Status=status)]}
    return make_record(code, Date=days, Status=status, Roles=parts, **changes)


def extreme() -> list[dict[str, Any]]:
    """Return organisations, relationships and successions on the first and last day that a date can hold."""

    def site(code: str, start: str, end: str | None, *links: tuple[str, str, str]) -> dict[str, Any]:
        rels = [rel(code, to, Date=dates(*days)) for to, *days in links]
        return organisation(code, start, end, role_id="RO198", Rels={"Rel": rels})

    return [
        organisation("X01", FIRST, LAST, legal=(FIRST, LAST)),
        organisation("X02", FIRST, FIRST),
        organisation("X03", LAST, LAST),
        organisation("X04", LAST, legal=(LAST, None)),
        organisation("X05", FIRST, legal=(FIRST, LAST)),
        organisation("X06", FIRST, LAST, status="Inactive"),
        organisation("X07", LAST, FIRST),
        site("X0101", FIRST, LAST, ("X01", FIRST, LAST)),
        site("X0102", "2010-04-01", None, ("X01", LAST, LAST), ("X02", FIRST, FIRST)),
        organisation("X08", end="2020-03-31", Succs={"Succ": [succ("X08", "Successor", "X01", LAST)]}),
        organisation("X09", Succs={"Succ": [succ("X09", "Predecessor", "X02", FIRST)]}, LastChangeDate=LAST),
        organisation("X10", status="Inactive", LastChangeDate=FIRST),
    ]


def later() -> list[dict[str, Any]]:
    """Return the same organisations a few days later: dates jump from one end of time to the other."""
    link = {"Rel": [rel("X0101", "X01", Date=dates(FIRST, FIRST))]}
    return [
        organisation("X01", FIRST, LAST, legal=(FIRST, LAST), Name="RENAMED"),
        organisation("X02", FIRST, LAST),
        organisation("X03", FIRST, LAST),
        organisation("X0101", FIRST, "9999-12-30", role_id="RO198", Rels=link),
    ]


def named() -> list[dict[str, Any]]:
    return [
        make_record("N0001", Name=LONG_NAME),
        *(make_record(f"F{n:04d}", Name=text) for n, text in enumerate(FORMULAS)),
        *(make_record(code, Name=f"ODD {n}") for n, code in enumerate(ODD_CODES)),
        make_record("C0001", Name="CSI \x9b31m AND \u202e BIDI"),
    ]


@functools.cache
def nasty_set() -> Path:
    """Return the folder of the published set, which can be read like a data root."""
    return room("nasty", _write).path / "set"


def _write(root: DataRoot) -> None:
    held = Held(root.path)
    held.release([*extreme(), *named()])
    held.delta(later())
    with_duckdb(fold(observe(flat_folders(held.root))), root.path / "set")


def ask(connection: duckdb.DuckDBPyConnection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query; ``values`` are its parameters."""
    return connection.execute(sql, list(values)).fetchall()
