"""Head offices that may be of one group: an inference from kind, postcode and the beginning of the name."""

from collections.abc import Iterator

import duckdb
import pytest

from ods_pipeline.lookup.around import related_head_offices

PLACE, ELSEWHERE = "N10 9XD", "LS1 1AA"
OFFICES = [
    ("A1", "MAPLE CARE (NORTH) LTD", "social_care_provider", "open", PLACE),
    ("A2", "MAPLE CARE (SOUTH) LTD", "social_care_provider", "open", PLACE),
    ("A3", "MAPLE HOMES LTD", "social_care_provider", "closing", PLACE),
    ("A4", "MAPLE CARE (EAST) LTD", "social_care_provider", "open", ELSEWHERE),
    ("A5", "MAPLE CARE (OLD) LTD", "social_care_provider", "closed", PLACE),
    ("A6", "OAK CARE LTD", "social_care_provider", "open", PLACE),
    ("P1", "MAPLE PHARMACY LTD", "pharmacy_hq", "open", PLACE),
    ("C1", "CARE FOR ALL LTD", "social_care_provider", "open", PLACE),
    ("C2", "CARE FOR YOU LTD", "social_care_provider", "open", PLACE),
    ("C3", "CARE PLUS LTD", "social_care_provider", "open", PLACE),
    ("8AA1", "MAPLE CARE LTD", "non_nhs_organisation", "open", PLACE),
    ("NBB1", "MAPLE CARE LTD", "non_nhs_organisation", "open", PLACE),
    ("V1", "MAPLE CARE HOUSE", "social_care_site", "open", PLACE),
]


@pytest.fixture(scope="module")
def offices() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA marts")
        columns = "(ods_code VARCHAR, name VARCHAR, kind VARCHAR, openness VARCHAR, postcode_key VARCHAR)"
        connection.execute(f"CREATE TABLE offices {columns}")
        connection.executemany("INSERT INTO offices VALUES (?, ?, ?, ?, ?)", OFFICES)
        connection.execute(
            "CREATE VIEW marts.code_finder AS "
            "SELECT *, trim(regexp_replace(name, '[^A-Z0-9]+', ' ', 'g')) AS name_key FROM offices"
        )
        yield connection


@pytest.mark.parametrize(
    ("code", "related"),
    [
        ("A1", ["A2", "A3"]),  # not another place, a closed one, another name or kind
        ("A5", ["A1", "A2", "A3"]),  # a closed one has open relations
        ("C1", ["C2"]),  # CARE is a word that many begin with: the second decides
        ("C3", []),
        ("P1", []),
        ("8AA1", ["A1", "A2", "A3"]),  # the codes of the head office to use in place of an 8 code
        ("NBB1", []),
        ("V1", []),  # a site has a head office, and no group
        ("NONE", []),
    ],
)
def test_offices_of_one_group_are_offered(
    offices: duckdb.DuckDBPyConnection, code: str, related: list[str]
) -> None:
    assert [row["ods_code"] for row in related_head_offices(offices, code)] == related
