"""The tables of ``ods.duckdb`` that ``ods_find`` searches, in a schema of their own.

Lives here: making them from the tables of the file. Does not live here: the search itself
(``marts/macros/ods_find.sql``). They are not part of the published set of tables: everything in them is in
other tables, in a form made for people.
"""

from datetime import date
from importlib import resources

import duckdb

from ods_pipeline.marts import macros

SCHEMA = "search"
# The files that make them, each after those that it reads: search_tables/<name>.sql.
_FILES = ("texts", "words", "listings", "codes")
# The tables that these read, by their ids.
READS = ("code_finder", "history.organisations", "organisations", "quarantined_records", "unresolved_targets")


def make_search_tables(connection: duckdb.DuckDBPyConnection, today: date) -> None:
    """Create the search tables from the tables named in ``READS``, and the scalar macros that this needs.

    Args:
        connection: Where the tables are; the schema ``main`` is in use afterwards.
        today: The day that the build speaks for.
    """
    folder = resources.files("ods_pipeline.publish") / "search_tables"
    connection.execute("USE main")
    macros.define_words(connection, today)
    for name in _FILES:
        sql = folder.joinpath(f"{name}.sql").read_text(encoding="utf-8")
        connection.execute(sql)
