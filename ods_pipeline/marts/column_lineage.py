"""Which columns of which tables a column of a mart is made of: ``column_lineage.csv``, and what it means.

A column is made of every column that the expression of its value names, followed through common table
expressions, steps and macros to the tables that the mart reads. Conditions inside the expression count:
those of CASE and FILTER, and what an aggregate or a window orders by. Columns that only decide which rows
there are, or which rows belong together (ON, WHERE, GROUP BY, PARTITION BY, QUALIFY), do not. The columns
by which a rule is looked up do, since a file of rules is not a table of its own. A constant, the day of the
build and a count of rows are made of nothing and have no line.

Lives here: the reading of that file. Does not live here: how it is made. It is derived from the SQL, and
written by ``python -m ods_pipeline_tests.support.column_lineage``.
"""

import csv
from functools import cache
from importlib import resources
from pathlib import Path

from ods_pipeline.schema import TABLES, Table

FILE = Path(str(resources.files("ods_pipeline.marts") / "column_lineage.csv"))
HEADER = ("mart", "column", "table_read", "column_read")


def columns_read(mart: Table) -> dict[str, list[tuple[Table, str]]]:
    """Return what each column of a mart is made of, as pairs (table, column), in the order of its columns."""
    lineage = _file().get(mart.id, {})
    return {column: lineage[column] for column in mart.columns if column in lineage}


@cache
def _file() -> dict[str, dict[str, list[tuple[Table, str]]]]:
    lineage: dict[str, dict[str, list[tuple[Table, str]]]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for mart, column, table_read, column_read in list(csv.reader(file))[1:]:
            pair = (TABLES[table_read], column_read)
            lineage.setdefault(mart, {}).setdefault(column, []).append(pair)
    return lineage
