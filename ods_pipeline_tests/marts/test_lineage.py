"""Lineage and build order come from the parsed SQL: the tables a query reads, and which mart comes first."""

import re
from importlib import resources

import duckdb
import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.marts import lineage
from ods_pipeline.marts.lineage import (
    in_order,
    marts_in_order,
    names_read,
    read_by,
    steps_of,
    steps_read_once,
    tables_read,
)
from ods_pipeline.schema import MARTS, Table
from ods_pipeline_tests.support.rooms import sample_root

FOLDER = resources.files("ods_pipeline.marts")


def test_lineage_is_read_from_the_sql() -> None:
    assert [t.name for t in read_by("hierarchy_edges")] == ["organisations", "relationships", "roles"]
    assert [t.name for t in read_by("code_crosswalk")] == ["organisation_status", "succession_edges"]


def test_a_mart_reads_what_its_steps_read() -> None:
    assert steps_of("provider_hierarchy") == [
        "chosen_parents",
        "operator_chain",
        "links_in_reach",
        "parents_above",
        "pieces",
        "pieces_with_links",
        "role_pieces",
        "rule_days",
        "postcode_icbs",
        "pieces_with_icb",
        "pieces_with_region",
    ]
    read_once = {"pieces_with_links", "rule_days", "postcode_icbs", "pieces_with_icb", "pieces_with_region"}
    assert steps_read_once("provider_hierarchy") == read_once
    tables = ["hierarchy_edges", "hierarchy_parents", "organisation_kinds", "organisation_status"]
    tables = ["postcodes", *tables, "organisations", "relationships", "roles"]
    assert [t.name for t in read_by("provider_hierarchy")] == tables


def test_a_name_in_a_comment_a_text_or_a_with_clause_is_not_a_table() -> None:
    sql = """
        -- ord.roles
        WITH contacts AS (FROM ord.organisations WHERE name <> 'ord.relationships')
        FROM contacts SEMI JOIN ( SELECT * FROM history.roles ) AS captures USING (ods_code)
    """
    assert sorted(names_read(sql)) == [("history", "roles"), ("ord", "organisations")]
    assert [t.id for t in tables_read(sql)] == ["history.roles", "organisations"]


def test_sql_that_cannot_be_parsed_is_named() -> None:
    with pytest.raises(OdsError, match=r"-- my mart: the SQL cannot be parsed: .*Correct the SQL file\."):
        names_read("-- my mart\nSELECT FROM WHERE")


def test_every_mart_is_built_after_those_it_reads() -> None:
    order = [table.name for table in marts_in_order()]
    assert sorted(order) == sorted(table.name for table in MARTS)
    late = {
        (mart, table.name)
        for place, mart in enumerate(order)
        for table in read_by(mart)
        if table.name in order[place:] and table.schema == "marts"
    }
    assert late == set()


def test_what_the_search_tables_need_is_built_before_all_that_can_wait() -> None:
    order = [table.name for table in marts_in_order()]
    before = order[: order.index("code_finder")]
    needed, seen = {"code_finder"}, set[str]()
    while needed:
        seen |= needed
        needed = {t.name for name in needed for t in read_by(name) if t.schema == "marts"} & set(order) - seen
    assert set(before) == seen - {"code_finder"}


def test_the_order_of_the_registry_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    turned: list[Table] = MARTS[::-1]
    monkeypatch.setattr(lineage, "MARTS", turned)
    order = [table.name for table in marts_in_order.__wrapped__()]
    assert order != [table.name for table in turned]
    assert order.index("hierarchy_parents") < order.index("provider_hierarchy") < order.index("gp_practices")


def test_names_without_an_order_of_their_own_keep_the_one_given() -> None:
    assert in_order({"d": set(), "c": {"a"}, "b": set(), "a": set()}) == ["d", "b", "a", "c"]


def test_a_circle_is_an_error_that_names_it() -> None:
    with pytest.raises(OdsError, match=r"in a circle: (a <- b <- a|b <- a <- b)"):
        in_order({"a": {"b"}, "b": {"a"}, "c": set()})


def test_every_step_is_read() -> None:
    files = {f.name.removesuffix(".sql") for f in (FOLDER / "steps").iterdir()}
    assert files == {step for mart in MARTS for step in steps_of(mart.name)}


def test_the_macros_for_building_are_published_nowhere() -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        sql = "SELECT function_name FROM duckdb_functions() WHERE NOT internal"
        published = {name for (name,) in connection.execute(sql).fetchall()}
    assert {"holds_on", "ods_find", "day_after"} <= published
    assert not {name for name in published if name.startswith(("ro_", "re_"))}
    assert published.isdisjoint({"joined_runs", "share_days", "reaching_region"})


def test_no_table_hides_from_lineage_in_a_text() -> None:
    files = [*FOLDER.iterdir(), *(FOLDER / "steps").iterdir(), *(FOLDER / "checks").iterdir()]
    statements = [file.read_text("utf-8") for file in files if file.name.endswith(".sql")]
    sources = [name for sql in statements for name in re.findall(r"joined_runs\(\s*'([^']+)'", sql)]
    assert len(sources) == 10
    assert [name for name in sources if "." in name] == []
