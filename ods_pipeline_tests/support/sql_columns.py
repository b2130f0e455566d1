"""What the columns of a query are made of, read from the SQL that DuckDB has parsed.

Lives here: the walk over the tree of names that DuckDB gives (``json_serialize_sql``). To resolve a name is
to find the part of FROM, or the common table expression, that has it, and to ask there what the column is
made of. Table macros of ``building.sql`` are read through; a scalar macro is made of its arguments. Does not
live here: the tables, and the file that comes of it (``column_lineage.py``).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from ods_pipeline.marts.build import mart_connection

Node = dict[str, Any]
Sources = frozenset[tuple[str, str]]  # (schema.table, column)
RULES = "rules."  # what stands for the schema of a file of rules
_SHOWN_ONLY_LEFT = ("SEMI", "ANTI")
# Expressions that are made of the expressions in them.
_READ_THROUGH = {
    "FUNCTION",
    "WINDOW",
    "OPERATOR",
    "CASE",
    "CAST",
    "COMPARISON",
    "CONJUNCTION",
    "BETWEEN",
    "CONSTANT",
    "TYPE",
}


@dataclass(frozen=True)
class Value:
    """What a column is made of; for a struct, what each of its fields is made of."""

    sources: Sources = frozenset()
    fields: Mapping[str, Sources] = field(default_factory=dict)

    def __or__(self, other: "Value") -> "Value":
        names = {**self.fields, **other.fields}
        fields = {n: self.fields.get(n, frozenset()) | other.fields.get(n, frozenset()) for n in names}
        return Value(self.sources | other.sources, fields)

    def part(self, path: list[str]) -> "Value":
        """A field of it; for a struct whose fields are not known, all of it."""
        return Value(self.fields.get(path[0], self.sources)) if path else Value(self.sources, self.fields)


Relation = dict[str, Value]  # by column, in order


@dataclass
class Scope:
    """The relations of a FROM by name, those of the query around it, and the aliases given so far."""

    relations: list[tuple[str, Relation]]
    outer: "Scope | None" = None
    aliases: Relation = field(default_factory=dict)

    def find(self, path: list[str]) -> Value | None:
        """What a name means: a column of a table, a column, a column with a field, or an alias."""
        for name, relation in self.relations:
            if len(path) > 1 and path[0] == name and path[1] in relation:
                return relation[path[1]].part(path[2:])
        for _, relation in self.relations:
            if path[0] in relation:
                return relation[path[0]].part(path[1:])
        if path[0] in self.aliases:
            return self.aliases[path[0]].part(path[1:])
        return self.outer.find(path) if self.outer else None


def of_query(sql: str, known: Mapping[str, Relation]) -> Relation:
    """What each column of a query is made of, given the tables it may name (schema.table, or a bare name)."""
    return _query(_parsed(sql), dict(known))


def _parsed(sql: str) -> Node:
    (tree,) = duckdb.cursor().execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0]
    return json.loads(tree)["statements"][0]["node"]


@cache
def _table_macro(name: str) -> tuple[list[str], str]:
    with TemporaryDirectory() as folder, mart_connection(Path(folder), date(2026, 1, 1), []) as connection:
        sql = "SELECT parameters, macro_definition FROM duckdb_functions() WHERE function_name = ?"
        return connection.execute(sql, [name]).fetchall()[0]


def _query(node: Node, known: dict[str, Relation], outer: Scope | None = None) -> Relation:
    known = dict(known)
    for entry in node.get("cte_map", {}).get("map", []):
        known[entry["key"]] = _query(entry["value"]["query_node"], known, outer)
    if node["type"] == "SELECT_NODE":
        return _select(node, known, outer)
    if node["type"] == "SET_OPERATION_NODE":
        parts = [_query(child, known, outer) for child in node["children"]]
        first, *others = parts
        for other in others:
            first = _united(first, other, by_name=node["setop_type"] == "UNION_BY_NAME")
        return first
    if node["type"] == "RECURSIVE_CTE_NODE":
        relation = _query(node["left"], known, outer)
        while True:  # until a further round brings nothing new
            known[node["cte_name"]] = known[f"recurring.{node['cte_name']}"] = relation
            more = _united(relation, _query(node["right"], known, outer), by_name=False)
            if more == relation:
                return relation
            relation = more
    raise NotImplementedError(node["type"])  # a form of SQL that the walk has to learn first


def _united(first: Relation, other: Relation, *, by_name: bool) -> Relation:
    if by_name:
        return {n: first.get(n, Value()) | other.get(n, Value()) for n in {**first, **other}}
    pairs = zip_longest(first.items(), other.values())
    return {name: value | more for (name, value), more in pairs}


def _select(node: Node, known: dict[str, Relation], outer: Scope | None) -> Relation:
    scope = _with_rules_looked_up(_from(node["from_table"], known, outer), node["from_table"], known)
    columns: Relation = {}
    for place, item in enumerate(node["select_list"]):
        if item["type"] == "STAR":
            columns |= _star(item, scope, known)
        elif any(e.get("name") == "recursive" for e in item.get("arguments", [])):  # unnest: one per field
            whole = _value(item["arguments"][0]["expression"], scope, known)
            columns |= {name: Value(sources) for name, sources in whole.fields.items()}
        else:
            value = _value(item, scope, known)
            name = item.get("alias") or (item.get("column_names") or [""])[-1]
            scope.aliases[name] = value
            columns[f"{name}:{place}" if not name or name in columns else name] = value
    return columns


def _with_rules_looked_up(scope: Scope, tree: Node, known: dict[str, Relation]) -> Scope:
    """The same scope, where a column of a rule is also made of those by which the rule is looked up."""
    rules = {name for name, relation in scope.relations if _is_rule(relation)}
    looked_up: dict[str, Value] = {name: Value() for name in rules}
    for test in _tests_of_joins(tree):
        for name in rules & {path[0] for path in _names(test)}:
            looked_up[name] |= _value(test, scope, known)
    relations = [
        (name, {c: v | looked_up[name] for c, v in relation.items()} if name in rules else relation)
        for name, relation in scope.relations
    ]
    return Scope(relations, outer=scope.outer)


def _is_rule(relation: Relation) -> bool:
    """Whether it is a file of rules, or a part of one."""
    tables = {table for value in relation.values() for table, _ in value.sources}
    return len(tables) == 1 and tables.pop().startswith(RULES)


def _tests_of_joins(tree: Node) -> Iterator[Node]:
    """The conditions of all joins of a FROM that bring columns, split where AND joins them."""
    if tree["type"] == "JOIN":
        if tree["join_type"] not in _SHOWN_ONLY_LEFT and tree.get("condition"):
            yield from _split(tree["condition"])
        yield from (test for side in ("left", "right") for test in _tests_of_joins(tree[side]))


def _split(test: Node) -> Iterator[Node]:
    if test["type"] == "CONJUNCTION_AND":
        yield from (part for child in test["children"] for part in _split(child))
    else:
        yield test


def _names(node: Any) -> Iterator[list[str]]:
    """Every column name below a node, in its parts."""
    if isinstance(node, dict) and node.get("class") == "COLUMN_REF":
        yield node["column_names"]
    elif isinstance(node, (dict, list)):
        yield from (n for part in (node.values() if isinstance(node, dict) else node) for n in _names(part))


def _star(item: Node, scope: Scope, known: dict[str, Relation]) -> Relation:
    only = item.get("relation_name")
    left_out = {name if isinstance(name, str) else name["column"] for name in item.get("exclude_list", [])}
    columns: Relation = {}
    for name, relation in scope.relations:
        if not only or name == only:
            new = {c: v for c, v in relation.items() if c not in left_out}
            columns |= {c: v for c, v in new.items() if c not in columns}  # of USING, the left one
    replaced = {e["key"]: _value(e["value"], scope, known) for e in item.get("replace_list", [])}
    assert replaced.keys() <= columns.keys()
    return columns | replaced


def _from(node: Node, known: dict[str, Relation], outer: Scope | None) -> Scope:
    if node["type"] == "JOIN":
        left, right = _from(node["left"], known, outer), _from(node["right"], known, outer)
        both = [] if node["join_type"] in _SHOWN_ONLY_LEFT else right.relations
        return Scope(left.relations + both, outer=outer)
    if node["type"] == "EMPTY":
        return Scope([], outer=outer)
    if node["type"] == "SUBQUERY":
        relation = _query(node["subquery"]["node"], known, outer)
    elif node["type"] == "TABLE_FUNCTION":
        relation = _from_function(node["function"], known)
    elif node["type"] == "BASE_TABLE":
        relation = known[".".join(filter(None, (node.get("schema_name"), node["table_name"])))]
    else:
        raise NotImplementedError(node["type"])  # a form of SQL that the walk has to learn first
    assert not node.get("column_name_alias")
    return Scope([(node.get("alias") or node.get("table_name", ""), relation)], outer=outer)


def _from_function(function: Node, known: dict[str, Relation]) -> Relation:
    arguments = [argument["expression"] for argument in function["arguments"]]
    if function["function_name"] == "query_table":
        return known[arguments[0]["literal"]["text"]]
    parameters, definition = _table_macro(function["function_name"])
    given = dict(zip(parameters, arguments, strict=True))
    return _query(_with_arguments(_parsed(definition), given), known)


def _with_arguments(node: Any, given: Mapping[str, Node]) -> Any:
    """The tree with the arguments of a macro in place of its parameters."""
    if isinstance(node, list):
        return [_with_arguments(part, given) for part in node]
    if not isinstance(node, dict):
        return node
    if node.get("class") == "COLUMN_REF" and len(node["column_names"]) == 1:
        return given.get(node["column_names"][0], node)
    return {key: _with_arguments(part, given) for key, part in node.items()}


def _value(node: Node, scope: Scope, known: dict[str, Relation]) -> Value:
    """What an expression is made of."""
    kind, function = node.get("class"), node.get("function_name")
    if kind == "COLUMN_REF":
        found = scope.find(node["column_names"])
        if found is None:
            raise LookupError(node["column_names"])
        return found
    if kind == "LAMBDA":
        inner = Scope([("", {node["lhs"]["column_names"][0]: Value()})], outer=scope)
        return _value(node["expr"], inner, known)
    if kind == "SUBQUERY":
        return _subquery(node, scope, known)
    if function == "struct_pack":
        parts = {a.get("name") or a["expression"]["alias"]: a["expression"] for a in node["arguments"]}
        fields = {name: _value(part, scope, known).sources for name, part in parts.items()}
        return Value(frozenset().union(*fields.values()), fields)
    if kind not in _READ_THROUGH:
        raise NotImplementedError(kind)  # a form of SQL that the walk has to learn first
    # PARTITION BY says which rows belong together, as GROUP BY does. It counts where there is nothing else.
    skipped = {"partitions"} if kind == "WINDOW" and node.get("arguments") else set()
    parts = [_value(part, scope, known) for key in node if key not in skipped for part in _parts(node[key])]
    if function in ("arg_min", "arg_max"):
        by = frozenset().union(*(part.sources for part in parts[1:]))
        return Value(parts[0].sources | by, {n: f | by for n, f in parts[0].fields.items()})
    return Value(frozenset().union(*(part.sources for part in parts)))


def _parts(node: Any) -> Iterator[Node]:
    """The expressions right below a node, through whatever else is between."""
    if isinstance(node, dict):
        if "class" in node:
            yield node
            return
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _parts(part)


def _subquery(node: Node, scope: Scope, known: dict[str, Relation]) -> Value:
    """What EXISTS, IN or a single value is made of: what it shows, and what its WHERE compares."""
    query = node["subquery"]["node"]
    inner = _from(query["from_table"], known, scope)
    shown = [] if node["subquery_type"] == "EXISTS" else list(_query(query, known, scope).values())
    tests = [_value(part, inner, known) for part in _parts(query.get("where_clause"))]
    outside = [_value(part, scope, known) for part in _parts(node.get("child"))]
    return Value(frozenset().union(*(value.sources for value in (*shown, *tests, *outside))))
