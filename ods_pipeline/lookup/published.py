"""The published set, opened for questions. Nothing here writes."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from ods_pipeline.dataroot.layout import build_here
from ods_pipeline.errors import OdsError

Row = dict[str, Any]
_PUBLISH_AGAIN = "Run: ods-pipeline build --again"


def open_published(data_root: Path, *tables: str) -> duckdb.DuckDBPyConnection:
    """Open the ods.duckdb of a data root, read-only.

    Args:
        data_root: The folder that ``build`` published into.
        tables: Tables of the schema ``marts`` that the caller needs.

    Raises:
        OdsError: Nothing is published, the file cannot be opened, or an older version wrote it without these
            tables.
    """
    file = data_root / "ods.duckdb"
    if not file.exists():
        raise OdsError("nothing is published here", where=data_root, do=build_here(data_root))
    try:
        connection = duckdb.connect(str(file), read_only=True)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise OdsError(
            f"DuckDB cannot open the file ({reason})", where=file, do=build_here(data_root, " --again")
        ) from error
    names = connection.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'").fetchall()
    missing = [table for table in tables if (table,) not in names]
    if missing:
        connection.close()
        raise OdsError(
            f"an older version published it, without {', '.join(missing)}",
            where=file,
            do=build_here(data_root, " --again"),
        )
    return connection


def query_rows(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object] | Sequence[object] = ()
) -> list[Row]:
    """Return the rows of a query by column name. ``values`` are its parameters, by name or in order.

    Raises:
        OdsError: The published set has no such table, column or macro: another version made it.
    """
    try:
        result = connection.execute(sql, values)
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        reason = str(error).splitlines()[0]
        raise OdsError(
            f"another version of ods-pipeline made what is published, and this one cannot ask it ({reason})",
            where="ods.duckdb",
            do=_PUBLISH_AGAIN,
        ) from error
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def newest_day(connection: duckdb.DuckDBPyConnection) -> date:
    """Return the day up to which the register is known: the newest as-of date of a capture."""
    ((day,),) = connection.sql("SELECT max(as_of) FROM ord.captures").fetchall()
    return day


def marts_day(connection: duckdb.DuckDBPyConnection) -> date:
    """Return the day that the marts describe."""
    ((day,),) = connection.sql("SELECT ods_today()").fetchall()
    return day
