"""Which tables a mart reads, and the order of building that follows. Both come from the parsed SQL.

Lives here: the SQL files of marts and steps, the tables they name, and the graph of them. Does not live here:
running the SQL (``build.py``). A step is a query in ``steps/`` that a mart reads as ``steps.<name>``: it is
built for that mart, in the same connection, and published nowhere.

DuckDB's own parser reads the SQL, so lineage understands exactly the dialect that runs. sqlglot finds the
same tables, but is one more package, and slower: 270 ms with its import for marts and checks together,
against 100 ms (November 2026).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from ods_pipeline.errors import OdsError
from ods_pipeline.schema import MARTS, TABLES, Table

_HERE = resources.files("ods_pipeline.marts")
# The tables that ods_find searches are made from this mart, and nothing else in ods.duckdb takes longer. If
# it came late, a core would be idle for a second at the end.
_EARLY = "code_finder"


def mart_sql(name: str) -> str:
    """Return the SQL of mart ``name``."""
    return _HERE.joinpath(f"{name}.sql").read_text(encoding="utf-8")


def files_of_mart(name: str) -> list[Path]:
    """Return the SQL file of a mart, and those of its steps."""
    return [
        Path(str(_HERE / f"{name}.sql")),
        *(Path(str(_HERE / "steps" / f"{step}.sql")) for step in steps_of(name)),
    ]


def step_sql(name: str) -> str:
    """Return the SQL of step ``name``."""
    return _HERE.joinpath("steps", f"{name}.sql").read_text(encoding="utf-8")


@cache
def names_read(sql: str) -> tuple[tuple[str, str], ...]:
    """Return what a query reads, as pairs (schema, table), each as often as it is read.

    Common table expressions are not tables.

    Raises:
        OdsError: The SQL cannot be parsed.
    """
    (tree,) = duckdb.cursor().execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0]
    parsed = json.loads(tree)
    if parsed["error"]:
        raise OdsError(
            f"the SQL cannot be parsed: {parsed['error_message']}",
            where=sql.strip().splitlines()[0],
            do="Correct the SQL file",
        )
    return tuple(_base_tables(parsed))


def _base_tables(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE" and node["schema_name"]:
            yield node["schema_name"], node["table_name"]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _base_tables(part)


def steps_of(name: str) -> list[str]:
    """Return the steps that mart ``name`` needs, each after those it reads itself."""
    graph: dict[str, set[str]] = {}
    waiting = _steps_in(mart_sql(name))
    while waiting:
        step = waiting.pop()
        if step not in graph:
            graph[step] = _steps_in(step_sql(step))
            waiting |= graph[step]
    return in_order(dict(sorted(graph.items())))


def steps_read_once(name: str) -> set[str]:
    """Return the steps of mart ``name`` that one place reads: DuckDB need not store them."""
    statements = (mart_sql(name), *map(step_sql, steps_of(name)))
    times = Counter(table for sql in statements for schema, table in names_read(sql) if schema == "steps")
    return {step for step, count in times.items() if count == 1}


def _steps_in(sql: str) -> set[str]:
    return {table for schema, table in names_read(sql) if schema == "steps"}


def tables_read(*statements: str) -> list[Table]:
    """Return the tables that SQL names, by id. Names of other schemas, such as ``steps``, are not tables."""
    names = {name for sql in statements for name in names_read(sql)}
    return sorted((t for t in TABLES.values() if (t.schema, t.name) in names), key=lambda t: t.id)


def read_by(name: str) -> list[Table]:
    """Return the tables that mart ``name`` reads, itself or in its steps, by id."""
    return tables_read(mart_sql(name), *map(step_sql, steps_of(name)))


@cache
def marts_in_order() -> tuple[Table, ...]:
    """Return the marts in an order of building: each after every mart that it reads.

    ``_EARLY`` comes as early as that allows.

    Raises:
        OdsError: Marts read each other in a circle.
    """
    marts = {table.name: table for table in MARTS}
    graph = {name: {t.name for t in read_by(name) if t.schema == "marts"} & marts.keys() for name in marts}
    early, before = {_EARLY}, set[str]()
    while early != before:
        before, early = early, early.union(*(graph[name] for name in early))
    early_first = sorted(graph, key=lambda name: name not in early)
    return tuple(marts[name] for name in in_order({name: graph[name] for name in early_first}))


def in_order(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the names of a graph, each after the names it maps to; free choices keep the order of the graph.

    Raises:
        OdsError: The graph has a cycle; the error names it.
    """
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        raise OdsError(
            f"SQL files read each other in a circle: {' <- '.join(error.args[1])}",
            where="ods_pipeline/marts",
            do="Remove one of these reads",
        ) from error
    places = {name: place for place, name in enumerate(graph)}
    names: list[str] = []
    ready: set[str] = set()
    while sorter.is_active():
        ready |= set(sorter.get_ready())
        names.append(min(ready, key=places.__getitem__))
        ready.remove(names[-1])
        sorter.done(names[-1])
    return names
