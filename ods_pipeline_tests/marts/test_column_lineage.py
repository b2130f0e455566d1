"""Column lineage: the file is that of the SQL, DuckDB's plans agree with it, and known columns are as known.

Lives here: the file, and two opinions on it: DuckDB's plans and truths written by hand. Does not live here:
what Dagster shows of it (``defs/test_build.py``).
"""

import csv
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from ods_pipeline.marts.build import mart_connection
from ods_pipeline.marts.column_lineage import FILE, HEADER, columns_read
from ods_pipeline.marts.lineage import mart_sql, read_by, step_sql, steps_of
from ods_pipeline.schema import MARTS, TABLES, Table
from ods_pipeline_tests.support.column_lineage import of_mart, of_tables, rows
from ods_pipeline_tests.support.sql_columns import RULES, Value, of_query

Read = set[tuple[str, str]]
# Columns that are made of nothing, each with its reason.
MADE_OF_NOTHING = {
    ("succession_edges", "source"): "one of two constants, by where the row comes from",
    ("succession_edges", "citation"): "overrides.csv alone",
    ("organisation_status", "as_of"): "the day of the build",
    ("provider_hierarchy_current", "as_of"): "the day of the build",
    ("hierarchy_closure", "depth"): "a count of steps",
    ("code_finder", "site_count"): "a count of rows",
    ("coverage", "level"): "one of three constants",
    ("coverage", "codes"): "a count of rows",
    ("coverage", "postcode_disagrees"): "a count of rows",
    ("org_daily", "SHORT_NAME"): "always null",
}
KNOWN = {
    "gp_practices.name": "organisation_status.name",
    "gp_practices.pcn_name": "organisations.name",
    "gp_practices.setting_role_name": "roles.role_name",
    "gp_practices.parents_are_past": "organisation_parents.is_past",
    "provider_hierarchy_current.icb_code": "provider_hierarchy.icb_code",
    "provider_hierarchy.pcn_code": "hierarchy_parents.parent_code",
    "provider_hierarchy.icb_basis": "geo.postcodes.icb_code hierarchy_parents.parent_code "
    "organisations.primary_role_id",
    "provider_hierarchy_via.rel_id": "provider_hierarchy.via",
    "hierarchy_parents.valid_to": "hierarchy_edges.valid_from hierarchy_edges.valid_to",
    "organisation_kinds.kind": "organisations.primary_role_id roles.role_id",
    "trust_sites.trust_name": "organisation_status.kind organisation_status.name",
    "code_crosswalk.new_is_open": "organisation_status.openness",
    "closed_codes.recorded_on": "deletions.deleted_on organisations.last_change_date",
    "organisation_places.easting": "geo.postcodes.easting geo.uprns.easting",
    "org_daily.ORG_OPEN_DATE": "history.organisations.legal_start history.organisations.operational_start",
    "org_daily.ORG_TYPE_CODE": "history.organisations.primary_role_id history.roles.role_id",
}
SMALL = {
    "t": {name: Value(frozenset({("t", name)})) for name in "abc"},
    "rule": {name: Value(frozenset({(f"{RULES}rule", name)})) for name in ("key", "level")},
}


def test_the_file_is_that_of_the_sql() -> None:
    """`python -m ods_pipeline_tests.support.column_lineage` writes it again."""
    with FILE.open(encoding="utf-8", newline="") as file:
        assert [tuple(row) for row in csv.reader(file)] == [HEADER, *rows()]


def test_every_column_is_made_of_something_or_has_its_reason() -> None:
    without = {(m.name, c) for m in MARTS for c in m.columns if c not in columns_read(m)}
    assert without == set(MADE_OF_NOTHING)


def test_a_mart_is_made_of_columns_of_the_tables_that_it_reads() -> None:
    for mart in MARTS:
        for pairs in columns_read(mart).values():
            assert all(table in read_by(mart.name) and column in table.columns for table, column in pairs)


@pytest.mark.parametrize("column", sorted(KNOWN))
def test_a_known_column(column: str) -> None:
    mart, _, name = column.partition(".")
    assert " ".join(f"{table.id}.{read}" for table, read in columns_read(TABLES[mart])[name]) == KNOWN[column]


