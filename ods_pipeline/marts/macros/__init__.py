"""The macros of ``ods.duckdb`` and of mart connections.

What lives here: macros by the prefix of their file. ``words*.sql`` are scalar macros for marts and analysts
alike, ``ods_*.sql`` table macros that read published tables, ``building*.sql`` macros for building marts,
which are published nowhere. What does not: the ids of roles and relationships, which are data of
``schema/codes.py``.

Published macros must work in DuckDB 1.2. Table macros with WITH that DuckDB 2.0 stored fail in 1.4.0 and
1.4.1.
"""

from datetime import date
from importlib import resources

import duckdb

from ods_pipeline.schema.codes import Relationship, Role

_HERE = resources.files("ods_pipeline.marts.macros")


def define(connection: duckdb.DuckDBPyConnection, today: date, *, words_only: bool = False) -> None:
    """Create the published macros in the current schema, in order of file name, and ``ods_today()``.

    Args:
        connection: Where to create them.
        today: The day that the build speaks for, never the clock; ``ods_today()`` returns it.
        words_only: Create the scalar macros only, which need no tables.
    """
    connection.execute(f"CREATE MACRO ods_today() AS DATE '{today.isoformat()}'")
    for prefix in ("words",) if words_only else ("words", "ods_"):
        _create(connection, prefix)


def define_for_building(connection: duckdb.DuckDBPyConnection, today: date) -> None:
    """Create what the SQL of marts and checks may use: the scalar macros, those for building, and codes.

    Every role and relationship of ``schema/codes.py`` is a macro without parameters, such as ``ro_pcn()`` or
    ``re_partner_to()``.
    """
    define(connection, today, words_only=True)
    _create(connection, "building")
    for role in Role:
        connection.execute(f"CREATE MACRO ro_{role.name.lower()}() AS '{role.value}'")
    for relationship in Relationship:
        connection.execute(f"CREATE MACRO re_{relationship.name.lower()}() AS '{relationship.value}'")


def _create(connection: duckdb.DuckDBPyConnection, prefix: str) -> None:
    for file in sorted(_HERE.iterdir(), key=lambda f: f.name):
        if file.name.startswith(prefix) and file.name.endswith(".sql"):
            connection.execute(file.read_text(encoding="utf-8"))
