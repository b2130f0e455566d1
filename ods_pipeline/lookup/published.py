"""The published set, opened for questions. Nothing here writes."""

from datetime import date
from pathlib import Path

import duckdb

from ods_pipeline.errors import OdsError


def open_published(data_root: Path, *needs: str) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the ods.duckdb of a data root. ``needs`` names tables of ``marts`` that must
    be in it. Raises OdsError if nothing is published, or an older version published it."""
    file = data_root / "ods.duckdb"
    if not file.exists():
        raise OdsError("nothing is published here", where=data_root, do="Run: ods-pipeline build")
    try:
        connection = duckdb.connect(str(file), read_only=True)
    except duckdb.Error as error:
        told = str(error).splitlines()[0]
        raise OdsError(
            f"it cannot be opened ({told})", where=file, do="Run: ods-pipeline build --again"
        ) from error
    tables = {
        name
        for (name,) in connection.sql(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'"
        ).fetchall()
    }
    missing = [name for name in needs if name not in tables]
    if missing:
        connection.close()
        raise OdsError(
            f"an older version published it, without {', '.join(missing)}",
            where=file,
            do="Run: ods-pipeline build --again",
        )
    return connection


def spoken_for(connection: duckdb.DuckDBPyConnection) -> date:
    """The day the marts speak for."""
    ((day,),) = connection.sql("SELECT ods_today()").fetchall()
    return day
