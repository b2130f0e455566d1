"""``ods.duckdb`` of a build: every table with its descriptions, the macros, and the tables that they search.

Lives here: filling the file from the build's Parquet files. Does not live here: the macros themselves
(``marts/macros``), the search tables (``search.py``), and publishing (``dataroot/builds.py``).
"""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from ods_pipeline.dataroot.parquet import columns_with_dictionary
from ods_pipeline.marts import macros
from ods_pipeline.marts.build import BLOCKS_KEPT
from ods_pipeline.publish.plain import make_plain_views
from ods_pipeline.publish.search import READS, SCHEMA, make_search_tables
from ods_pipeline.schema import Table
from ods_pipeline.schema.derive import comments

# Analysts' tools are older than ours: DuckDB 1.2 and later open the file.
_STORAGE: dict[str, Any] = {"storage_compatibility_version": "v1.2.0"} | BLOCKS_KEPT


@contextmanager
def filling_duckdb(build: Path, today: date | None = None) -> Generator[Callable[[Table], None]]:
    """Create ``ods.duckdb`` of a build in a separate thread, while the block does other work.

    Yields a function that takes a table whose Parquet file is written. All tables are in when the block ends.
    With ``today``, the day that the build speaks for, the search tables are made as soon as they can be.
    An error in the thread is raised at the next table, or at the end. ``complete_duckdb`` adds what is still
    missing.
    """
    path = build / "ods.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path), config=_STORAGE) as connection, ThreadPoolExecutor(1) as thread:
        submitted: list[Future[None]] = []
        awaited = set(READS)

        def fill(table: Table) -> None:
            for future in submitted:
                if future.done():
                    future.result()  # a full disk is raised now, not after the last mart
            submitted.append(thread.submit(_fill, connection, build, table))
            if table.id in awaited:
                awaited.discard(table.id)
                if not awaited and today:
                    submitted.append(thread.submit(make_search_tables, connection, today))

        try:
            yield fill
            for future in submitted:
                future.result()
        except BaseException:
            thread.shutdown(wait=False, cancel_futures=True)  # the remaining tables are not needed any more
            raise


def _fill(connection: duckdb.DuckDBPyConnection, build: Path, table: Table) -> None:
    path = build / table.path
    rows, repeating = connection.read_parquet(str(path)), columns_with_dictionary(path)

    def column(name: str, dtype: str) -> str:
        if dtype != "VARCHAR":
            return f'"{name}" {dtype}'
        # DuckDB would try each compression on each piece of each text column, which is a third of the time.
        # Values that do not fit the compression named here, e.g. very long text, are stored uncompressed.
        return f'"{name}" {dtype} USING COMPRESSION {"dictionary" if name in repeating else "fsst"}'

    columns = ", ".join(column(n, str(t)) for n, t in zip(rows.columns, rows.types, strict=True))
    # One transaction a table: a single one for all takes half a second at the end, when everything waits.
    connection.execute("BEGIN")
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
    connection.execute(f"USE {table.schema}")
    connection.execute(f'CREATE TABLE "{table.name}" ({columns})')
    rows.insert_into(table.name)
    for statement in comments(table):
        connection.execute(statement)
    connection.execute("COMMIT")


def complete_duckdb(build: Path, tables: Iterable[Table], today: date) -> int:
    """Complete ``ods.duckdb``: the tables that it lacks, the search tables, the plain views and the macros.

    Args:
        build: The folder of the build; the file is created if there is none.
        tables: The tables that the complete file holds; their Parquet files exist.
        today: The day that the macros mean by today.

    Returns:
        The size of the file in bytes.
    """
    path, tables = build / "ods.duckdb", list(tables)
    with duckdb.connect(str(path), config=_STORAGE) as connection:
        filled = set(connection.sql("SELECT schema_name, table_name FROM duckdb_tables()").fetchall())
        for table in tables:
            if (table.schema, table.name) not in filled:
                _fill(connection, build, table)
        made = connection.execute("SELECT 1 FROM duckdb_schemas() WHERE schema_name = ?", [SCHEMA])
        if not made.fetchone():
            make_search_tables(connection, today)
        make_plain_views(connection, tables)
        connection.execute("USE main")
        macros.define(connection, today)
        connection.execute("CHECKPOINT")
    return path.stat().st_size
