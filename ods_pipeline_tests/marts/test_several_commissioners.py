"""Several commissioners, at once or one after the other: what an organisation has from each.

Codes are composed; each register is compared with the oracle.
"""

from datetime import date

import polars as pl
import pytest

from ods_pipeline_tests.support.commissioned import role, row, world
from ods_pipeline_tests.support.small_registers import ended, link, organisation

pytestmark = pytest.mark.promise("no_guess")

COLUMNS = ("commissioner_code", "sub_icb_code", "sub_icb_reason", "icb_code", "icb_reason", "region_code")
ORGANISATIONS = [
    *(organisation(code, "RO98") for code in ("C1", "C2", "H1")),
    *(organisation(code, "RO261") for code in ("Q1", "Q2")),
    *(organisation(code, "RO209") for code in ("Y1", "Y2")),
    organisation("TR", "RO197"),
]
LINKS = [
    link("C1", "RE5", "Q1", "2020-04-01"),
    link("C2", "RE5", "Q2", "2020-04-01"),
    link("Q1", "RE2", "Y1", "2020-04-01"),
    link("Q2", "RE2", "Y2", "2020-04-01"),
]
ROLES = [role("C1", "RO319"), role("C2", "RO319"), role("H1", "RO218")]
# Those who closed at the end of March 2025: each commissioner, and its first and last day.
PAST = {
    "ICB": [("C1", "2015-04-01", "2022-06-30"), ("Q2", "2022-07-01", "2025-03-31")],
    "TRUST": [("C1", "2015-04-01", "2022-06-30"), ("TR", "2022-07-01", "2025-03-31")],
    "BACK": [
        ("C1", "2015-04-01", "2019-06-30"),
        ("C2", "2019-07-01", "2022-06-30"),
        ("C1", "2022-07-01", "2025-03-31"),
    ],
    "HUB": [("H1", "2015-04-01", "2022-06-30"), ("C1", "2022-07-01", "2025-03-31")],
    "LONG": [("C1", "2015-04-01", "2021-03-31")],
}
# Those who are open and have both at once.
OPEN = {
    "P-ICB": [("C2", "2015-04-01", None), ("Q1", "2023-04-01", None)],
    "P-SUB": [("Q1", "2023-04-01", None), ("C2", "2024-04-01", None)],
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    organisations = [organisation(code, "RO182", **ended("2025-03-31")) for code in PAST]
    organisations += [organisation(code, "RO182") for code in OPEN]
    organisations += [organisation("SITE", "RO280", operational_start=date(2023, 4, 1))]
    links = [link(code, "RE4", *days) for code, several in (PAST | OPEN).items() for days in several]
    links += [link("SITE", "RE6", "P-ICB", "2023-04-01")]
    return world(
        tmp_path_factory.mktemp("several"), [*ORGANISATIONS, *organisations], [*LINKS, *links], ROLES
    )


def test_of_two_at_once_an_icb_that_is_the_later_one_leaves_no_sub_icb(
    result: dict[str, pl.DataFrame],
) -> None:
    assert row(result, "P-ICB", *COLUMNS, "is_ambiguous") == (
        *("Q1", None, "commissioned_by_icb", "Q1", None, "Y1"),
        True,
    )
    assert row(result, "P-SUB", *COLUMNS, "is_ambiguous") == ("C2", "C2", None, "Q2", None, "Y2", True)


def test_what_it_operates_inherits_that_choice_and_its_doubt(result: dict[str, pl.DataFrame]) -> None:
    columns = ("sub_icb_code", "icb_code", "region_code", "is_ambiguous")
    assert row(result, "SITE", *columns) == (None, "Q1", "Y1", True)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ICB", ("Q2", None, "commissioned_by_icb", "Q2", None, "Y2")),
        ("TRUST", ("TR", None, "commissioned_by_other", None, "commissioned_by_other", None)),
        ("BACK", ("C1", "C1", None, "Q1", None, "Y1")),
        ("HUB", ("C1", "C1", None, "Q1", None, "Y1")),
        ("LONG", ("C1", "C1", None, "Q1", None, "Y1")),
    ],
)
def test_what_is_closed_has_nothing_of_a_commissioner_that_another_replaced(
    result: dict[str, pl.DataFrame], code: str, expected: tuple[str | None, ...]
) -> None:
    assert row(result, code, *COLUMNS, "is_past") == (*expected, True)
