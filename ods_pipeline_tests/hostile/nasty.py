"""A register of bodies that nobody would make up in good faith, published once for all tests that ask it.

What lives here: extreme dates, names and codes that mean something to SQL, spreadsheets or terminals, and the
set published from them. What does not: what must be true of it (the tests).
"""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from ods_pipeline.history.fold import fold
from ods_pipeline.history.observations import observe
from ods_pipeline_tests.support.builders import Held, dates, make_record, rel, role, succ
from ods_pipeline_tests.support.history.tellings import with_duckdb

FIRST, LAST = "0001-01-01", "9999-12-31"
# A megabyte, and a mark at its end that shows whether it is all there.
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


def body(
    code: str,
    start: str = "2010-04-01",
    end: str | None = None,
    *,
    legal: tuple[str, str | None] | None = None,
    status: str = "Active",
    role_id: str = "RO197",
    **changes: Any,
) -> dict[str, Any]:
    """A body, and its role, from ``start`` to ``end``; ``legal`` are its legal dates."""
    days = [*(dates(*legal, kind="Legal") if legal else []), *dates(start, end)]
    parts = {"Role": [role(code, role_id, Date=days, Status=status)]}
    return make_record(code, Date=days, Status=status, Roles=parts, **changes)


def extreme() -> list[dict[str, Any]]:
    """Bodies, links and successions on the first and the last day that a date can name."""

    def site(code: str, start: str, end: str | None, *links: tuple[str, str, str]) -> dict[str, Any]:
        rels = [rel(code, to, Date=dates(*days)) for to, *days in links]
        return body(code, start, end, role_id="RO198", Rels={"Rel": rels})

    return [
        body("X01", FIRST, LAST, legal=(FIRST, LAST)),
        body("X02", FIRST, FIRST),
        body("X03", LAST, LAST),
        body("X04", LAST, legal=(LAST, None)),
        body("X05", FIRST, legal=(FIRST, LAST)),
        body("X06", FIRST, LAST, status="Inactive"),
        body("X07", LAST, FIRST),
        site("X0101", FIRST, LAST, ("X01", FIRST, LAST)),
        site("X0102", "2010-04-01", None, ("X01", LAST, LAST), ("X02", FIRST, FIRST)),
        body("X08", end="2020-03-31", Succs={"Succ": [succ("X08", "Successor", "X01", LAST)]}),
        body("X09", Succs={"Succ": [succ("X09", "Predecessor", "X02", FIRST)]}, LastChangeDate=LAST),
        body("X10", status="Inactive", LastChangeDate=FIRST),
    ]


def later() -> list[dict[str, Any]]:
    """The same a few days on: dates that jump from one end of the calendar to the other."""
    link = {"Rel": [rel("X0101", "X01", Date=dates(FIRST, FIRST))]}
    return [
        body("X01", FIRST, LAST, legal=(FIRST, LAST), Name="RENAMED"),
        body("X02", FIRST, LAST),
        body("X03", FIRST, LAST),
        body("X0101", FIRST, "9999-12-30", role_id="RO198", Rels=link),
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
    """The folder of the published set, as a data root is to those who read it."""
    folder = Path(tempfile.mkdtemp(prefix="ods_pipeline_tests_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    held = Held(folder)
    held.release([*extreme(), *named()])
    held.delta(later())
    with_duckdb(fold(observe(held.root.flat_folders())), folder / "set")
    return folder / "set"


def ask(connection: duckdb.DuckDBPyConnection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of an answer; ``values`` are the parameters."""
    return connection.execute(sql, list(values)).fetchall()
