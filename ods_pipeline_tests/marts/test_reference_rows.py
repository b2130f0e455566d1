"""compat.org_daily and compat.org_relationship_daily, one rule at a time, on registers of a few rows.

The queries have the shapes of NHS England's published notebooks; only the name of the schema differs. The
expected answers are worked out by hand.
"""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.small_registers import Row, link, marts_on, organisation, write, write_history

TODAY = date(2026, 9, 4)
STP_MAPPING = """
    SELECT A.ORG_CODE AS STP_CODE, C.ORG_CODE AS CCG_CODE, E.ORG_CODE AS REGION_CODE
    FROM compat.org_daily A
    LEFT JOIN compat.org_relationship_daily B ON A.ORG_CODE = B.REL_TO_ORG_CODE AND B.REL_TYPE_CODE = 'CCST'
        AND (B.REL_CLOSE_DATE >= '{day}' OR B.REL_CLOSE_DATE IS NULL) AND B.REL_OPEN_DATE <= '{day}'
    LEFT JOIN compat.org_daily C ON B.REL_FROM_ORG_CODE = C.ORG_CODE AND C.BUSINESS_END_DATE IS NULL
    LEFT JOIN compat.org_relationship_daily D ON A.ORG_CODE = D.REL_FROM_ORG_CODE AND D.REL_TYPE_CODE = 'STCE'
        AND (D.REL_CLOSE_DATE >= '{day}' OR D.REL_CLOSE_DATE IS NULL) AND D.REL_OPEN_DATE <= '{day}'
    LEFT JOIN compat.org_daily E ON D.REL_TO_ORG_CODE = E.ORG_CODE AND E.BUSINESS_END_DATE IS NULL
    WHERE A.ORG_TYPE_CODE = 'ST' AND B.REL_TYPE_CODE IS NOT NULL AND A.BUSINESS_END_DATE IS NULL
    ORDER BY 1, 2
"""


def answers(build: Path, *queries: str) -> list[list[tuple[Any, ...]]]:
    """The rows of each query on both tables of a build of few rows."""
    names = ("org_daily", "org_relationship_daily")
    frames = marts_on(build, TODAY, *names)
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA compat")
        for name in names:
            connection.register("frame", frames[name].to_arrow())
            connection.execute(f"CREATE TABLE compat.{name} AS FROM frame")
        return [connection.sql(query).fetchall() for query in queries]


def test_a_mapping_across_a_reorganisation_meets_each_pair_once(tmp_path: Path) -> None:
    """RE5 until it is retired, RE2 next to it and RE4 after it: one pair in published code."""
    build = write(
        tmp_path,
        [
            organisation("C1", "RO98"),
            organisation("Q1", "RO261"),
            organisation("Q2", "RO261"),
            organisation("Y1", "RO209"),
        ],
        [
            link("C1", "RE5", "Q1", "2015-04-01", "2026-03-31"),
            link("C1", "RE2", "Q1", "2020-04-01", "2025-12-31"),
            link("C1", "RE4", "Q2", "2026-04-01"),
            link("C1", "RE5", "Q2", "2026-04-01", "2026-06-30"),
            link("Q1", "RE2", "Y1"),
            link("Q2", "RE2", "Y1"),
        ],
    )
    query = """SELECT REL_TO_ORG_CODE, REL_OPEN_DATE, REL_CLOSE_DATE, REL_NUMBER
        FROM compat.org_relationship_daily WHERE REL_TYPE_CODE = 'CCST' ORDER BY 1"""
    before, after, pairs = answers(
        build, STP_MAPPING.format(day="2026-03-31"), STP_MAPPING.format(day="2026-04-01"), query
    )
    assert (before, after) == ([("Q1", "C1", "Y1")], [("Q2", "C1", "Y1")])
    assert pairs == [
        ("Q1", date(2015, 4, 1), date(2026, 3, 31), 1),
        ("Q2", date(2026, 4, 1), None, 1),
    ]


def test_a_relationship_that_pauses_has_two_rows(tmp_path: Path) -> None:
    build = write(
        tmp_path,
        [organisation("C1", "RO98"), organisation("Q1", "RO261")],
        [
            link("C1", "RE5", "Q1", "2015-04-01", "2019-03-31"),
            link("C1", "RE5", "Q1", "2019-04-01", "2020-03-31"),
            link("C1", "RE5", "Q1", "2021-04-01"),
            link("C1", "RE5", "Q1", "2018-04-01", "2017-04-01"),
        ],
    )
    query = (
        "SELECT REL_OPEN_DATE, REL_CLOSE_DATE, REL_IS_CURRENT, REL_NUMBER FROM compat.org_relationship_daily"
    )
    (rows,) = answers(build, query + " ORDER BY 4")
    assert rows == [
        (date(2015, 4, 1), date(2020, 3, 31), 0, 1),
        (date(2021, 4, 1), None, 1, 2),
    ]