@pytest.mark.parametrize(
    ("sql", "made_of"),
    [
        ("SELECT CASE WHEN a THEN b END AS x FROM t WHERE c", "a b"),
        ("SELECT max(a) FILTER (b) AS x FROM t GROUP BY c", "a b"),
        ("SELECT lag(a) OVER (PARTITION BY c ORDER BY b) AS x FROM t", "a b"),
        ("SELECT count(*) OVER (PARTITION BY c) AS x FROM t", "c"),
        ("SELECT count(*) AS x FROM t GROUP BY c", ""),
        ("SELECT a AS y, y || 'z' AS x FROM t", "a"),
        ("SELECT s.f AS x FROM (SELECT arg_min({'f': a, 'g': b}, c) AS s FROM t)", "a c"),
        ("SELECT list_transform([a], LAMBDA c: c + b) AS x FROM t", "a b"),
        ("SELECT b AS x FROM t AS one SEMI JOIN t AS two ON two.a = one.a", "b"),
        ("SELECT EXISTS (FROM t AS i WHERE i.b = o.a) AS x FROM t AS o", "a b"),
        (
            "SELECT x FROM (SELECT a AS x, b AS y FROM t UNION ALL BY NAME SELECT c AS y, b AS x FROM t)",
            "a b",
        ),
        ("SELECT a, a, b AS x FROM t UNION SELECT a, b, c FROM t", "b c"),
        ("SELECT b AS x FROM (SELECT * EXCLUDE (a) REPLACE (a + c AS b) FROM t)", "a c"),
        ("SELECT level AS x FROM t JOIN rule AS r ON r.key = t.a AND t.b = t.c", "a key level"),
        ("WITH RECURSIVE w AS (SELECT a AS x, b AS y FROM t UNION SELECT y, c FROM w, t) FROM w", "a b c"),
    ],
)
def test_what_an_expression_is_made_of(sql: str, made_of: str) -> None:
    assert " ".join(sorted(column for _, column in of_query(sql, SMALL)["x"].sources)) == made_of


@pytest.mark.parametrize("sql", ["SELECT min(COLUMNS(*)) FROM t", "FROM t PIVOT (min(b) FOR a IN (1))"])
def test_a_form_of_sql_that_is_not_known_is_rejected(sql: str) -> None:
    with pytest.raises(NotImplementedError):
        of_query(sql, SMALL)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table without a row, and a planner that only leaves out columns that nothing needs."""
    with mart_connection(tmp_path_factory.mktemp("nothing"), date(2026, 9, 4), []) as connection:
        for table in TABLES.values():
            connection.execute(f"USE {table.schema}")
            connection.from_arrow(table.empty().to_arrow()).create(table.name)
        connection.execute("USE main")
        names = {name for (name,) in connection.execute("FROM duckdb_optimizers()").fetchall()}
        others = ",".join(names - {"unused_columns", "cte_inlining"})
        connection.execute(f"SET disabled_optimizers = '{others}'")
        yield connection


def planned(connection: duckdb.DuckDBPyConnection, shown: str, mart: Table) -> Read:
    """The columns of tables that DuckDB scans for `shown` of a mart."""
    sql = f"EXPLAIN (FORMAT JSON) SELECT {shown} FROM (\n{inlined(mart_sql(mart.name))}\n)"
    return set(scanned(json.loads(connection.execute(sql).fetchall()[0][1])))


def inlined(sql: str) -> str:
    """The SQL without fences: what is materialised would be read whole."""
    return re.sub(r"\bAS MATERIALIZED \(", "AS NOT MATERIALIZED (", sql)


def scanned(plan: Any) -> Iterator[tuple[str, str]]:
    for node in plan:
        table = node["extra_info"].get("Table")
        columns = node["extra_info"].get("Projections", []) if table else []
        for column in [columns] if isinstance(columns, str) else columns:
            yield table.removeprefix("memory."), column
        yield from scanned(node["children"])


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)
def test_duckdb_reads_what_a_column_is_made_of_and_nothing_else_for_it(
    mart: Table, engine: duckdb.DuckDBPyConnection
) -> None:
    """All that is listed is read. All that is read for a column, and not to count rows, is listed."""
    for step in steps_of(mart.name):
        engine.execute(f"CREATE OR REPLACE VIEW steps.{step} AS {inlined(step_sql(step))}")
    for_any = planned(engine, "count(*)", mart)
    for column, value in of_mart(mart.name).items():
        read, listed = planned(engine, f'"{column}"', mart), set(of_tables(value))
        assert listed <= read, f"{column}: DuckDB does not read {sorted(listed - read)}"
        missing = read - for_any - listed
        assert not missing, f"{column}: DuckDB reads {sorted(missing)} for it"
