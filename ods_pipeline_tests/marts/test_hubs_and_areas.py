"""What a commissioner hands down, and what not: hubs, sub-ICB locations, ICBs.

Codes and links are facts of the register, composed into registers of a few rows.
"""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.commissioned import HUB, IN_LEEDS, above, role, row, world
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row, link, organisation

pytestmark = pytest.mark.promise("no_guess")


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


def test_what_closed_before_a_hub_commissioned_it_keeps_its_icb(tmp_path: Path) -> None:
    organisations = [
        *HUB,
        organisation("15E", "RO98"),
        organisation("HMP", "RO175", operational_end=date(2026, 8, 31), status="Inactive"),
        organisation("HMP2", "RO175", operational_end=date(2026, 8, 31), status="Inactive"),
    ]
    links = [IN_LEEDS, link("15E", "RE5", "QWO", "2020-04-01")]
    links += [link("HMP", "RE4", "15E", end="2026-08-31"), link("HMP", "RE4", "97T", "2026-10-01")]
    links += [link("HMP2", "RE4", "15E", end="2026-07-31"), link("HMP2", "RE4", "97T", "2026-08-01")]
    roles = [role("97T", "RO218", "2010-04-01"), role("15E", "RO319", "2010-04-01")]
    columns = ("sub_icb_code", "icb_code", "icb_reason")
    result = world(tmp_path, organisations, links, roles)
    assert row(result, "HMP", *columns) == ("15E", "QWO", None)
    assert row(result, "HMP2", *columns) == (None, None, "commissioned_by_hub")


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
