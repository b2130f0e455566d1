"""No SQL is built from values: what goes to DuckDB is a constant, or is listed here with its reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ods_pipeline

pytestmark = pytest.mark.promise("no_injection")
PACKAGE = Path(ods_pipeline.__file__).parent
# Methods that take SQL, and our own function that passes it on; the position of the SQL among their
# arguments.
SINKS = {"sql": 0, "execute": 0, "executemany": 0, "query": 0, "from_query": 0, "query_rows": 1}
_PUBLISHED = "names of published tables and columns, and the quoted path of a file; values are parameters"
_EXPRESSIONS = "constants of the same module: an expression of columns; values are parameters"
_SCHEMAS = "names of our own schemas, constants of ods_pipeline/schema"
ALLOWED = {
    (
        "marts/macros/__init__.py",
        "f\"CREATE OR REPLACE MACRO ods_today() AS DATE '{today.isoformat()}'\"",
    ): "a date, so digits",
    (
        "marts/macros/__init__.py",
        "sql.replace('CREATE MACRO', 'CREATE OR REPLACE MACRO')",
    ): "the package's own macros",
    ("marts/macros/__init__.py", "_default_meaning()"): "codes and meanings of rules/default_codes.csv",
    ("publish/search.py", "sql"): "the files of publish/search_tables",
    ("lookup/card.py", "_ROLES"): _EXPRESSIONS,
    ("lookup/card.py", "_OPENNESS"): _EXPRESSIONS,
    ("lookup/card.py", "_PARENTS"): _EXPRESSIONS,
    ("lookup/around.py", "_BELOW"): _EXPRESSIONS,
    (
        "publish/plain.py",
        "f\"COMMENT ON VIEW {SCHEMA}.{table.name} IS '{table.schema}.{table.name} with its lists as text, "
        "values separated by spaces.'\"",
    ): "names of our own tables",
    (
        "publish/plain.py",
        "f'CREATE OR REPLACE VIEW {SCHEMA}.{table.name} AS SELECT * REPLACE ({texts}) "
        "FROM {table.schema}.{table.name} AS held'",
    ): "names of our own tables and columns",
    ("publish/duckdb.py", "f'CREATE SCHEMA IF NOT EXISTS {table.schema}'"): _SCHEMAS,
    (
        "publish/duckdb.py",
        "f'CREATE TABLE \"{table.name}\" ({columns})'",
    ): "names of our own tables and columns",
    ("publish/duckdb.py", "f'USE {table.schema}'"): _SCHEMAS,
    ("publish/duckdb.py", "statement"): "COMMENT ON with the descriptions of our own classes",
    ("marts/build.py", "';'.join((f'CREATE SCHEMA {schema}' for schema in (*SCHEMAS, 'steps')))"): _SCHEMAS,
    ("marts/build.py", "f'USE {table.schema}'"): _SCHEMAS,
    ("marts/build.py", "mart_sql(name)"): "the file of a mart",
    ("marts/build.py", "f'CREATE {kind} steps.{step} AS {step_sql(step)}'"): "the file of a step",
    ("marts/build.py", "f'DROP {kind} steps.{step}'"): "the name of a file in marts/steps",
    (
        "marts/macros/__init__.py",
        "';'.join((f\"CREATE MACRO {name.lower()}() AS '{code}'\" for name, code in codes.items()))",
    ): "ids and names of schema/codes.py",
    ("marts/checking.py", "c.sql"): "the file of a check",
    ("audit/identities.py", "identity.query"): "the files between_tables/*.sql",
    (
        "audit/comparing.py",
        "f'SELECT {columns} FROM {table.name} WHERE ods_code IN (SELECT unnest($codes))'",
    ): _PUBLISHED,
    ("audit/published.py", "f'DESCRIBE SELECT * FROM {source}'"): _PUBLISHED,
    ("audit/published.py", "f'SELECT count(*), {sums} FROM {source}'"): _PUBLISHED,
    (
        "audit/published.py",
        "f'''SELECT concat_ws(' ', {on}), p.\"{column}\"::VARCHAR, d.\"{column}\"::VARCHAR FROM {file} AS p "
        'FULL JOIN {table} AS d USING ({on}) WHERE p."{column}" IS DISTINCT FROM d."{column}" '
        "ORDER BY 1 LIMIT {max(most, 1)}'''",
    ): _PUBLISHED,
    ("site/figures.py", "statement"): "a file of site/queries; values are parameters",
    ("site/shards.py", "statement_of('lookup_records')"): "a file of site/queries",
    ("site/shards.py", "statement_of('lookup_postcodes')"): "a file of site/queries",
    ("reconcile/comparing.py", "sql"): "the files of reconcile/steps; values are parameters",
    ("lists/judging.py", "sql"): "the files of lists/steps; values are parameters",
    (
        "lookup/published.py",
        "sql",
    ): "query_rows passes on the SQL of its callers, and each of them is checked",
}
Scope = dict[str, list[ast.expr]]


def _assigned(tree: ast.AST) -> Scope:
    """Return every expression assigned to a name anywhere in a file."""
    scope: Scope = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    scope.setdefault(target.id, []).append(node.value)
    return scope


def is_constant(node: ast.expr, scope: Scope, arguments: set[str]) -> bool:
    """Return whether an expression is text in the file, or built from such text only."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.JoinedStr):
        return all(is_constant(part, scope, arguments) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return is_constant(node.value, scope, arguments)
    if isinstance(node, ast.BinOp):
        return all(is_constant(part, scope, arguments) for part in (node.left, node.right))
    if isinstance(node, ast.Name) and node.id not in arguments:
        values = scope.get(node.id, [])
        return bool(values) and all(is_constant(value, scope, arguments) for value in values)
    return False


def sql_in(source: str) -> Iterator[tuple[str, bool]]:
    """Yield each expression that goes to DuckDB, as text, and whether it is constant."""
    tree = ast.parse(source)
    scope = _assigned(tree)
    arguments = {a.arg for node in ast.walk(tree) if isinstance(node, ast.arguments) for a in _all(node)}
    loops = (ast.For, ast.comprehension)
    arguments |= {
        n.id
        for f in ast.walk(tree)
        if isinstance(f, loops)
        for n in ast.walk(f.target)
        if isinstance(n, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in SINKS:
            continue
        expressions = node.args[SINKS[name] :][:1] or [
            k.value for k in node.keywords if k.arg in ("query", "sql")
        ]
        for sql in expressions:
            yield ast.unparse(sql), is_constant(sql, scope, arguments)


def _all(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def test_all_sql_is_constant_or_allowed_for_a_reason() -> None:
    checked, built = 0, set()
    for file in sorted(PACKAGE.rglob("*.py")):
        for text, constant in sql_in(file.read_text(encoding="utf-8")):
            checked += 1
            if not constant:
                built.add((file.relative_to(PACKAGE).as_posix(), text))
    assert checked > 25
    assert built - set(ALLOWED) == set(), "SQL must not be built from values: use parameters"
    assert set(ALLOWED) - built == set(), "no longer needed: remove it from the list"


@pytest.mark.parametrize(
    ("source", "constant"),
    [
        ("c.sql('SELECT 1')", True),
        ("A = 'x'\nc.sql(f'SELECT {A}')", True),
        ("A = 'x'\nB = f'{A} y'\ndef f(c):\n    c.execute(B + A)", True),
        ("def f(c, a):\n    c.sql(f'SELECT {a}')", False),
        ("def f(c, a):\n    c.execute('SELECT ' + a)", False),
        ("def f(c, a):\n    c.execute('SELECT %s' % a)", False),
        ("def f(c, a):\n    c.query('SELECT {}'.format(a))", False),
        ("def f(c, a):\n    s = f'SELECT {a}'\n    c.sql(s)", False),
        ("def f(c):\n    for a in c.names:\n        c.sql(a)", False),
        ("A = 'x'\nA = input()\nc.sql(A)", False),
        ("c.sql(query=open('x').read())", False),
    ],
)
def test_the_check_itself_recognises_built_sql(source: str, constant: bool) -> None:
    assert [is_text for _, is_text in sql_in(source)] == [constant]
