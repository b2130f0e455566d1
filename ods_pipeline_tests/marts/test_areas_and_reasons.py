"""Areas and regions before April 2020, and the reason where an organisation has no ICB or region.

Codes and links are facts of the register, composed into registers of a few rows.
"""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline_tests.support.commissioned import HUB, IN_LEEDS, TODAY, role, row, world
from ods_pipeline_tests.support.small_registers import Row, link, marts_on, organisation, write

pytestmark = pytest.mark.promise("no_guess")


def test_every_reason_is_given_where_it_holds(tmp_path: Path) -> None:
    organisations = [
        organisation("W92003", "RO177", country="WALES"),
        organisation("7A2", "RO144"),
        organisation("HQ", "RO181"),
        organisation("OLD", "RO182", operational_end=date(2018, 3, 31)),
        organisation("LOST", "RO182"),
        organisation("NONE", "RO182", country="ENGLAND"),
        organisation("C1", "RO98"),
        organisation("P1", "RO182"),
    ]
    links = [link("W92003", "RE4", "7A2"), link("LOST", "RE4", "GONE"), link("P1", "RE4", "C1", "2020-04-01")]
    result = world(tmp_path, organisations, links, [])
    reasons = dict(result["organisation_parents"].select("ods_code", "icb_reason").iter_rows())
    assert reasons == {
        "W92003": "outside_england",
        "7A2": "outside_england",
        "HQ": "head_office",
        "OLD": "before_areas",
        "LOST": "target_unknown",
        "NONE": "none_stated",
        "C1": "none_stated",
        "P1": "parent_has_none",
    }


def to_unknown(link_: Row, role_id: str) -> Row:
    return {**link_, "target_primary_role_id": role_id}


def test_a_stated_region_that_is_not_held_is_why_there_is_none(tmp_path: Path) -> None:
    codes = {"14M": "RO98", "HMP": "RO175", "Q71": "RO210", "RAL": "RO197", "07M": "RO98", "P1": "RO182"}
    codes |= {"QX": "RO261", "R1": "RO197", "97T": "RO98", "HMP2": "RO175"}
    organisations = [organisation(code, role_id) for code, role_id in codes.items()]
    links = [
        to_unknown(link("14M", "RE5", "Y99", "2021-04-01"), "RO209"),  # a hub
        link("HMP", "RE4", "14M", "2010-04-01"),
        to_unknown(link("Q71", "RE2", "Y99"), "RO209"),  # an area
        link("RAL", "RE5", "Q71"),
        link("07M", "RE5", "Q71"),
        link("P1", "RE4", "07M"),
        to_unknown(link("QX", "RE2", "Y99"), "RO209"),  # an ICB
        link("R1", "RE5", "QX"),
        link("HMP2", "RE4", "97T"),  # a hub that states no region
    ]
    result = world(tmp_path, organisations, links, [role("14M", "RO218"), role("97T", "RO218")])
    unknown, hub, none = "target_unknown", "commissioned_by_hub", "none_stated"
    answers = {code: row(result, code, "icb_code", "icb_reason", "region_reason") for code in codes}
    assert answers == {
        "14M": (None, none, unknown),
        "HMP": (None, hub, unknown),
        "Q71": (None, none, unknown),
        "RAL": (None, none, unknown),
        "07M": (None, none, unknown),
        "P1": (None, "parent_has_none", unknown),
        "QX": ("QX", None, unknown),
        "R1": ("QX", None, unknown),
        "97T": (None, none, none),
        "HMP2": (None, hub, hub),
    }
    # The row is cut where the link begins, and the reason of the ICB stays what it was.
    rows = result["provider_hierarchy"].filter(pl.col("valid_from") >= date(2010, 4, 1), ods_code="HMP")
    assert rows.select("valid_from", "icb_reason", "region_reason").rows() == [
        (date(2010, 4, 1), hub, hub),
        (date(2021, 4, 1), hub, unknown),
    ]


