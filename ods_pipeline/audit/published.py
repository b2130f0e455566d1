"""The published set as the audit reads it: Parquet columns as text, and DuckDB compared with Parquet.

Lives here: reading what is published. Does not live here: what should be (``tables.py``, ``rows.py``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ods_pipeline.audit.records import Text
from ods_pipeline.errors import OdsError

Column = Sequence[Text]
BATCH = 50_000
FOLDERS = {"ord": "tables", "history": "history", "geo": "geo", "marts": "marts", "compat": "compat"}


@dataclass(frozen=True)
class Published:
    """The folder of a whole build."""

    build: Path

    def file(self, table: str) -> Path:
        """Return the path of the Parquet file of ``<schema>.<name>``."""
        schema, _, name = table.partition(".")
        return self.build / FOLDERS[schema] / f"{name}.parquet"

    def tables(self) -> list[str]:
        """Return the names of all tables that are published as Parquet."""
        return [f"{s}.{p.stem}" for s, folder in FOLDERS.items()
                for p in sorted((self.build / folder).glob("*.parquet"))]  # fmt: skip

    def columns(self, table: str) -> list[str]:
        """Return the column names of a table."""
        return pq.read_schema(self.file(table)).names

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[list[Column]]:
        """Yield the columns of a table, ``BATCH`` rows at a time, with every value as text."""
        with pq.ParquetFile(self.file(table)) as file:
            for batch in file.iter_batches(BATCH, columns=list(columns)):
                yield [pc.cast(batch.column(name), pa.string()).to_pylist() for name in columns]

    def open(self) -> duckdb.DuckDBPyConnection:
        """Open ``ods.duckdb`` for reading. Raises OdsError if that fails."""
        try:
            connection = duckdb.connect(str(self.build / "ods.duckdb"), read_only=True)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise OdsError(
                f"the file cannot be opened ({reason})",
                where=self.build / "ods.duckdb",
                do="Run: ods-pipeline build --again",
            ) from error
        connection.execute("SET memory_limit = '1GB'")
        return connection


@dataclass(frozen=True)
class CopyDifference:
    """A value that differs between Parquet and DuckDB.

    If the difference is in the table as a whole, ``column`` is ``(the table)``, ``(columns)`` or ``(rows)``.
    """

    table: str
    column: str
    key: str
    parquet: Text
    duckdb: Text


def copy_differences(
    published: Published,
    connection: duckdb.DuckDBPyConnection,
    keys: Callable[[str], Sequence[str]],
    most: int,
) -> list[CopyDifference]:
    """Compare DuckDB with Parquet, and return what differs.

    Every table is compared by its rows, and every column by its number of values and the sum over all rows of
    a hash of key and value.

    Args:
        published: The build.
        connection: Its ``ods.duckdb``.
        keys: Returns the key columns of a table.
        most: How many values to list at most.
    """
    differences: list[CopyDifference] = []
    in_duckdb = {f"{s}.{t}" for s, t in connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE schema_name IN ('ord', 'history', 'geo', "
        "'marts', 'compat')"
    ).fetchall()}  # fmt: skip
    tables = published.tables()
    for table in sorted(in_duckdb ^ set(tables)):
        where = ("there", "missing") if table in tables else ("missing", "there")
        differences.append(CopyDifference(table, "(the table)", "", *where))
    for table in (t for t in tables if t in in_duckdb):
        most_here = most - len(differences)
        differences.extend(_table_differences(published, connection, table, keys(table), most_here))
    return differences


def _table_differences(
    published: Published, connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], most: int
) -> Iterator[CopyDifference]:
    file = f"read_parquet('{str(published.file(table)).replace(chr(39), chr(39) * 2)}')"
    shapes = [
        [row[:2] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        for source in (file, table)
    ]
    if shapes[0] != shapes[1]:
        extra = [", ".join(f"{n} {t}" for n, t in shape if (n, t) not in other)
                 for shape, other in (shapes, shapes[::-1])]  # fmt: skip
        yield CopyDifference(table, "(columns)", "", *extra)
        return
    columns = [name for name, _ in shapes[0]]
    on = ", ".join(f'"{k}"' for k in key)
    sums = ", ".join(f'count("{c}"), sum(hash({on}, "{c}")::HUGEINT)' for c in columns)
    parquet, copy = (
        connection.execute(f"SELECT count(*), {sums} FROM {source}").fetchall()[0] for source in (file, table)
    )
    if parquet[0] != copy[0]:
        yield CopyDifference(table, "(rows)", "", f"{parquet[0]:,}", f"{copy[0]:,}")
    sums_of = [slice(1 + 2 * n, 3 + 2 * n) for n in range(len(columns))]  # count and sum of each column
    names = [c for c, s in zip(columns, sums_of, strict=True) if parquet[s] != copy[s]]
    for column in names:
        rows = connection.execute(
            f'SELECT concat_ws(\' \', {on}), p."{column}"::VARCHAR, d."{column}"::VARCHAR '
            f"FROM {file} AS p FULL JOIN {table} AS d USING ({on}) "
            f'WHERE p."{column}" IS DISTINCT FROM d."{column}" ORDER BY 1 LIMIT {max(most, 1)}'
        ).fetchall()
        yield from (CopyDifference(table, column, *row) for row in rows)
