"""What a commissioner hands down, and what not: hubs, sub-ICB locations, ICBs, areas before April 2020.

Codes and links are facts of the register, composed into registers of a few rows.
"""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.schema import TABLES
from ods_pipeline_tests.oracles.marts import Oracle
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row, link, marts_on, organisation, write

pytestmark = pytest.mark.promise("no_guess")

TODAY = date(2026, 9, 4)


def role(code: str, role_id: str, start: str | None = None, end: str | None = None) -> Row:
    days = {"operational_start": start and date.fromisoformat(start)}
    return {
        "ods_code": code,
        "role_id": role_id,
        **days,
        "operational_end": end and date.fromisoformat(end),
    }


def world(
    folder: Path, organisations: list[Row], links: list[Row], roles: list[Row], today: date = TODAY
) -> dict[str, pl.DataFrame]:
    """The marts of a register, after each organisation of today has been compared with the oracle."""
    numbered = [{"unique_role_id": n, **r} for n, r in enumerate(roles, start=1)]
    build = write(folder, organisations, links, roles=numbered)
    names = ("provider_hierarchy", "provider_hierarchy_current", "organisation_parents", "hierarchy_closure")
    result = marts_on(build, today, *names)
    current = result["provider_hierarchy_current"]
    ends = dict(current.select("ods_code", "valid_to").iter_rows())
    expected = Oracle(build, today).current(ends)
    assert current.drop("valid_from", "valid_to").to_dicts() == expected.to_dicts()
    return result


def row(result: dict[str, pl.DataFrame], code: str, *columns: str) -> tuple:
    return result["organisation_parents"].filter(ods_code=code).select(columns).row(0)


def above(result: dict[str, pl.DataFrame], code: str) -> list[str]:
    frame = result["hierarchy_closure"].filter(descendant_code=code)
    return sorted(frame["ancestor_code"].unique())


HUB = [organisation("97T", "RO98"), organisation("Y59", "RO209"), organisation("QWO", "RO261")]
IN_LEEDS = link("97T", "RE5", "QWO", "2020-04-01")


@pytest.mark.parametrize("rel", ["RE5", "RE2"])
def test_a_hub_hands_down_its_region_and_no_icb(tmp_path: Path, rel: str) -> None:
    organisations = [*HUB, organisation("Y63", "RO209"), organisation("Y03578", "RO177")]
    organisations += [organisation("BRANCH", "RO96")]
    links = [link("Y03578", "RE4", "97T"), link("97T", rel, "Y59", "2020-04-01"), IN_LEEDS]
    links += [link("QWO", "RE2", "Y63"), link("BRANCH", "RE6", "Y03578")]
    result = world(tmp_path, organisations, links, [role("97T", "RO218")])
    columns = ("commissioner_code", "sub_icb_code", "sub_icb_reason", "icb_code", "icb_reason", "region_code")
    hub = "commissioned_by_hub"
    assert row(result, "Y03578", *columns) == ("97T", None, hub, None, hub, "Y59")
    assert row(result, "BRANCH", *columns) == (None, None, hub, None, hub, "Y59")
    assert row(result, "97T", "icb_code", "region_code") == ("QWO", "Y59")
    assert above(result, "Y03578") == ["97T", "Y59"]
    assert "QWO" in above(result, "97T")


def test_a_hub_without_a_region_gives_none_and_says_so(tmp_path: Path) -> None:
    organisations = [*HUB, organisation("HMP", "RO175")]
    result = world(tmp_path, organisations, [link("HMP", "RE4", "97T"), IN_LEEDS], [role("97T", "RO218")])
    assert row(result, "HMP", "region_code", "region_reason") == (None, "commissioned_by_hub")


def test_what_a_hub_commissions_does_not_take_the_icb_of_its_operator(tmp_path: Path) -> None:
    organisations = [*HUB, organisation("HMP", "RO175"), organisation("R1", "RO197")]
    links = [link("HMP", "RE4", "97T"), link("HMP", "RE6", "R1"), link("R1", "RE8", "QWO")]
    result = world(tmp_path, organisations, links, [role("97T", "RO218")])
    assert row(result, "HMP", "provider_code", "icb_code", "icb_reason") == (
        "R1",
        None,
        "commissioned_by_hub",
    )
    # A link of its own is a statement about itself.
    result = world(tmp_path, organisations, [*links, link("HMP", "RE5", "QWO")], [role("97T", "RO218")])
    assert row(result, "HMP", "icb_code", "icb_basis") == ("QWO", "geography")


