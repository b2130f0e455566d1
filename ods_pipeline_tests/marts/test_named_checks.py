"""The checks of the named tables fail, and name what is wrong, when a row is missing or wrong."""

import functools
from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from ods_pipeline.marts.checking import findings
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import sample_root

TODAY = date(2026, 9, 4)
Harm = Callable[[pl.DataFrame], pl.DataFrame]


def without(column: str, code: str) -> Harm:
    return lambda frame: frame.filter(pl.col(column) != code)


def changed(column: str, code: str, **values: object) -> Harm:
    here = pl.col(column) == code
    return lambda frame: frame.with_columns(
        pl.when(here).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


@functools.cache
def sound(mart: str) -> pl.DataFrame:
    """A mart of the sample, with which its checks find nothing wrong."""
    build = sample_root().path
    frame = pl.read_parquet(build / TABLES[mart].path)
    assert all(f.passed for f in findings(mart, frame, build, TODAY))
    return frame


@pytest.mark.parametrize(
    ("mart", "harm", "answer"),
    [
        ("organisation_parents", without("ods_code", "RRP"), "1 missing: RRP"),
        (
            "organisation_parents",
            changed("ods_code", "TAF01", operator_code=None),
            "operated, but not shown so: TAF01",
        ),
        ("provider_hierarchy_via", without("ods_code", "E83003"), "1 missing: 18 of 3369"),
        (
            "provider_hierarchy_via",
            changed("ods_code", "E83003", step=1),
            "other than in its row: E83003 from 2013-04-01, step 1",
        ),
        ("gp_practices", without("ods_code", "E83003"), "1 missing: E83003"),
        ("gp_practices", changed("ods_code", "E83003", ods_code="RRP"), "1 never a practice: RRP"),
        ("pcn_membership", without("practice_code", "E83003"), "1 missing today: E83003"),
        ("pcn_membership", changed("practice_code", "E83003", pcn_code="U90006"), "2 not a partner: E83003"),
        ("pcn_membership", changed("practice_code", "E83003", nominated_payee_code="RKE"), "2 not a payee"),
        (
            "pcn_membership",
            changed("practice_code", "E83003", nominated_payee_code=None),
            "2 no payee, though",
        ),
        (
            "pcn_membership",
            changed("practice_code", "E83003", valid_to=None),
            "1 overlaps: E83003 2019-07-01",
        ),
        ("trust_sites", without("site_code", "TAF01"), "1 missing: TAF01"),
        (
            "trust_sites",
            changed("site_code", "TAF01", trust_code="U90001"),
            "1 its trust is not a trust: TAF01",
        ),
        ("social_care_sites", without("site_code", "VM903"), "1 missing: VM903"),
        ("social_care_sites", changed("site_code", "VM904", sibling_count=7), "1 siblings miscounted: VM904"),
        ("vaccination_sites", without("site_code", "K1V4C"), "1 missing: K1V4C"),
        ("vaccination_sites", changed("site_code", "R3C7V", valid_to=None), "1 overlaps: R3C7V 2021-01-11"),
        ("code_finder", without("ods_code", "NZ902"), "1 missing: NZ902"),
        ("code_finder", changed("ods_code", "RRP", postcode_key="N15 3TH"), "1 postcode without key: RRP"),
        ("coverage", without("kind", "trust"), "3 not every organisation is counted"),
        ("coverage", changed("kind", "trust", no_link=5), "with and without do not make all: trust"),
        (
            "coverage",
            changed("kind", "trust_site", share=0.5, can_have=20),
            "with provider: 13 of 20, expected 95 %",
        ),
    ],
)
def test_a_check_names_what_is_wrong(mart: str, harm: Harm, answer: str) -> None:
    frame, build = sound(mart), sample_root().path
    summaries = [f.summary for f in findings(mart, harm(frame), build, TODAY) if not f.passed]
    assert any(answer in summary for summary in summaries), summaries
