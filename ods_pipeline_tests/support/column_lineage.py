"""Which columns of which tables a column of a mart is made of, and the file that says so.

    python -m ods_pipeline_tests.support.column_lineage

writes ``ods_pipeline/marts/column_lineage.csv``.

Lives here: the tables and steps that a mart reads, and the file. Does not live here: the walk over the SQL
(``sql_columns.py``), what the lineage means (``ods_pipeline/marts/column_lineage.py``), the comparison with
DuckDB's plans (``marts/test_column_lineage.py``).
"""

import csv
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from ods_pipeline.marts.build import mart_connection
from ods_pipeline.marts.column_lineage import FILE, HEADER
from ods_pipeline.marts.lineage import mart_sql, step_sql, steps_of
from ods_pipeline.schema import MARTS, TABLES
from ods_pipeline_tests.support.sql_columns import RULES, Relation, Sources, Value, of_query

_IDS = {f"{table.schema}.{table.name}": table.id for table in TABLES.values()}


def of_mart(name: str) -> Relation:
    """What each column of mart ``name`` is made of; its tables are those of the program and of the rules."""
    known = dict(_tables())
    for step in steps_of(name):
        known[f"steps.{step}"] = of_query(step_sql(step), known)
    return of_query(mart_sql(name), known)


def of_tables(value: Value) -> Sources:
    """What a column is made of, without the files of rules."""
    return frozenset(pair for pair in value.sources if pair[0] in _IDS)


def rows() -> list[tuple[str, str, str, str]]:
    """The rows of the file: mart, column, table read, column read, sorted."""
    return sorted(
        (mart.id, column, _IDS[table], read)
        for mart in MARTS
        for column, value in of_mart(mart.name).items()
        for table, read in of_tables(value)
    )


@cache
def _tables() -> dict[str, Relation]:
    """The tables that SQL may name, each column made of itself."""
    with TemporaryDirectory() as folder, mart_connection(Path(folder), date(2026, 1, 1), []) as connection:
        sql = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY column_index"
        rules: dict[str, Relation] = {}
        for table, column in connection.execute(sql).fetchall():
            rules.setdefault(table, {})[column] = Value(frozenset({(RULES + table, column)}))
    tables = {f"{table.schema}.{table.name}": table for table in TABLES.values()}
    return rules | {name: {c: _base(name, c, t.dtypes[c]) for c in t.columns} for name, t in tables.items()}


def _base(table: str, column: str, dtype: pl.DataType) -> Value:
    """A column of a table. The fields of a list of structs are known, for unnest."""
    itself = frozenset({(table, column)})
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    return Value(itself, {f.name: itself for f in inner.fields} if isinstance(inner, pl.Struct) else {})


def main() -> None:
    """Write the file."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows())


if __name__ == "__main__":
    main()