def test_a_ccg_that_became_a_hub_is_each_in_its_time(tmp_path: Path) -> None:
    organisations = [*HUB, organisation("P1", "RO177")]
    links = [link("P1", "RE4", "97T"), IN_LEEDS]
    result = world(tmp_path, organisations, links, [role("97T", "RO218", "2022-07-01", "2024-06-30")])
    rows = result["provider_hierarchy"].filter(pl.col("valid_from") >= date(2020, 4, 1), ods_code="P1")
    assert rows.select("valid_from", "sub_icb_code", "icb_code", "icb_reason").rows() == [
        (date(2020, 4, 1), "97T", "QWO", None),
        (date(2022, 7, 1), None, None, "commissioned_by_hub"),
        (date(2024, 7, 1), "97T", "QWO", None),
    ]
    edges = result["hierarchy_edges"].filter(ods_code="P1", level="sub_icb").sort("part")
    assert edges.select("part", "valid_to").rows() == [(1, date(2022, 7, 1)), (2, None)]


def test_a_sub_icb_location_is_one_by_its_roles(tmp_path: Path) -> None:
    roles_of = {
        "C1": ["RO319"],
        "C2": ["RO319", "RO326"],
        "C3": ["RO319", "RO327"],
        "C4": ["RO319", "RO218"],
        "C5": [],  # a CCG
        "N1": ["RO327"],
        "N2": ["RO326"],
        "N3": ["RO218"],
    }
    organisations, links = [organisation("Q1", "RO261")], list[Row]()
    for code in roles_of:
        organisations += [organisation(code, "RO98"), organisation(f"P-{code}", "RO177")]
        links += [link(f"P-{code}", "RE4", code), link(code, "RE5", "Q1")]
    roles = [role(code, held) for code, several in roles_of.items() for held in several]
    result = world(tmp_path, organisations, links, roles)
    for code in roles_of:
        expected = (code, code, "Q1") if code.startswith("C") else (code, None, None)
        assert row(result, f"P-{code}", "commissioner_code", "sub_icb_code", "icb_code") == expected, code


def test_an_icb_that_commissions_itself_is_not_a_sub_icb_location(tmp_path: Path) -> None:
    primary_roles = {"FA002": "RO182", "V00001": "RO110", "TP001": "RO167"}
    organisations = [organisation(c, r) for c, r in (("QOP", "RO261"), ("Y62", "RO209"), ("42D", "RO98"))]
    organisations += [organisation("HQ", "RO181"), *(organisation(c, r) for c, r in primary_roles.items())]
    links = [link("QOP", "RE2", "Y62", "2020-04-01"), link("HQ", "RE4", "42D")]
    for code in primary_roles:
        # The head office has a sub-ICB location, and its shop, which has a commissioner, does not take it.
        links += [link(code, "RE4", "QOP", "2023-04-01"), link(code, "RE6", "HQ")]
    result = world(tmp_path, organisations, links, [role("42D", "RO319")])
    columns = ("commissioner_code", "sub_icb_code", "sub_icb_reason", "icb_code", "icb_basis", "region_code")
    for code in primary_roles:
        assert row(result, code, *columns) == (
            *("QOP", None, "commissioned_by_icb"),
            *("QOP", "commissioner", "Y62"),
        )


def test_a_trust_that_commissions_stays_the_commissioner(tmp_path: Path) -> None:
    organisations = [organisation("Y1", "RO177"), organisation("RX1", "RO197"), organisation("Q1", "RO261")]
    result = world(tmp_path, organisations, [link("Y1", "RE4", "RX1"), link("RX1", "RE5", "Q1")], [])
    columns = ("commissioner_code", "sub_icb_code", "sub_icb_reason", "icb_code", "icb_reason")
    by_other = "commissioned_by_other"
    assert row(result, "Y1", *columns) == ("RX1", None, by_other, None, by_other)


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