def test_what_closed_before_areas_says_so_whatever_its_links_say(tmp_path: Path) -> None:
    closed = {"operational_end": date(2018, 3, 31), "status": "Inactive"}
    organisations = [
        organisation("HQ", "RO181"),
        organisation("CCG1", "RO98", operational_end=date(2020, 3, 31), status="Inactive"),
        # Its last day is the day before areas were recorded, and the first on which they were.
        organisation("LAST", "RO182", operational_end=date(2020, 3, 31), status="Inactive"),
        organisation("FIRST", "RO182", operational_end=date(2020, 4, 1), status="Inactive"),
        organisation("NONE", "RO182", **closed),
    ]
    links = [link("LAST", "RE6", "HQ", "2013-04-01"), link("FIRST", "RE6", "HQ", "2013-04-01")]
    for n, end in enumerate((None, "2018-03-31", "2021-03-31")):
        run, under, lost = (f"{name}{n}" for name in ("RUN", "UNDER", "LOST"))
        organisations += [organisation(code, "RO182", **closed) for code in (run, under, lost)]
        links += [
            link(run, "RE6", "HQ", "2013-04-01", end),
            link(under, "RE4", "CCG1", "2013-04-01", end),
            to_unknown(link(lost, "RE4", "GONE", "2013-04-01", end), "RO98"),
        ]
    result = world(tmp_path, organisations, links, [])
    before = "before_areas"
    for code in ("NONE", "LAST", *(f"{name}{n}" for name in ("RUN", "UNDER", "LOST") for n in range(3))):
        assert row(result, code, "icb_reason", "is_past") == (before, True), code
    for n in range(3):
        assert row(result, f"RUN{n}", "region_reason") == (before,)
    assert row(result, "FIRST", "icb_reason", "is_past") == ("none_stated", True)


def test_area_and_region_before_april_2020_are_those_that_ods_states(tmp_path: Path) -> None:
    offices = [organisation("Q71", "RO210"), organisation("Q36", "RO132"), organisation("Y56", "RO209")]
    organisations = [*offices, organisation("RAL", "RO197"), organisation("RAL01", "RO198")]
    organisations += [
        organisation("5K9", "RO179"),
        organisation("07M", "RO98"),
        organisation("E83003", "RO177"),
    ]
    links = [
        link("RAL", "RE5", "Q36", "2006-07-01", "2013-03-31"),
        link("RAL", "RE5", "Q71", "2013-04-01", "2020-03-31"),
        link("RAL01", "RE6", "RAL", "2006-07-01"),
        link("5K9", "RE5", "Q36", "2006-07-01", "2013-03-31"),
        link("07M", "RE5", "Q71", "2013-04-01", "2020-03-31"),
        link("E83003", "RE4", "5K9", "2006-07-01", "2013-03-31"),
        link("E83003", "RE4", "07M", "2013-04-01", "2020-03-31"),
        link("Q71", "RE5", "Y56", "2013-04-01", "2020-03-31"),
    ]
    result = world(tmp_path, organisations, links, [role("E83003", "RO76")])
    hierarchy = result["provider_hierarchy"].filter(pl.col("area_code").is_not_null())
    for code in ("RAL", "RAL01", "E83003"):
        rows = hierarchy.filter(ods_code=code).select("area_code", "region_code", "region_reason", "valid_to")
        assert rows.rows() == [
            ("Q36", None, "none_stated", date(2013, 4, 1)),
            ("Q71", "Y56", None, date(2020, 4, 1)),
        ]
    # Closed links: nothing of it is said of today.
    today = result["provider_hierarchy_current"].filter(ods_code="E83003")
    assert today.select("area_code", "region_code", "icb_reason").rows() == [(None, None, "none_stated")]


