"""Roles and relationships have one home, ``schema/codes.py``; macros keep the columns of their tables."""

import re
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

import ods_pipeline
from ods_pipeline.marts.build import hierarchy_rules, kinds_of_organisation, mart_connection
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.codes import Relationship, Role
from ods_pipeline_tests.support.rooms import sample_root

PACKAGE = Path(ods_pipeline.__file__).parent
# Columns that a macro leaves out, or has under another name. A new column is in the macro, or here.
LEFT_OUT = {
    "organisations": set(),
    "history.organisations": {
        *("content_hash", "is_unstamped", "last_change_date", "published_in", "last_capture_id", "gone_by")
    },
    "provider_hierarchy": {"via"},
    "code_finder": {"is_archived", "postcode_key", "name_key", "uprn"},
    "code_changes": set(),
}


def ids_in_the_rules() -> set[str]:
    kinds, rules = kinds_of_organisation(), hierarchy_rules()
    roles = {*kinds["primary_role_id"], *kinds["with_role_id"]}
    roles |= {r for e in (*rules["child_role"], *rules["parent_role"]) for r in re.split(r"[|+-]", e)}
    return (roles | {*rules["rel_id"]}) - {"*", None, "postcode"}


def test_the_rules_use_known_codes_only() -> None:
    assert ids_in_the_rules() <= {*Role, *Relationship}


def test_no_code_is_listed_that_nothing_relies_on() -> None:
    texts = "".join(p.read_text("utf-8") for p in PACKAGE.rglob("*") if p.suffix in {".py", ".sql"})
    spelled = {
        code
        for code in (*Role, *Relationship)
        for name in (f"{type(code).__name__}.{code.name}", f"{code[:2]}_{code.name}(".lower())
        if name in texts
    }
    assert {*Role, *Relationship} - spelled - ids_in_the_rules() == set()


def test_names_are_those_of_the_code_lists() -> None:
    lists = pl.read_parquet(sample_root().path / TABLES["code_systems"].path)
    names = dict(lists.select("id", "display_name").iter_rows())
    assert {code: code.nhs_name for code in (*Role, *Relationship)} == {
        code: names[code] for code in (*Role, *Relationship)
    }


def test_no_other_file_of_the_package_spells_a_code() -> None:
    """The audit has its own, because it must find a mistake in ours; rules and descriptions are texts."""
    quoted = re.compile(r"""(['"])R[OE][0-9]+\1""")
    files = [
        path
        for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.sql")]
        if "audit" not in path.parts and path != PACKAGE / "schema" / "codes.py"
    ]
    assert [str(path.relative_to(PACKAGE)) for path in files if quoted.search(path.read_text("utf-8"))] == []


def test_sql_has_every_code_as_a_macro() -> None:
    with mart_connection(Path("nowhere"), date(2026, 9, 4), []) as connection:
        assert connection.execute("SELECT ro_gp_practice(), re_operated_by()").fetchall() == [("RO76", "RE6")]


@pytest.mark.parametrize(
    ("macro", "table"),
    [
        ("ods_as_of('2026-04-01')", "organisations"),
        ("ods_as_known('2026-09-01')", "history.organisations"),
        ("ods_hierarchy('2026-04-01')", "provider_hierarchy"),
        ("ods_find('RRP')", "code_finder"),
        ("ods_changes('2026-01-01', '2026-09-01')", "code_changes"),
    ],
)
def test_a_macro_has_the_columns_of_its_table(macro: str, table: str) -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        columns = {row[0] for row in connection.sql(f"DESCRIBE FROM {macro}").fetchall()}
    assert set(TABLES[table].columns) - columns == LEFT_OUT[table]