@pytest.mark.parametrize("link_end", [None, "2018-03-31", "2021-03-31"])
def test_what_closed_before_areas_says_so_whatever_its_links_say(
    tmp_path: Path, link_end: str | None
) -> None:
    closed = {"operational_end": date(2018, 3, 31), "status": "Inactive"}
    roles = {"RUN": "RO182", "UNDER": "RO182", "LOST": "RO182", "NONE": "RO182"}
    organisations = [organisation(code, role_id, **closed) for code, role_id in roles.items()]
    organisations += [
        organisation("HQ", "RO181"),
        organisation("CCG1", "RO98", operational_end=date(2020, 3, 31), status="Inactive"),
        # Its last day is the day before areas were recorded, and the first on which they were.
        organisation("LAST", "RO182", operational_end=date(2020, 3, 31), status="Inactive"),
        organisation("FIRST", "RO182", operational_end=date(2020, 4, 1), status="Inactive"),
    ]
    links = [
        link("RUN", "RE6", "HQ", "2013-04-01", link_end),
        link("UNDER", "RE4", "CCG1", "2013-04-01", link_end),
        to_unknown(link("LOST", "RE4", "GONE", "2013-04-01", link_end), "RO98"),
        link("LAST", "RE6", "HQ", "2013-04-01"),
        link("FIRST", "RE6", "HQ", "2013-04-01"),
    ]
    result = world(tmp_path, organisations, links, [])
    before = "before_areas"
    for code in ("RUN", "UNDER", "NONE", "LOST", "LAST"):
        assert row(result, code, "icb_reason", "is_past") == (before, True), code
    assert row(result, "RUN", "region_reason") == (before,)
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


def test_practices_of_other_countries(tmp_path: Path) -> None:
    countries = {"GUE001": "GUERNSEY", "W92003": "WALES", "F83004": None, "JER012": "JERSEY"}
    organisations = [organisation(c, "RO177", country=country) for c, country in countries.items()]
    organisations += [organisation("S10002", "RO227"), organisation("Z00001", "RO315")]
    result = world(tmp_path, organisations, [], [role(c, "RO76") for c in countries])
    current = result["provider_hierarchy_current"]
    assert dict(current.select("ods_code", "country").iter_rows()) == {
        **countries,
        "S10002": None,
        "Z00001": None,
    }
    outside = current.filter(icb_reason="outside_england")["ods_code"].to_list()
    assert outside == ["GUE001", "JER012", "S10002", "W92003", "Z00001"]


def test_a_role_held_twice_makes_no_second_row(tmp_path: Path) -> None:
    organisations = [organisation("F83004", "RO177"), organisation("C1", "RO98"), organisation("Q1", "RO261")]
    links = [link("F83004", "RE4", "C1"), link("C1", "RE5", "Q1")]
    roles = [role("F83004", "RO76", "2010-04-01", "2012-12-31"), role("F83004", "RO76", "2014-04-15")]
    roles += [role("C1", "RO319", "2022-07-01", "2023-03-31"), role("C1", "RO319", "2023-03-01")]
    result = world(tmp_path, organisations, links, roles)
    assert result["organisation_parents"]["ods_code"].is_unique().all()
    assert result["hierarchy_edges"].filter(ods_code="F83004", level="sub_icb").height == 1
    kinds = result["provider_hierarchy"].filter(ods_code="F83004")["kind"].unique(maintain_order=True)
    assert kinds.to_list() == ["gp_practice", "prescribing_cost_centre"]


def test_the_sample_s_prison_is_under_the_london_hub() -> None:
    parents = pl.read_parquet(sample_root().path / TABLES["organisation_parents"].path)
    columns = ("commissioner_code", "sub_icb_code", "sub_icb_reason", "icb_code", "icb_reason")
    hub = "commissioned_by_hub"
    assert parents.filter(ods_code="YD999").select(columns).row(0) == ("14M", None, hub, None, hub)


def test_everything_in_the_sample_that_a_hub_commissions_has_no_sub_icb() -> None:
    root = sample_root().path
    roles = pl.read_parquet(root / TABLES["roles"].path)
    hubs = set(roles.filter(role_id="RO218")["ods_code"]) - set(roles.filter(role_id="RO319")["ods_code"])
    parents = pl.read_parquet(root / TABLES["organisation_parents"].path)
    under = parents.filter(pl.col("commissioner_code").is_in(hubs))
    assert under.height > 0
    assert under["sub_icb_code"].null_count() == under.height
    assert set(under["sub_icb_reason"]) == {"commissioned_by_hub"}
    assert not hubs & set(parents["sub_icb_code"].drop_nulls())


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


def test_the_flat_table_of_steps_has_every_step_in_its_order() -> None:
    root = sample_root().path
    lists = pl.read_parquet(root / TABLES["provider_hierarchy"].path).select("ods_code", "valid_from", "via")
    flat = pl.read_parquet(root / TABLES["provider_hierarchy_via"].path)
    again = flat.group_by("ods_code", "valid_from", maintain_order=True).agg(
        via=pl.struct("level", "rel_id", "unique_rel_id")
    )
    assert flat.height > 1000
    expected = lists.filter(pl.col("via").list.len() > 0)
    assert again.equals(expected.select(again.columns))
