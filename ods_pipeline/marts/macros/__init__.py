"""The macros of ods.duckdb. Files named ``words*.sql`` are scalar words that marts use too; the others read
the published tables.
"""

from datetime import date
from importlib import resources

import duckdb

_HERE = resources.files("ods_pipeline.marts.macros")


def define(connection: duckdb.DuckDBPyConnection, today: date, *, words_only: bool = False) -> None:
    """Creates the macros in the current schema, in order of file name, and ``ods_today()``: the day that the
    build speaks for, never the clock."""
    connection.execute(f"CREATE MACRO ods_today() AS DATE '{today.isoformat()}'")
    files = (f for f in _HERE.iterdir() if f.name.endswith(".sql"))
    for file in sorted(files, key=lambda f: (not f.name.startswith("words"), f.name)):
        if file.name.startswith("words") or not words_only:
            connection.execute(file.read_text(encoding="utf-8"))
