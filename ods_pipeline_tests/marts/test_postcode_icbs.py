"""The ICB by postcode: the last resort, of open organisations in England, from the day of the edition on."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline.marts import build as marts_build
from ods_pipeline_tests.oracles.marts import Oracle
from ods_pipeline_tests.support.small_registers import Row, link, marts_on, organisation, write

pytestmark = pytest.mark.promise("no_guess")

TODAY = date(2026, 9, 4)
SPLIT = date(2026, 4, 1)
AT = {"postcode": "CB11 3TG"}


def postcode(text: str = "CB11 3TG", icb: str = "D7T5G", day: date = date(2026, 8, 1)) -> Row:
    return {
        "postcode": text,
        "postcode_key": text.replace(" ", ""),
        "icb_code": icb,
        "edition": f"NSPL {day:%Y-%m}",
        "edition_day": day,
    }


def icb(code: str, **dates: Any) -> Row:
    return organisation(code, "RO261", **dates)


ICBS = [
    icb("QM7", operational_end=date(2026, 3, 31)),
    icb("D7T5G", operational_start=SPLIT),
    organisation("Y61", "RO209"),
]


OTHERS: dict[str, tuple[str, Row]] = {
    "CLOSED": ("RO182", {"operational_end": date(2026, 8, 31)}),
    "ABROAD": ("RO182", {"country": "WALES"}),
    "NOWHERE": ("RO182", {"postcode": None}),
    "ELSEWHERE": ("RO182", {"postcode": "CB11 3TH"}),
    "HQ": ("RO181", {}),
    "SCHOOL": ("RO221", {}),
    "SCOTLAND": ("RO227", {}),
}


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The hierarchy of one register for all tests, whose rows of today are those of the oracle."""
    organisations = [
        *ICBS,
        organisation("FA1", "RO182", **AT),
        organisation("FA2", "RO182", postcode="CB11 3TA"),
        organisation("R1", "RO197", **AT),
        *(organisation(code, role, **{**AT, **changes}) for code, (role, changes) in OTHERS.items()),
        organisation("HMP", "RO175", **AT),
        organisation("97T", "RO98", **AT),
    ]
    links = [
        link("D7T5G", "RE2", "Y61", "2026-04-01"),
        link("R1", "RE8", "QM7", "2023-07-01"),
        link("HMP", "RE4", "97T"),
    ]
    places = [postcode(), postcode("CB11 3TA", icb="QM7", day=date(2026, 2, 1))]
    roles = [{"ods_code": "97T", "role_id": "RO218", "unique_role_id": 1}]
    folder = tmp_path_factory.mktemp("postcodes")
    build = write(folder, organisations, links, postcodes=places, roles=roles)
    result = marts_on(build, TODAY, "provider_hierarchy", "provider_hierarchy_current")
    current = result["provider_hierarchy_current"]
    ends = dict(current.select("ods_code", "valid_to").iter_rows())
    assert current.drop("valid_from", "valid_to").to_dicts() == Oracle(build, TODAY).current(ends).to_dicts()
    return result["provider_hierarchy"]


def rows(frame: pl.DataFrame, code: str) -> list[tuple]:
    return frame.filter(ods_code=code).select("valid_from", "icb_code", "icb_basis", "region_code").rows()


def test_it_holds_from_the_day_of_the_edition_and_leads_to_the_region(frame: pl.DataFrame) -> None:
    assert rows(frame, "FA1") == [
        (date(2010, 4, 1), None, None, None),
        (date(2026, 8, 1), "D7T5G", "postcode", "Y61"),
    ]


def test_an_edition_before_the_split_does_not_speak_for_the_days_after_it(frame: pl.DataFrame) -> None:
    assert rows(frame, "FA2") == [
        (date(2010, 4, 1), None, None, None),
        (date(2026, 2, 1), "QM7", "postcode", None),
        (SPLIT, None, None, None),
    ]


def test_a_link_comes_before_the_postcode(frame: pl.DataFrame) -> None:
    assert rows(frame, "R1")[-1][1:3] == ("QM7", "partner")


def test_who_is_closed_abroad_elsewhere_or_takes_no_part_has_none(frame: pl.DataFrame) -> None:
    others = frame.filter(pl.col("ods_code").is_in(list(OTHERS)))
    assert set(others["ods_code"]) == set(OTHERS)
    assert others.filter(pl.col("icb_code").is_not_null())["ods_code"].to_list() == []


def test_what_a_hub_commissions_has_none_by_postcode_nor_has_the_hub(frame: pl.DataFrame) -> None:
    under = frame.filter(pl.col("ods_code").is_in(["HMP", "97T"]))
    assert under["ods_code"].n_unique() == 2
    assert under.filter(icb_basis="postcode").is_empty()


def test_one_line_of_the_rules_switches_it_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = marts_build.hierarchy_rules().filter(pl.col("level") != "postcode_icb")
    monkeypatch.setattr(marts_build, "hierarchy_rules", lambda: rules)
    build = write(tmp_path, [*ICBS, organisation("FA1", "RO182", **AT)], postcodes=[postcode()])
    frame = marts_on(build, TODAY, "provider_hierarchy")["provider_hierarchy"]
    assert rows(frame, "FA1") == [(date(2010, 4, 1), None, None, None)]
