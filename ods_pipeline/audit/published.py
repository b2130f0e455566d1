"""The published set as the audit reads it: columns of Parquet as text, and DuckDB beside Parquet.

Lives here: reading what is published. Does not live here: what it should say.
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
FOLDERS = {"ord": "tables", "history": "history", "marts": "marts"}


@dataclass(frozen=True)
class Published:
    """The folder of a whole build."""

    build: Path

    def file(self, table: str) -> Path:
        """The Parquet file of ``<schema>.<name>``."""
        schema, _, name = table.partition(".")
        return self.build / FOLDERS[schema] / f"{name}.parquet"

    def tables(self) -> list[str]:
        """Every table that is published as Parquet."""
        return [f"{s}.{p.stem}" for s, folder in FOLDERS.items()
                for p in sorted((self.build / folder).glob("*.parquet"))]  # fmt: skip

    def columns(self, table: str) -> list[str]:
        """Names of the columns of a table."""
        return pq.read_schema(self.file(table)).names

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[list[Column]]:
        """The columns of a table, some thousand rows at a time, every value as text."""
        with pq.ParquetFile(self.file(table)) as file:
            for batch in file.iter_batches(BATCH, columns=list(columns)):
                yield [pc.cast(batch.column(name), pa.string()).to_pylist() for name in columns]

    def open(self) -> duckdb.DuckDBPyConnection:
        """``ods.duckdb``, for reading. Raises OdsError if it cannot be opened."""
        try:
            connection = duckdb.connect(str(self.build / "ods.duckdb"), read_only=True)
        except duckdb.Error as error:
            told = str(error).splitlines()[0]
            raise OdsError(
                f"it cannot be opened ({told})",
                where=self.build / "ods.duckdb",
                do="Run: ods-pipeline build --again",
            ) from error
        connection.execute("SET memory_limit = '1GB'")
        return connection


@dataclass(frozen=True)
class Unlike:
    """A value that Parquet and DuckDB do not hold alike; ``column`` may stand for all of a table."""

    table: str
    column: str
    key: str
    parquet: Text
    duckdb: Text


def unlike(
    published: Published,
    connection: duckdb.DuckDBPyConnection,
    keys: Callable[[str], Sequence[str]],
    most: int,
) -> list[Unlike]:
    """What DuckDB and Parquet do not hold alike: of every table the rows, and of every column the number of
    values and a sum over all rows of a hash of key and value."""
    found: list[Unlike] = []
    there = {f"{s}.{t}" for s, t in connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE schema_name IN ('ord', 'history', 'marts')"
    ).fetchall()}  # fmt: skip
    tables = published.tables()
    for table in sorted(there ^ set(tables)):
        told = ("there", "missing") if table in tables else ("missing", "there")
        found.append(Unlike(table, "(the table)", "", *told))
    for table in (t for t in tables if t in there):
        found.extend(_unlike(published, connection, table, keys(table), most - len(found)))
    return found


def _unlike(
    published: Published, connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], most: int
) -> Iterator[Unlike]:
    file = f"read_parquet('{str(published.file(table)).replace(chr(39), chr(39) * 2)}')"
    shapes = [
        [row[:2] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        for source in (file, table)
    ]
    if shapes[0] != shapes[1]:
        told = [", ".join(f"{n} {t}" for n, t in shape if (n, t) not in other)
                for shape, other in (shapes, shapes[::-1])]  # fmt: skip
        yield Unlike(table, "(columns)", "", *told)
        return
    columns = [name for name, _ in shapes[0]]
    on = ", ".join(f'"{k}"' for k in key)
    sums = ", ".join(f'count("{c}"), sum(hash({on}, "{c}")::HUGEINT)' for c in columns)
    one, other = (
        connection.execute(f"SELECT count(*), {sums} FROM {source}").fetchall()[0] for source in (file, table)
    )
    if one[0] != other[0]:
        yield Unlike(table, "(rows)", "", f"{one[0]:,}", f"{other[0]:,}")
    names = [c for n, c in enumerate(columns) if one[1 + 2 * n : 3 + 2 * n] != other[1 + 2 * n : 3 + 2 * n]]
    for column in names:
        rows = connection.execute(
            f'SELECT concat_ws(\' \', {on}), p."{column}"::VARCHAR, d."{column}"::VARCHAR '
            f"FROM {file} AS p FULL JOIN {table} AS d USING ({on}) "
            f'WHERE p."{column}" IS DISTINCT FROM d."{column}" ORDER BY 1 LIMIT {max(most, 1)}'
        ).fetchall()
        yield from (Unlike(table, column, *row) for row in rows)
