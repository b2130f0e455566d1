"""The Parquet files of a build: frames checked against their tables, sorted and written.

Does not live here: what is in the frames, ``ods.duckdb`` (``duckdb.py``), ``datapackage.json``
(``datapackage.py``), and publishing (``dataroot/builds.py``).
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.parquet import write_parquet
from ods_pipeline.errors import OdsError
from ods_pipeline.schema import Table
from ods_pipeline.schema.derive import arrow_schema
from ods_pipeline.schema.sorting import sorted_by


def write_table(table: Table, frame: pl.DataFrame, build: Path, origin: dict[str, str]) -> int:
    """Check a frame against its table and write its Parquet file.

    Args:
        table: The table; its columns, key and rules apply.
        frame: The rows, in any order; further columns are dropped.
        build: The folder of the build.
        origin: What the file records about its origin (``provenance``).

    Returns:
        The size of the file in bytes.

    Raises:
        OdsError: Rows break rules of the table; it names each rule with its count. Nothing is written.
    """
    # Imported when rows are written: it takes a third of a second, and status only reads.
    from ods_pipeline.schema.rules import broken_rules  # noqa: PLC0415

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
    """Write several tables with ``write_table``; ``frames`` and the sizes returned are keyed by table id."""

    def write(table: Table) -> tuple[str, int]:
        return table.id, write_table(table, frames[table.id], build, origin)

    # Compression releases the interpreter's lock, so all cores write.
    with ThreadPoolExecutor(min(4, cpu_count() or 1)) as pool:
        return dict(pool.map(write, tables))
