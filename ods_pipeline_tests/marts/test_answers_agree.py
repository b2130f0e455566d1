"""Two places that answer one question give one answer, on random registers where little is as it should be.

What lives here: pairs of marts and macros, compared on the same build. What does not: whether the one answer
is right (the oracles).
"""

from collections.abc import Iterator
from importlib import resources

import duckdb
import pytest

from ods_pipeline.marts.build import mart_connection
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.odd_registers import TODAY, odd_registers
from ods_pipeline_tests.support.small_registers import marts_on, write

pytestmark = pytest.mark.promise("dates")
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 9))]
MARTS = (
    "organisation_status",
    "provider_hierarchy_current",
    "gp_practices",
    "pcn_membership",
    "closed_codes",
    "code_finder",
    "hierarchy_closure",
)
LEVELS = "(openness, kind, provider_code, pcn_code, sub_icb_code, icb_code, icb_basis, region_code)"
PARENTS = "(operator_code, provider_code, pcn_code, commissioner_code, sub_icb_code, icb_code, region_code)"
OPEN = "('open', 'closing', 'legally_closed')"
# Each query returns the codes on which two answers differ.
DIFFERENCES = {
    "organisation_status and ods_as_of": f"""
        SELECT coalesce(s.ods_code, d.ods_code)
        FROM (FROM marts.organisation_status WHERE openness IN {OPEN}) AS s
        FULL JOIN ods_as_of(ods_today()) AS d ON d.ods_code = s.ods_code
        WHERE d.openness IS DISTINCT FROM s.openness
    """,
    "organisation_status and its days": f"""
        SELECT ods_code FROM marts.organisation_status
        WHERE explanation IS NULL OR (openness IN {OPEN} AND opens_on > as_of)
            OR (openness IN ('open', 'closing') AND closes_on < as_of)
    """,
    "provider_hierarchy_current and ods_hierarchy": f"""
        SELECT coalesce(h.ods_code, d.ods_code)
        FROM (SELECT ods_code, {LEVELS} AS answer FROM marts.provider_hierarchy_current) AS h
        FULL JOIN (SELECT ods_code, {LEVELS} AS answer FROM ods_hierarchy(ods_today())) AS d USING (ods_code)
        WHERE h.answer IS DISTINCT FROM d.answer
    """,
    "organisation_parents and provider_hierarchy_current": f"""
        SELECT h.ods_code
        FROM (SELECT ods_code, openness, {PARENTS} AS answer FROM marts.provider_hierarchy_current) AS h
        JOIN (SELECT ods_code, is_past, {PARENTS} AS answer FROM marts.organisation_parents) AS p
            USING (ods_code)
        WHERE h.openness IN {OPEN} AND (p.is_past OR h.answer IS DISTINCT FROM p.answer)
    """,
    "organisation_parents and provider_hierarchy_current, of what is closed": """
        SELECT h.ods_code
        FROM marts.provider_hierarchy_current AS h JOIN marts.organisation_parents AS p USING (ods_code)
        WHERE h.openness = 'closed' AND h.icb_code <> coalesce(p.icb_code, 'none')
    """,
    "organisation_parents and organisation_status": """
        SELECT ods_code
        FROM marts.organisation_parents JOIN marts.organisation_status USING (ods_code)
        WHERE is_past <> (openness IN ('closed', 'deleted'))
    """,
    "ods_ancestors and provider_hierarchy": """
        SELECT DISTINCT h.ods_code
        FROM (
            SELECT
                ods_code, valid_from, unnest([operator_code, provider_code, pcn_code, commissioner_code,
                sub_icb_code, commissioning_icb_code, partner_icb_code, geography_icb_code, area_code,
                region_code]) AS parent_code
            FROM marts.provider_hierarchy
            WHERE icb_basis IS DISTINCT FROM 'postcode'
        ) AS h
        ANTI JOIN marts.hierarchy_closure AS c
            ON c.descendant_code = h.ods_code AND c.ancestor_code = h.parent_code
            AND holds_on(c.valid_from, c.valid_to, h.valid_from)
        WHERE h.parent_code <> h.ods_code
    """,
    "pcn_membership and provider_hierarchy": """
        SELECT coalesce(h.ods_code, m.practice_code)
        FROM (
            SELECT ods_code, day, pcn_code, sub_icb_code
            FROM marts.provider_hierarchy
            JOIN days ON holds_on(valid_from, valid_to, day)
            WHERE pcn_code IS NOT NULL
        ) AS h
        FULL JOIN (
            SELECT practice_code, day, pcn_code, sub_icb_code
            FROM marts.pcn_membership
            JOIN days ON holds_on(valid_from, valid_to, day)
        ) AS m ON m.practice_code = h.ods_code AND m.day = h.day
        WHERE (h.pcn_code, h.sub_icb_code) IS DISTINCT FROM (m.pcn_code, m.sub_icb_code)
    """,
    "gp_practices and pcn_membership": f"""
        SELECT g.ods_code
        FROM marts.gp_practices AS g
        LEFT JOIN marts.pcn_membership AS m
            ON m.practice_code = g.ods_code AND holds_on(m.valid_from, m.valid_to, ods_today())
        WHERE g.openness IN {OPEN} AND g.pcn_code IS DISTINCT FROM m.pcn_code
    """,
    "closed_codes, code_finder and ods_current_codes": """
        SELECT f.ods_code
        FROM marts.code_finder AS f
        LEFT JOIN marts.closed_codes AS c USING (ods_code)
        LEFT JOIN (
            SELECT old_code, list(new_code ORDER BY new_code) AS codes
            FROM marts.code_crosswalk
            WHERE is_terminal AND hops > 0
            GROUP BY old_code
        ) AS w ON w.old_code = f.ods_code
        WHERE f.replaced_by <> coalesce(w.codes, []) OR c.terminal_codes <> f.replaced_by
    """,
    "code_crosswalk and its days": """
        SELECT old_code FROM marts.code_crosswalk WHERE is_terminal AND effective_on > ods_today()
    """,
    "closed_codes and organisation_status": """
        SELECT coalesce(s.ods_code, c.ods_code)
        FROM (
            FROM marts.organisation_status WHERE openness IN ('closed', 'legally_closed', 'deleted')
        ) AS s
        FULL JOIN marts.closed_codes AS c ON c.ods_code = s.ods_code
        WHERE (s.openness, s.closes_on) IS DISTINCT FROM (c.openness, c.closed_on)
    """,
    "closed_codes and organisation_parents": """
        SELECT ods_code
        FROM marts.closed_codes
        JOIN marts.organisation_parents AS p USING (ods_code)
        WHERE last_provider_code IS DISTINCT FROM p.provider_code
            OR (openness = 'closed' AND last_icb_code IS DISTINCT FROM p.icb_code)
    """,
}


@pytest.fixture(scope="module", params=SEEDS)
def register(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    odd = odd_registers(request.param, 20)
    build = write(tmp_path_factory.mktemp("odd"), odd.pop("organisations"), odd.pop("links"), **odd)
    for name, frame in marts_on(build, TODAY, *MARTS, check=False).items():
        (build / TABLES[name].path).parent.mkdir(exist_ok=True)
        frame.write_parquet(build / TABLES[name].path)
    with mart_connection(build, TODAY) as connection:
        macros = resources.files("ods_pipeline.marts.macros")
        for name in ("ods_as_of", "ods_hierarchy"):
            connection.execute(macros.joinpath(f"{name}.sql").read_text(encoding="utf-8"))
        around = "range(ods_today() - 7, ods_today() + 7, INTERVAL 1 DAY)"
        connection.execute(f"CREATE TABLE days AS SELECT unnest({around})::DATE AS day")
        yield connection


@pytest.mark.parametrize("pair", DIFFERENCES)
def test_two_answers_to_one_question_are_one(register: duckdb.DuckDBPyConnection, pair: str) -> None:
    assert register.execute(DIFFERENCES[pair]).fetchall() == []
