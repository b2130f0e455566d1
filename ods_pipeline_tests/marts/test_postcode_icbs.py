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


def hierarchy(
    folder: Path, organisations: list[Row], links: list[Row], places: list[Row], **others: Any
) -> pl.DataFrame:
    build = write(folder, [*ICBS, *organisations], links, postcodes=places, **others)
    result = marts_on(build, TODAY, "provider_hierarchy", "provider_hierarchy_current")
    current = result["provider_hierarchy_current"]
    ends = dict(current.select("ods_code", "valid_to").iter_rows())
    assert current.drop("valid_from", "valid_to").to_dicts() == Oracle(build, TODAY).current(ends).to_dicts()
    return result["provider_hierarchy"]


def rows(frame: pl.DataFrame, code: str) -> list[tuple]:
    return frame.filter(ods_code=code).select("valid_from", "icb_code", "icb_basis", "region_code").rows()


def test_it_holds_from_the_day_of_the_edition_and_leads_to_the_region(tmp_path: Path) -> None:
    links = [link("D7T5G", "RE2", "Y61", "2026-04-01")]
    frame = hierarchy(tmp_path, [organisation("FA1", "RO182", **AT)], links, [postcode()])
    assert rows(frame, "FA1") == [
        (date(2010, 4, 1), None, None, None),
        (date(2026, 8, 1), "D7T5G", "postcode", "Y61"),
    ]


def test_an_edition_before_the_split_does_not_speak_for_the_days_after_it(tmp_path: Path) -> None:
    place = postcode(icb="QM7", day=date(2026, 2, 1))
    frame = hierarchy(tmp_path, [organisation("FA1", "RO182", **AT)], [], [place])
    assert rows(frame, "FA1") == [
        (date(2010, 4, 1), None, None, None),
        (date(2026, 2, 1), "QM7", "postcode", None),
        (SPLIT, None, None, None),
    ]


def test_a_link_comes_before_the_postcode(tmp_path: Path) -> None:
    trust = organisation("R1", "RO197", **AT)
    frame = hierarchy(tmp_path, [trust], [link("R1", "RE8", "QM7", "2023-07-01")], [postcode()])
    assert rows(frame, "R1")[-1][1:3] == ("QM7", "partner")


def test_who_is_closed_abroad_elsewhere_or_takes_no_part_has_none(tmp_path: Path) -> None:
    others: dict[str, tuple[str, Row]] = {
        "CLOSED": ("RO182", {"operational_end": date(2026, 8, 31)}),
        "ABROAD": ("RO182", {"country": "WALES"}),
        "NOWHERE": ("RO182", {"postcode": None}),
        "ELSEWHERE": ("RO182", {"postcode": "CB11 3TH"}),
        "HQ": ("RO181", {}),
        "SCHOOL": ("RO221", {}),
        "SCOTLAND": ("RO227", {}),
    }
    organisations = [
        organisation(code, role, **{**AT, **changes}) for code, (role, changes) in others.items()
    ]
    frame = hierarchy(tmp_path, [*organisations, organisation("FA1", "RO182", **AT)], [], [postcode()])
    with_icb = frame.filter(pl.col("icb_code").is_not_null() & ~pl.col("ods_code").is_in(["QM7", "D7T5G"]))
    assert set(frame["ods_code"]) > set(others)
    assert set(with_icb["ods_code"]) == {"FA1"}


def test_what_a_hub_commissions_has_none_by_postcode_nor_has_the_hub(tmp_path: Path) -> None:
    organisations = [organisation("HMP", "RO175", **AT), organisation("97T", "RO98", **AT)]
    roles = [{"ods_code": "97T", "role_id": "RO218", "unique_role_id": 1}]
    frame = hierarchy(tmp_path, organisations, [link("HMP", "RE4", "97T")], [postcode()], roles=roles)
    assert frame.filter(icb_basis="postcode").is_empty()


def test_one_line_of_the_rules_switches_it_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = marts_build.hierarchy_rules().filter(pl.col("level") != "postcode_icb")
    monkeypatch.setattr(marts_build, "hierarchy_rules", lambda: rules)
    build = write(tmp_path, [*ICBS, organisation("FA1", "RO182", **AT)], postcodes=[postcode()])
    frame = marts_on(build, TODAY, "provider_hierarchy")["provider_hierarchy"]
    assert rows(frame, "FA1") == [(date(2010, 4, 1), None, None, None)]
