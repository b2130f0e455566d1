"""compat.org_daily and compat.org_relationship_daily on the sample: published queries get right answers.

The queries have the shapes of NHS England's published notebooks; only the name of the schema differs. The
expected answers come from the tables of facts, row by row. Single rules are in ``test_reference_rows.py``.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from ods_pipeline.marts.build import organisation_type_codes, relationship_type_codes
from ods_pipeline.marts.checking import findings
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.codes import Role
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row

TODAY = date(2026, 9, 4)
ORGANISATIONS, RELATIONSHIPS = "org_daily", "org_relationship_daily"


def on_sample(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        return connection.sql(query).fetchall()


def test_every_row_of_the_sample_is_a_version_of_its_history() -> None:
    build = sample_root().path
    held = {
        (row["ods_code"], row["known_from"]): row
        for row in pl.read_parquet(build / TABLES["history.organisations"].path).to_dicts()
    }
    practices = {
        (row["ods_code"], row["known_from"])
        for row in pl.read_parquet(build / TABLES["history.roles"].path).to_dicts()
        if row["role_id"] == Role.GP_PRACTICE
    }
    codes = {row["primary_role_id"]: row for row in organisation_type_codes().to_dicts()}
    rows = pl.read_parquet(build / TABLES[ORGANISATIONS].path).to_dicts()
    assert len(rows) == len(held) > 100
    for row in rows:
        key = (row["ORG_CODE"], row["BUSINESS_START_DATE"])
        version = held[key]
        rule = codes.get(version["primary_role_id"])
        is_type = rule is not None and (rule["with_role_id"] is None or key in practices)
        assert row["ORG_TYPE_CODE"] == (rule["type_code"] if rule and is_type else None)
        assert row["NAME"] == version["name"]
        assert row["ORG_OPEN_DATE"] == (version["legal_start"] or version["operational_start"])
        if published := version["legal_end"] or version["operational_end"]:
            assert row["ORG_CLOSE_DATE"] == published
        gone = version["known_to"]
        assert row["BUSINESS_END_DATE"] == (gone and max(gone - timedelta(1), version["known_from"]))
    types = {row["ORG_TYPE_CODE"] for row in rows}
    assert {"TR", "TS", "CC", "ST", "CE", "PR", "PH", None} <= types


def test_every_pair_of_the_sample_is_related_on_the_days_of_the_register() -> None:
    """Day by day, at the edges of every interval: the two tables relate the same organisations."""
    build = sample_root().path
    facts = pl.read_parquet(build / TABLES["relationships"].path).to_dicts()
    rows = pl.read_parquet(build / TABLES[RELATIONSHIPS].path).to_dicts()
    typed = {r["ORG_CODE"] for r in on_rows(build) if r["BUSINESS_END_DATE"] is None and r["ORG_TYPE_CODE"]}
    ends = [r for r in facts if r["status"] == "Inactive" and not (r["legal_end"] or r["operational_end"])]
    assert ends == [], "none without an end, else the day of its record's last change counts"
    links = [
        (r["ods_code"], r["target_ods_code"], first(r), last(r))
        for r in facts
        if {r["ods_code"], r["target_ods_code"]} <= typed
    ]
    days = {day for _, _, begins, ends in links for day in (begins, ends) if day}
    edges = sorted({day + timedelta(n) for day in days if 1900 < day.year < 2100 for n in (-1, 0, 1)})
    assert len(links) > 50 and len(edges) > 30
    for day in edges:
        expected = {(a, b) for a, b, begins, ends in links if holds(begins, ends, day)}
        shown = [
            (r["REL_FROM_ORG_CODE"], r["REL_TO_ORG_CODE"])
            for r in rows
            if r["REL_TYPE_CODE"] != "P" and holds(r["REL_OPEN_DATE"], r["REL_CLOSE_DATE"], day)
        ]
        assert sorted(shown) == sorted(expected), day


def on_rows(build: Path) -> list[Row]:
    return pl.read_parquet(build / TABLES[ORGANISATIONS].path).to_dicts()


def first(row: Row) -> date | None:
    return row["legal_start"] or row["operational_start"]


def last(row: Row) -> date | None:
    return row["legal_end"] or row["operational_end"]


def holds(begins: date | None, ends: date | None, day: date) -> bool:
    return (begins or date.min) <= day <= (ends or date.max)


def test_a_closed_provider_keeps_its_name_in_the_current_rows() -> None:
    query = """SELECT ORG_CODE, NAME FROM compat.org_daily WHERE BUSINESS_END_DATE IS NULL
        AND org_type_code = 'TR' AND ORG_CODE IN ('R1G', 'RA9', 'RRP') ORDER BY 1"""
    closed = on_sample(query)
    assert [code for code, _ in closed] == ["R1G", "RA9", "RRP"]
    open_at_the_end = on_sample(
        """SELECT ORG_CODE FROM compat.ORG_DAILY WHERE BUSINESS_END_DATE IS NULL
        AND ORG_TYPE_CODE IN ('TR', 'CT') AND ORG_CODE IN ('R1G', 'RA9') AND ORG_OPEN_DATE <= '2026-08-31'
        AND (ORG_CLOSE_DATE IS NULL OR ORG_CLOSE_DATE > '2026-08-31')"""
    )
    assert open_at_the_end == [("RA9",)]


def test_the_newer_trust_leads_to_the_older_one() -> None:
    query = """SELECT ord.REL_FROM_ORG_CODE, ord.REL_OPEN_DATE FROM compat.org_relationship_daily AS ord
        WHERE ord.REL_TO_ORG_CODE = 'R1G' AND ord.REL_IS_CURRENT = 1 AND ord.REL_TYPE_CODE = 'P'
        AND ord.REL_FROM_ORG_TYPE_CODE = 'TR' AND ord.REL_OPEN_DATE <= '2026-08-31'
        AND (ord.REL_CLOSE_DATE IS NULL OR ord.REL_CLOSE_DATE > '2026-08-31')"""
    (row,) = on_sample(query)
    (edge,) = on_sample("SELECT new_code, effective_on FROM marts.succession_edges WHERE old_code = 'R1G'")
    assert row == edge


def test_every_site_has_its_trust_and_an_icb_its_region() -> None:
    shown = on_sample(
        """SELECT a.ORG_CODE, b.REL_TO_ORG_CODE FROM compat.org_daily a
        LEFT JOIN compat.org_relationship_daily b ON b.REL_FROM_ORG_CODE = a.ORG_CODE
        WHERE a.BUSINESS_END_DATE IS NULL AND a.ORG_TYPE_CODE = 'TS'
        AND b.REL_TO_ORG_TYPE_CODE IN ('TR', 'CT')
        AND b.REL_OPEN_DATE <= '2026-09-04' AND (b.REL_CLOSE_DATE IS NULL OR b.REL_CLOSE_DATE >= '2026-09-04')
        ORDER BY ALL"""
    )
    expected = on_sample(
        """SELECT site_code, operator_code FROM marts.trust_sites
        JOIN marts.provider_hierarchy_current ON ods_code = site_code AND operator_code = trust_code
        ORDER BY ALL"""
    )
    assert expected and set(expected) <= set(shown)
    regions = on_sample(
        """SELECT REL_FROM_ORG_CODE, REL_TO_ORG_CODE FROM compat.org_relationship_daily
        WHERE REL_TYPE_CODE = 'STCE' AND REL_IS_CURRENT = 1 ORDER BY ALL"""
    )
    ours = on_sample(
        """SELECT ods_code, region_code FROM marts.provider_hierarchy_current
        WHERE kind = 'icb' AND region_code IS NOT NULL ORDER BY ALL"""
    )
    assert regions == ours != []


def test_the_lists_of_codes_are_cited_and_name_known_roles() -> None:
    types, pairs = organisation_type_codes(), relationship_type_codes()
    assert types.select("primary_role_id", "with_role_id").is_unique().all()
    assert types["source"].str.len_chars().gt(40).all()
    assert pairs["source"].str.len_chars().gt(40).all()
    names = dict(
        on_sample("SELECT id, display_name FROM ord.code_systems WHERE code_system = 'OrganisationRole'")
    )
    roles = set(types["primary_role_id"]) | set(types["with_role_id"].drop_nulls())
    assert roles - set(names) - {role.value for role in Role} <= {"RO103", "RO128"}
    assert set(pairs["from_type_code"]) | set(pairs["to_type_code"]) <= set(types["type_code"])
    assert all(a + b == c for c, a, b, _ in pairs.rows())


@pytest.mark.parametrize(
    ("mart", "harm", "answer"),
    [
        (ORGANISATIONS, pl.col("ORG_CODE") != "RRP", "1 missing today: RRP"),
        (ORGANISATIONS, "overlap", "rows on one day"),
        (RELATIONSHIPS, pl.col("REL_TO_ORG_TYPE_CODE") != "CE", "missing: "),
        (RELATIONSHIPS, "overlap", "twice on one day"),
    ],
)
def test_the_checks_name_what_is_wrong(mart: str, harm: Any, answer: str) -> None:
    build = sample_root().path
    frame = pl.read_parquet(build / TABLES[mart].path)
    if isinstance(harm, str):
        column, step = ("BUSINESS_START_DATE", pl.duration(days=1)) if mart == ORGANISATIONS else (
            "REL_NUMBER", pl.lit(1))  # fmt: skip
        again = frame.filter(pl.col("REL_NUMBER") == 1) if mart == RELATIONSHIPS else frame
        harmed = pl.concat([frame, again.head(1).with_columns(pl.col(column) + step)])
    else:
        harmed = frame.filter(harm)
    summaries = [f.summary for f in findings(mart, harmed, build, TODAY) if not f.passed]
    assert any(answer in summary for summary in summaries), summaries