@pytest.mark.promise("same_bytes")
def test_links_of_the_same_days_are_one_row_whatever_their_order(tmp_path: Path) -> None:
    """A thousand pairs: with a few, rows that tie keep the order in which they came."""
    practices = [f"P{number}" for number in range(1000)]
    build = write(
        tmp_path,
        [organisation("C1", "RO98"), *(organisation(code, "RO177") for code in practices)],
        [link(code, kind, "C1", "2015-04-01") for code in practices for kind in ("RE4", "RE5")],
        roles=[{"ods_code": c, "role_id": "RO76", "unique_role_id": n} for n, c in enumerate(practices)],
    )
    query = """SELECT count(*), count(DISTINCT REL_FROM_ORG_CODE), min(REL_NUMBER), max(REL_NUMBER)
        FROM compat.org_relationship_daily"""
    assert answers(build, query) == [[(1000, 1000, 1, 1)]]


def test_only_cited_roles_have_a_type_code(tmp_path: Path) -> None:
    organisations = [
        organisation("P1", "RO177"),
        organisation("X1", "RO177"),
        organisation("F1", "RO182"),
        organisation("T1", "RO999"),
    ]
    roles = [{"ods_code": "P1", "role_id": "RO76", "unique_role_id": 1}]
    build = write(tmp_path, organisations, [link("P1", "RE4", "F1")], roles=roles)
    query = "SELECT ORG_CODE, ORG_TYPE_CODE, ORG_ROLE_ID FROM compat.org_daily ORDER BY 1"
    rows, related = answers(build, query, "SELECT count(*) FROM compat.org_relationship_daily")
    assert related == [(0,)]
    assert rows == [
        ("F1", None, "RO182"),
        ("P1", "PR", "RO177"),
        ("T1", None, "RO999"),
        ("X1", None, "RO177"),
    ]


@pytest.mark.parametrize(
    ("changes", "closes", "is_current"),
    [
        ({}, None, 1),
        ({"operational_end": TODAY}, TODAY, 1),
        ({"operational_end": date(2026, 9, 3)}, date(2026, 9, 3), 0),
        ({"operational_end": date(2020, 1, 1), "legal_end": date(2019, 3, 31)}, date(2019, 3, 31), 0),
        ({"operational_start": date(2026, 10, 1)}, None, 0),
        ({"status": "Inactive", "last_change_date": date(2018, 5, 2)}, date(2018, 5, 1), 0),
    ],
)
def test_the_closing_day_is_inclusive(tmp_path: Path, changes: Row, closes: date, is_current: int) -> None:
    build = write(tmp_path, [organisation("R1", "RO197", **changes)])
    query = "SELECT ORG_CLOSE_DATE, ORG_IS_CURRENT FROM compat.org_daily"
    assert answers(build, query) == [[(closes, is_current)]]


def test_an_organisation_has_one_row_on_each_day_it_was_known(tmp_path: Path) -> None:
    build = write(tmp_path, [organisation("R1", "RO197")])
    write_history(build, date(2026, 8, 28))
    path = build / TABLES["history.organisations"].path
    (version,) = pl.read_parquet(path).to_dicts()
    second, gone = date(2026, 9, 1), date(2026, 9, 3)
    versions = [
        {**version, "name": "OLD", "known_to": second},
        {**version, "name": "NEW", "known_from": second, "known_to": gone},
        {**version, "name": "BACK", "known_from": gone},
    ]
    pl.DataFrame(versions, schema=TABLES["history.organisations"].dtypes).write_parquet(path)
    query = """SELECT NAME FROM compat.org_daily
        WHERE (BUSINESS_END_DATE >= '{0}' OR BUSINESS_END_DATE IS NULL) AND BUSINESS_START_DATE <= '{0}'"""
    newest = """SELECT NAME FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY ORG_CODE ORDER BY
        SYSTEM_CREATED_DATE DESC) AS RN FROM compat.org_daily) WHERE RN = 1"""
    days = ("2026-08-27", "2026-08-28", "2026-08-31", "2026-09-01", "2026-09-03")
    *shown, last = answers(build, *map(query.format, days), newest)
    # What the register said before the first release held is not known.
    assert shown == [[], [("OLD",)], [("OLD",)], [("NEW",)], [("BACK",)]]
    assert last == [("BACK",)]
