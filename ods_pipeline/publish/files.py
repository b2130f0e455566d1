"""Assembles what is published: checked Parquet files, ``ods.duckdb``, ``datapackage.json``.

Lives here: turning frames into files of a build. Does not live here: what is in the frames, and the flip
(``storage.publish_build``).
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from os import cpu_count
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from ods_pipeline import __version__
from ods_pipeline.dataroot.parquet import columns_with_dictionary, write_parquet
from ods_pipeline.errors import OdsError
from ods_pipeline.marts import macros
from ods_pipeline.schema import TABLES, Table
from ods_pipeline.schema.derive import ATTRIBUTION, DATA_LICENCE, arrow_schema, comments, frictionless_schema
from ods_pipeline.schema.rules import broken_rules
from ods_pipeline.schema.sorting import sorted_by

# Analysts' tools are older than ours: DuckDB 1.2 and later open the file.
_STORAGE: dict[str, Any] = {"storage_compatibility_version": "v1.2.0"}
LICENCE_URL = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"


def provenance(captures: pl.DataFrame, as_of: date) -> dict[str, str]:
    """What every Parquet file says of its origin: the captures that went in, by SHA-256, and the day."""
    listed = captures.sort("capture_id").select("capture_id", "sha256").rows()
    inputs = hashlib.sha256("\n".join(f"{c} {s}" for c, s in listed).encode()).hexdigest()
    return {
        "as_of": as_of.isoformat(),
        "captures": str(len(listed)),
        "inputs_sha256": inputs,
        "newest_capture": captures.sort("as_of", "capture_id")["capture_id"][-1],
        "made_by": f"ods_pipeline {__version__}",
    }


def write_table(table: Table, frame: pl.DataFrame, build: Path, origin: dict[str, str]) -> int:
    """Validates a frame against its class and writes its Parquet file; returns the size.

    Raises OdsError naming the rules that are broken and how often: nothing is written then.
    """
    shaped = sorted_by(frame.select(table.columns).cast(pl.Schema(table.dtypes)), table.key)
    broken = broken_rules(table, shaped)
    if broken:
        rules = ", ".join(f"{rule} {count:,}" for rule, count in sorted(broken.items()))
        raise OdsError(
            f"rows break the table's own rules ({rules})",
            where=f"{table.schema}.{table.name}",
            do="This is a fault of the pipeline: please report it with the release date",
        )
    return write_parquet(shaped, build / table.path, arrow_schema(table, origin))


def write_tables(
    tables: Iterable[Table], frames: Mapping[str, pl.DataFrame], build: Path, origin: dict[str, str]
) -> dict[str, int]:
    """``write_table`` for several, whose frames stand under their ids; returns the sizes by id."""

    def write(table: Table) -> tuple[str, int]:
        return table.id, write_table(table, frames[table.id], build, origin)

    # Compression lets go of the interpreter, so that all cores write.
    with ThreadPoolExecutor(min(4, cpu_count() or 1)) as pool:
        return dict(pool.map(write, tables))


@contextmanager
def filling_duckdb(build: Path) -> Generator[Callable[[Table], None]]:
    """Makes ``ods.duckdb`` of a build, in a thread of its own beside what the block does.

    Gives a function that takes a table whose Parquet file is written. All are in when the block has ended;
    what went wrong in the thread is raised at the next table, or then. ``complete_duckdb`` adds what is
    missing still.
    """
    path = build / "ods.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path), config=_STORAGE) as connection, ThreadPoolExecutor(1) as thread:
        filled: list[Future[None]] = []

        def fill(table: Table) -> None:
            for one in filled:
                if one.done():
                    one.result()  # a full disk is told now, and not after the last mart
            filled.append(thread.submit(_fill, connection, build, table))

        try:
            yield fill
            for one in filled:
                one.result()
        except BaseException:
            thread.shutdown(wait=False, cancel_futures=True)  # nobody needs the rest any more
            raise


def _fill(connection: duckdb.DuckDBPyConnection, build: Path, table: Table) -> None:
    path = build / table.path
    rows, repeated = connection.read_parquet(str(path)), columns_with_dictionary(path)

    def column(name: str, dtype: str) -> str:
        if dtype != "VARCHAR":
            return f'"{name}" {dtype}'
        # DuckDB would try each way to pack text on each piece of each column, which is a third of the time.
        # What does not fit the way named here, very long text for one, is stored as it is.
        return f'"{name}" {dtype} USING COMPRESSION {"dictionary" if name in repeated else "fsst"}'

    columns = ", ".join(column(n, str(t)) for n, t in zip(rows.columns, rows.types, strict=True))
    # A transaction for each table: one for all would take half a second at the end, when all else waits.
    connection.execute("BEGIN")
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
    connection.execute(f"USE {table.schema}")
    connection.execute(f'CREATE TABLE "{table.name}" ({columns})')
    rows.insert_into(table.name)
    for statement in comments(table):
        connection.execute(statement)
    connection.execute("COMMIT")


def complete_duckdb(build: Path, tables: Iterable[Table], today: date) -> int:
    """Adds to ``ods.duckdb`` those of ``tables`` that are not in it yet, and the macros, after which it is
    whole; returns the size. ``today`` is the day the build speaks for."""
    path = build / "ods.duckdb"
    with duckdb.connect(str(path), config=_STORAGE) as connection:
        there = set(connection.sql("SELECT schema_name, table_name FROM duckdb_tables()").fetchall())
        for table in tables:
            if (table.schema, table.name) not in there:
                _fill(connection, build, table)
        connection.execute("USE main")
        macros.define(connection, today)
        connection.execute("CHECKPOINT")
    return path.stat().st_size


def write_duckdb(build: Path, tables: Iterable[Table], today: date) -> int:
    """Writes ``ods.duckdb`` from the build's Parquet files, with descriptions and macros; returns the size.
    ``today`` is the day the build speaks for."""
    wanted = list(tables)
    with filling_duckdb(build) as fill:
        for table in wanted:
            fill(table)
    return complete_duckdb(build, wanted, today)


def datapackage(build: Path, tables: Iterable[Table], origin: dict[str, str]) -> dict[str, Any]:
    """The Frictionless description of a build. ``ods.duckdb`` has no SHA-256: its bytes are never stable."""
    resources: list[dict[str, Any]] = []
    for table in tables:
        file = build / table.path
        resources.append(
            {
                "name": table.id,
                "path": table.path,
                "format": "parquet",
                "mediatype": "application/vnd.apache.parquet",
                "description": table.description,
                "rows": pl.scan_parquet(file).select(pl.len()).collect().item(),
                "bytes": file.stat().st_size,
                "hash": f"sha256:{_sha256(file)}",
                "schema": frictionless_schema(table),
            }
        )
    resources.append(
        {
            "name": "ods",
            "path": "ods.duckdb",
            "format": "duckdb",
            "description": "All tables above in one DuckDB file.",
        }
    )
    captures = pl.read_parquet(build / TABLES["captures"].path)
    sources = [
        {
            "title": f"{kind} {capture} ({name})",
            "path": "https://isd.digital.nhs.uk/trud"
            if kind != "delta"
            else "https://directory.spineservices.nhs.uk/ORD/2-0-0",
        }
        for kind, capture, name in captures.sort("capture_id")
        .select("kind", "capture_id", "file_name")
        .iter_rows()
    ]
    return {
        "profile": "data-package",
        "name": "ods",
        "title": "NHS organisation register (ODS)",
        "description": ATTRIBUTION,
        "version": origin["as_of"],
        "licenses": [{"name": "OGL-UK-3.0", "title": DATA_LICENCE, "path": LICENCE_URL}],
        "sources": sources,
        "provenance": origin,
        "resources": resources,
    }


def write_datapackage(build: Path, tables: Iterable[Table], origin: dict[str, str]) -> None:
    """Writes ``datapackage.json``."""
    body = datapackage(build, list(tables), origin)
    (build / "datapackage.json").write_text(
        json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
