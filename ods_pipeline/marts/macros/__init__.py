"""The macros of ``ods.duckdb`` and of mart connections.

Lives here: macros by the prefix of their file. ``words*.sql`` are scalar macros for marts and analysts alike,
``ods_*.sql`` table macros that read published tables, ``find_*.sql`` steps of those, and
``building*.sql`` macros for building marts, which are published nowhere. Does not live here: the ids of roles
and relationships, which are data of ``schema/codes.py``.

Published macros must work in DuckDB 1.2 and later. Table macros with WITH that DuckDB 2.0 stored fail in
1.4.0 and 1.4.1, so there are none.
"""

import csv
from datetime import date
from importlib import resources

import duckdb

from ods_pipeline.schema.codes import Relationship, Role

_HERE = resources.files("ods_pipeline.marts.macros")
_DEFAULT_CODES = resources.files("ods_pipeline.marts") / "rules" / "default_codes.csv"


def define(connection: duckdb.DuckDBPyConnection, today: date) -> None:
    """Create the published macros in the current schema, in order of file name, and ``ods_today()``.

    Those that are there already are made again.

    Args:
        connection: Where to create them. The table macros need the published tables.
        today: The day that the build speaks for, never the clock; ``ods_today()`` returns it.
    """
    define_words(connection, today)
    _create(connection, "find_")
    _create(connection, "ods_")


def define_words(connection: duckdb.DuckDBPyConnection, today: date) -> None:
    """Create the scalar macros only, which need no tables, and ``ods_today()``."""
    define_today(connection, today)
    connection.execute(_default_meaning())
    _create(connection, "words")


def define_today(connection: duckdb.DuckDBPyConnection, today: date) -> None:
    """Create ``ods_today()``, or change its day: other macros ask for it whenever they are used."""
    connection.execute(f"CREATE OR REPLACE MACRO ods_today() AS DATE '{today.isoformat()}'")


def define_for_building(connection: duckdb.DuckDBPyConnection, today: date) -> None:
    """Create what the SQL of marts and checks may use: the scalar macros, those for building, and codes.

    Every role and relationship of ``schema/codes.py`` is a macro without parameters, such as ``ro_pcn()`` or
    ``re_partner_to()``.
    """
    define_words(connection, today)
    _create(connection, "building")
    codes = {f"ro_{role.name}": role.value for role in Role} | {f"re_{r.name}": r.value for r in Relationship}
    connection.execute(";".join(f"CREATE MACRO {name.lower()}() AS '{code}'" for name, code in codes.items()))


def _create(connection: duckdb.DuckDBPyConnection, prefix: str) -> None:
    for file in sorted(_HERE.iterdir(), key=lambda f: f.name):
        if file.name.startswith(prefix) and file.name.endswith(".sql"):
            sql = file.read_text(encoding="utf-8")
            connection.execute(sql.replace("CREATE MACRO", "CREATE OR REPLACE MACRO"))


def default_codes() -> dict[str, str]:
    """Return the national default codes of the NHS Data Dictionary, each with what it stands for."""
    lines = _DEFAULT_CODES.read_text(encoding="utf-8").splitlines()
    return {row["code"]: row["meaning"] for row in csv.DictReader(lines)}


def _default_meaning() -> str:
    """Return the macros ``is_default(key)`` and ``default_meaning(key)``: what it stands for, else null."""
    codes = default_codes()
    names, meanings = (", ".join(f"'{text}'" for text in texts) for texts in (codes, codes.values()))
    meaning = f"[{meanings}][nullif(list_position([{names}], key), 0)]"
    return (
        f"CREATE OR REPLACE MACRO is_default(key) AS list_contains([{names}], key);"
        f"CREATE OR REPLACE MACRO default_meaning(key) AS {meaning}"
    )