def test_an_area_that_commissions_is_the_area(tmp_path: Path) -> None:
    roles = {"Q36": "RO132", "Q71": "RO210", "Q72": "RO210", "Y54": "RO209", "Y56": "RO209", "HQ": "RO181"}
    roles |= {"FA1": "RO182", "FA2": "RO182", "V1": "RO110", "V2": "RO110", "07M": "RO98", "R1": "RO197"}
    local = ("2013-04-01", "2020-03-31")
    links = [
        link("Q71", "RE2", "Y56", "2013-04-01"),
        link("Q72", "RE2", "Y54", "2013-04-01"),
        link("Q36", "RE4", "Y56", "2006-07-01", "2013-03-31"),
        link("FA1", "RE4", "Q36", "2006-07-01", "2013-03-31"),
        link("FA1", "RE4", "Q71", *local),
        # Its operator lies in another area, and has another commissioner: its own comes first.
        link("FA1", "RE6", "HQ", "2006-07-01"),
        link("HQ", "RE5", "Q72", *local),
        link("HQ", "RE4", "Q72", *local),
        link("FA2", "RE6", "HQ", "2013-04-01"),
        # What has a commissioner of its own takes no area of the operator's commissioner.
        link("R1", "RE4", "Q72", *local),
        link("V1", "RE6", "R1", "2013-04-01"),
        link("V1", "RE4", "07M", *local),
        link("V2", "RE6", "R1", "2013-04-01"),
    ]
    result = world(tmp_path, [organisation(code, role_id) for code, role_id in roles.items()], links, [])
    hierarchy = result["provider_hierarchy"].filter(pl.col("area_code").is_not_null())
    columns = ("commissioner_code", "area_code", "region_code", "region_reason", "valid_to")
    authority = ("Q36", "Q36", "Y56", None, date(2013, 4, 1))
    assert hierarchy.filter(ods_code="FA1").select(columns).rows() == [
        authority,
        ("Q71", "Q71", "Y56", None, date(2020, 4, 1)),
    ]
    under = (None, "Q72", "Y54", None, date(2020, 4, 1))
    assert hierarchy.filter(ods_code="FA2").select(columns).rows() == [under]
    assert hierarchy.filter(ods_code="V2").select(columns).rows() == [under]
    assert hierarchy.filter(ods_code="V1").is_empty()
    steps = hierarchy.filter(ods_code="FA1")["via"][1].to_list()
    assert [(s["level"], s["rel_id"]) for s in steps if s["level"] != "operator"] == [
        ("commissioner", "RE4"),
        ("area_as_commissioner", "RE4"),
        ("region", "RE2"),
    ]


def test_coverage_counts_against_those_who_can_have_an_icb(tmp_path: Path) -> None:
    organisations = [*HUB, organisation("C1", "RO98"), organisation("Q1", "RO261")]
    practices = {"P1": "ENGLAND", "P2": None, "W1": "WALES", "HMP": "ENGLAND", "P3": "ENGLAND"}
    organisations += [organisation(c, "RO177", country=country) for c, country in practices.items()]
    organisations += [organisation(f"S{n}", "RO221") for n in range(3)]
    links = [link("P1", "RE4", "C1"), link("P2", "RE4", "C1"), link("C1", "RE5", "Q1"), IN_LEEDS]
    links += [link("HMP", "RE4", "97T")]
    roles = [role("97T", "RO218"), *(role(code, "RO76") for code in practices)]
    numbered = [{"unique_role_id": n, **r} for n, r in enumerate(roles, start=1)]
    build = write(tmp_path, organisations, links, roles=numbered)
    coverage = marts_on(build, TODAY, "coverage")["coverage"]
    columns = ("open_codes", "outside_england", "commissioned_by_hub", "takes_no_part", "can_have")
    icb = coverage.filter(level="icb").select("kind", *columns, "with_parent", "share", "no_link")
    answers = {kind: rest for kind, *rest in icb.rows()}
    assert answers["gp_practice"] == [5, 1, 1, 0, 3, 2, 0.6667, 1]
    assert answers["school"] == [3, 0, 0, 3, 0, 0, 1.0, 0]
