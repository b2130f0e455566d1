"""The table classes: each fact is described once, and everything derived from it agrees."""

import re

import duckdb
import pyarrow as pa
import pytest

from ods_pipeline.schema import EVENTS, GEO, HISTORY, MARTS, ORD, TABLES, Table
from ods_pipeline.schema.derive import (
    arrow_schema,
    comments,
    dictionary,
    duckdb_type,
    frictionless_schema,
)
from ods_pipeline_tests.support.rooms import REPOSITORY

ARROW_TO_FRICTIONLESS = {
    pa.string(): "string",
    pa.date32(): "date",
    pa.int64(): "integer",
    pa.bool_(): "boolean",
    pa.float64(): "number",
}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def contract_tables() -> dict[str, list[str]]:
    """Column names by table, from the section "Facts" of the contract next to the repository."""
    file = REPOSITORY.parent / "shared" / "design" / "tables.md"
    if not file.is_file():
        pytest.skip(f"the contract is missing ({file}); it is next to the repository, not in it")
    facts = file.read_text().partition("## Facts")[2].partition("\n## ")[0]
    columns = {}
    for name, section in re.findall(r"^\*\*(\w+)\*\* — (.*?)(?=\n\n|\Z)", facts, re.DOTALL | re.MULTILINE):
        columns[name] = columns_in(section)
    return columns


def columns_in(text: str) -> list[str]:
    """Column names between backticks: `a, b (RO197), line_1..3, (c, d)`."""
    columns = []
    for span in re.findall(r"`([^`]*)`", text):
        listed = span[1:-1] if span.startswith("(") else re.sub(r"\([^)]*\)", "", span)
        for word in (part.strip() for part in listed.split(",")):
            if numbered := re.fullmatch(r"(\w+_)(\d)\.\.(\d)", word):
                stem, first, last = numbered.groups()
                columns += [f"{stem}{n}" for n in range(int(first), int(last) + 1)]
            else:
                columns.append(word)
    return columns


@pytest.mark.promise("documented")
@every_table
def test_everything_is_described(table: Table) -> None:
    assert len(table.description) > 40
    assert "\n" not in table.description
    undescribed = [n for n, c in table.model.columns().items() if len((c.description or "").strip()) < 4]
    assert undescribed == []


@every_table
def test_keys_are_required_columns(table: Table) -> None:
    columns = table.model.columns()
    assert table.key
    assert [name for name in table.key if columns[name].nullable] == []
    assert set(table.stored) <= set(table.columns)


def test_names_and_paths_are_unique() -> None:
    assert [t.id for t in [*ORD, *HISTORY, *GEO, *EVENTS, *MARTS]] == list(TABLES)
    assert len(TABLES) == len(ORD) + len(HISTORY) + len(GEO) + len(EVENTS) + len(MARTS)
    assert len({t.path for t in TABLES.values()}) == len(TABLES)
    assert {t.schema: t.folder for t in TABLES.values()} == {
        "ord": "tables",
        "history": "history",
        "geo": "geo",
        "marts": "marts",
        "compat": "compat",
    }


def test_only_names_and_first_days_are_joined_at_publication() -> None:
    joined = {t.name: sorted(set(t.columns) - set(t.stored)) for t in ORD if t.columns != t.stored}
    assert joined == {
        "organisations": ["known_from", "primary_role_name"],
        "roles": ["role_name"],
        "relationships": ["rel_name"],
        "code_systems": ["capture_id"],
    }


@every_table
def test_arrow_polars_and_frictionless_agree(table: Table) -> None:
    schema = arrow_schema(table, {"as_of": "2026-09-04"})
    fields = frictionless_schema(table)["fields"]
    assert schema.names == table.columns == [f["name"] for f in fields]
    empty = table.empty().to_arrow().schema
    for field, of_polars, entry in zip(schema, empty, fields, strict=True):
        assert field.metadata == {b"description": entry["description"].encode()}
        assert field.nullable == ("constraints" not in entry)
        if pa.types.is_list(field.type):
            assert entry["type"] == "array"
        else:
            assert entry["type"] == ARROW_TO_FRICTIONLESS[field.type]
            assert field.type == (pa.string() if pa.types.is_large_string(of_polars.type) else of_polars.type)
    assert frictionless_schema(table)["primaryKey"] == table.key
    assert schema.metadata[b"as_of"] == b"2026-09-04"
    assert schema.metadata[b"table"] == f"{table.schema}.{table.name}".encode()


@every_table
def test_duckdb_has_the_documented_types_and_comments(table: Table) -> None:
    with duckdb.connect() as connection:
        connection.register("frame", arrow_schema(table, {}).empty_table())
        connection.execute(f"CREATE SCHEMA {table.schema}")
        connection.execute(f"CREATE TABLE {table.schema}.{table.name} AS FROM frame")
        for statement in comments(table):
            connection.execute(statement)
        rows = connection.execute(
            "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE schema_name = ?",
            [table.schema],
        ).fetchall()
    documented = {
        name: (duckdb_type(column.dtype), column.description)
        for name, column in table.model.columns().items()
    }
    # DuckDB quotes names that are its own keywords.
    assert {name: (kind.replace('"', ""), comment) for name, kind, comment in rows} == documented


@pytest.mark.promise("documented")
def test_the_data_dictionary_is_up_to_date() -> None:
    written = (REPOSITORY / "docs" / "data-dictionary.md").read_text()
    assert written == dictionary(list(TABLES.values())), "Run: ods-pipeline dictionary"


def test_the_data_dictionary_has_a_line_for_every_column() -> None:
    text = dictionary(list(TABLES.values()))
    for table in TABLES.values():
        section = text.partition(f"## {table.schema}.{table.name}\n")[2].partition("\n## ")[0]
        lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
        assert [line.split(" | ")[0].strip("| *") for line in lines] == table.columns
        assert all(line.count("|") - line.count("\\|") == 4 for line in lines)


def test_the_contract_is_parsed_correctly() -> None:
    parsed = columns_in("Key `(a, b)`. `c, d (RC1|RC2), line_1..3, e (BIGINT)`. Also `f` (shared).")
    assert parsed == ["a", "b", "c", "d", "line_1", "line_2", "line_3", "e", "f"]


@pytest.mark.promise("documented")
def test_every_table_of_the_contract_has_all_its_columns() -> None:
    contract = contract_tables()
    assert len(contract) == 9
    lacking = {name: set(columns) - set(TABLES[name].columns) for name, columns in contract.items()}
    assert {name: columns for name, columns in lacking.items() if columns} == {}
    # Without this a parser that reads nothing would pass.
    assert len(contract["organisations"]) > 20 and len(contract["captures"]) > 20
