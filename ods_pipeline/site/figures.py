"""A figure of the report: one statement, its answer, and how both are shown.

Lives here: reading a statement, running it with its values, and writing it out so that a reader can run it
again. Does not live here: which figures there are (``content.py``) and how a page looks (``render.py``).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import duckdb
import polars as pl

from ods_pipeline.errors import OdsError

Value = str | date
Chart = Callable[[pl.DataFrame], dict[str, object] | None]
_PARAMETER = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Figure:
    """One statement and the words around it.

    Attributes:
        query: The name of its file in ``queries/``, and its anchor on the page.
        title: What it shows.
        text: How to read it; empty if the title is enough.
        chart: Draws the rows (``charts.py``); None for a table alone.
        empty: What is printed if there are no rows.
        needs: A table that a published set may be without (``geo.postcodes``); the figure is then left out.
        is_tiles: Shown as large numbers with their labels; the statement returns one row.
    """

    query: str
    title: str
    text: str = ""
    chart: Chart | None = None
    empty: str = "None."
    needs: str = ""
    is_tiles: bool = False


@dataclass(frozen=True)
class Answer:
    """The rows of a figure, in their order, and the statement that returns them without parameters."""

    figure: Figure
    sql: str
    rows: pl.DataFrame


@cache
def statement_of(query: str) -> str:
    """Return the statement in ``queries/<query>.sql``, with its parameters."""
    file = resources.files("ods_pipeline.site").joinpath(f"queries/{query}.sql")
    return file.read_text(encoding="utf-8").strip()


def answer(
    connection: duckdb.DuckDBPyConnection, figure: Figure, values: Mapping[str, Value] | None = None
) -> Answer:
    """Run the statement of a figure.

    Args:
        connection: The published ods.duckdb.
        figure: The figure.
        values: Parameters by name; those that the statement does not have are left out.

    Raises:
        OdsError: An older version published the set, without a table or column of the statement.
    """
    statement = statement_of(figure.query)
    used = {name: values[name] for name in _PARAMETER.findall(statement)} if values else {}
    rows = rows_of(connection, f"figure {figure.query}", statement, used)
    return Answer(figure, with_values(statement, used), rows)


def rows_of(
    connection: duckdb.DuckDBPyConnection,
    where: str,
    statement: str,
    values: Mapping[str, Value] | None = None,
) -> pl.DataFrame:
    """Return the rows of a statement on the published ods.duckdb.

    Args:
        connection: The published ods.duckdb.
        where: What the statement is for, as an error names it.
        statement: The statement.
        values: Its parameters by name.

    Raises:
        OdsError: An older version published the set, without a table or column of the statement.
    """
    try:
        return connection.sql(statement, params=dict(values or {})).pl()
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        reason = str(error).splitlines()[0]
        raise OdsError(
            f"the published set was written by another version ({reason})",
            where=where,
            do="Run: ods-pipeline build --again",
        ) from error


def with_values(statement: str, values: Mapping[str, Value]) -> str:
    """Return a statement with each parameter written out as a literal, so that it can be copied and run."""
    return _PARAMETER.sub(lambda match: literal(values[match[1]]), statement)


def literal(value: Value) -> str:
    """Return a value as SQL text."""
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"
