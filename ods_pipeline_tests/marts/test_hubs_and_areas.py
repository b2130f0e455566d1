"""What a commissioner hands down, and what not: hubs, sub-ICB locations, ICBs.

Codes and links are facts of the register, composed into registers of a few rows.
"""

from datetime import date

import polars as pl
import pytest

from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.commissioned import above, role, row, world
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row, Together, link, organisation

pytestmark = pytest.mark.promise("no_guess")


ALL = Together()


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """The marts of all registers below."""
    tables = ALL.tables
    folder = tmp_path_factory.mktemp("all")
    return world(folder, tables["organisations"], tables["relationships"], tables["roles"])


def hub(code: str, icb: str, region: str) -> tuple[list[Row], Row]:
    """A hub, the ICB in whose area it lies and a region, as 97T, QWO and Y59; and the link to its ICB."""
    organisations = [organisation(code, "RO98"), organisation(region, "RO209"), organisation(icb, "RO261")]
    return organisations, link(code, "RE5", icb, "2020-04-01")


for rel, x in (("RE5", "A"), ("RE2", "B")):
    leeds, in_leeds = hub(f"97{x}", f"QW{x}", f"Y5{x}")
    organisations = [*leeds, organisation(f"Y6{x}", "RO209"), organisation(f"Y0357{x}", "RO177")]
    organisations += [organisation(f"BRANCH{x}", "RO96")]
    links = [link(f"Y0357{x}", "RE4", f"97{x}"), link(f"97{x}", rel, f"Y5{x}", "2020-04-01"), in_leeds]
    links += [link(f"QW{x}", "RE2", f"Y6{x}"), link(f"BRANCH{x}", "RE6", f"Y0357{x}")]
    ALL.add(organisations, links, roles=[role(f"97{x}", "RO218")])


@pytest.mark.parametrize(("rel", "x"), [("RE5", "A"), ("RE2", "B")])
def test_a_hub_hands_down_its_region_and_no_icb(result: dict[str, pl.DataFrame], rel: str, x: str) -> None:
    columns = ("commissioner_code", "sub_icb_code", "sub_icb_reason", "icb_code", "icb_reason", "region_code")
    by_hub = "commissioned_by_hub"
    assert row(result, f"Y0357{x}", *columns) == (f"97{x}", None, by_hub, None, by_hub, f"Y5{x}")
    assert row(result, f"BRANCH{x}", *columns) == (None, None, by_hub, None, by_hub, f"Y5{x}")
    assert row(result, f"97{x}", "icb_code", "region_code") == (f"QW{x}", f"Y5{x}")
    assert above(result, f"Y0357{x}") == [f"97{x}", f"Y5{x}"]
    assert f"QW{x}" in above(result, f"97{x}")


LEEDS, IN_LEEDS = hub("97C", "QWC", "Y5C")
ALL.add(
    [*LEEDS, organisation("HMP1", "RO175")],
    [link("HMP1", "RE4", "97C"), IN_LEEDS],
    roles=[role("97C", "RO218")],
)


def test_a_hub_without_a_region_gives_none_and_says_so(result: dict[str, pl.DataFrame]) -> None:
    assert row(result, "HMP1", "region_code", "region_reason") == (None, "commissioned_by_hub")


LEEDS, IN_LEEDS = hub("97D", "QWD", "Y5D")
OWN_LINK = link("HMP3", "RE5", "QWD")
ALL.add(
    [*LEEDS, organisation("HMP2", "RO175"), organisation("HMP3", "RO175"), organisation("R1", "RO197")],
    [
        *(link(code, "RE4", "97D") for code in ("HMP2", "HMP3")),
        *(link(code, "RE6", "R1") for code in ("HMP2", "HMP3")),
        link("R1", "RE8", "QWD"),
        OWN_LINK,
    ],
    roles=[role("97D", "RO218")],
)


def test_what_a_hub_commissions_does_not_take_the_icb_of_its_operator(
    result: dict[str, pl.DataFrame],
) -> None:
    assert row(result, "HMP2", "provider_code", "icb_code", "icb_reason") == (
        "R1",
        None,
        "commissioned_by_hub",
    )
    # A link of its own is a statement about itself.
    assert row(result, "HMP3", "icb_code", "icb_basis") == ("QWD", "geography")


LEEDS, IN_LEEDS = hub("97E", "QWE", "Y5E")
CLOSED = {"operational_end": date(2026, 8, 31), "status": "Inactive"}
ALL.add(
    [
        *LEEDS,
        organisation("15E", "RO98"),
        organisation("HMP4", "RO175", **CLOSED),
        organisation("HMP5", "RO175", **CLOSED),
        *(organisation(code, "RO175", **CLOSED) for code in ("HMP6", "HMP7")),
        organisation("RE1", "RO197"),
        organisation("QWP", "RO261"),
    ],
    [
        IN_LEEDS,
        # Nobody ended the links to their operator, which is in another ICB.
        *(link(code, "RE6", "RE1") for code in ("HMP6", "HMP7")),
        link("HMP6", "RE4", "97E", end="2026-08-31"),
        link("HMP7", "RE4", "15E", end="2026-08-31"),
        link("RE1", "RE8", "QWP"),
        link("15E", "RE5", "QWE", "2020-04-01"),
        link("HMP4", "RE4", "15E", end="2026-08-31"),
        link("HMP4", "RE4", "97E", "2026-10-01"),
        link("HMP5", "RE4", "15E", end="2026-07-31"),
        link("HMP5", "RE4", "97E", "2026-08-01"),
    ],
    roles=[role("97E", "RO218", "2010-04-01"), role("15E", "RO319", "2010-04-01")],
)


def test_what_closed_before_a_hub_commissioned_it_keeps_its_icb(result: dict[str, pl.DataFrame]) -> None:
    columns = ("sub_icb_code", "icb_code", "icb_reason")
    assert row(result, "HMP4", *columns) == ("15E", "QWE", None)
    assert row(result, "HMP5", *columns) == (None, None, "commissioned_by_hub")


def test_what_is_closed_takes_no_icb_of_an_operator_that_nobody_ended(
    result: dict[str, pl.DataFrame],
) -> None:
    columns = ("sub_icb_code", "icb_code", "provider_code")
    assert row(result, "HMP6", *columns, "icb_reason") == (None, None, "RE1", "commissioned_by_hub")
    assert row(result, "HMP7", *columns, "icb_basis") == ("15E", "QWE", "RE1", "commissioner")
    current = result["provider_hierarchy_current"].filter(pl.col("ods_code").is_in(["HMP6", "HMP7"]))
    assert current.select(columns).rows() == [(None, None, "RE1")] * 2


LEEDS, IN_LEEDS = hub("97F", "QWF", "Y5F")
ALL.add(
    [*LEEDS, organisation("P1", "RO177")],
    [link("P1", "RE4", "97F"), IN_LEEDS],
    roles=[role("97F", "RO218", "2022-07-01", "2024-06-30")],
)


def test_a_ccg_that_became_a_hub_is_each_in_its_time(result: dict[str, pl.DataFrame]) -> None:
    rows = result["provider_hierarchy"].filter(pl.col("valid_from") >= date(2020, 4, 1), ods_code="P1")
    assert rows.select("valid_from", "sub_icb_code", "icb_code", "icb_reason").rows() == [
        (date(2020, 4, 1), "97F", "QWF", None),
        (date(2022, 7, 1), None, None, "commissioned_by_hub"),
        (date(2024, 7, 1), "97F", "QWF", None),
    ]
    edges = result["hierarchy_edges"].filter(ods_code="P1", level="sub_icb").sort("part")
    assert edges.select("part", "valid_to").rows() == [(1, date(2022, 7, 1)), (2, None)]


ROLES_OF = {
    "C1": ["RO319"],
    "C2": ["RO319", "RO326"],
    "C3": ["RO319", "RO327"],
    "C4": ["RO319", "RO218"],
    "C5": [],  # a CCG
    "N1": ["RO327"],
    "N2": ["RO326"],
    "N3": ["RO218"],
}
ALL.add(
    [
        organisation("Q1", "RO261"),
        *(organisation(code, "RO98") for code in ROLES_OF),
        *(organisation(f"P-{code}", "RO177") for code in ROLES_OF),
    ],
    [
        *(link(f"P-{code}", "RE4", code) for code in ROLES_OF),
        *(link(code, "RE5", "Q1") for code in ROLES_OF),
    ],
    roles=[role(code, held) for code, several in ROLES_OF.items() for held in several],
)


def test_a_sub_icb_location_is_one_by_its_roles(result: dict[str, pl.DataFrame]) -> None:
    for code in ROLES_OF:
        expected = (code, code, "Q1") if code.startswith("C") else (code, None, None)
        assert row(result, f"P-{code}", "commissioner_code", "sub_icb_code", "icb_code") == expected, code


PRIMARY_ROLES = {"FA002": "RO182", "V00001": "RO110", "TP001": "RO167"}
ALL.add(
    [
        *(organisation(c, r) for c, r in (("QOP", "RO261"), ("Y62", "RO209"), ("42D", "RO98"))),
        organisation("HQ", "RO181"),
        *(organisation(c, r) for c, r in PRIMARY_ROLES.items()),
    ],
    [
        link("QOP", "RE2", "Y62", "2020-04-01"),
        link("HQ", "RE4", "42D"),
        # The head office has a sub-ICB location, and its shop, which has a commissioner, does not take it.
        *(link(code, "RE4", "QOP", "2023-04-01") for code in PRIMARY_ROLES),
        *(link(code, "RE6", "HQ") for code in PRIMARY_ROLES),
    ],
    roles=[role("42D", "RO319")],
)


def test_an_icb_that_commissions_itself_is_not_a_sub_icb_location(result: dict[str, pl.DataFrame]) -> None:
    columns = ("commissioner_code", "sub_icb_code", "sub_icb_reason", "icb_code", "icb_basis", "region_code")
    for code in PRIMARY_ROLES:
        assert row(result, code, *columns) == (
            *("QOP", None, "commissioned_by_icb"),
            *("QOP", "commissioner", "Y62"),
        )


ALL.add(
    [organisation("Y1", "RO177"), organisation("RX1", "RO197"), organisation("QRX", "RO261")],
    [link("Y1", "RE4", "RX1"), link("RX1", "RE5", "QRX")],
    roles=[],
)


def test_a_trust_that_commissions_stays_the_commissioner(result: dict[str, pl.DataFrame]) -> None:
    columns = ("commissioner_code", "sub_icb_code", "sub_icb_reason", "icb_code", "icb_reason")
    by_other = "commissioned_by_other"
    assert row(result, "Y1", *columns) == ("RX1", None, by_other, None, by_other)


COUNTRIES = {"GUE001": "GUERNSEY", "W92003": "WALES", "F83004": None, "JER012": "JERSEY"}
ABROAD = [organisation(c, "RO177", country=country) for c, country in COUNTRIES.items()]
ABROAD += [organisation("S10002", "RO227"), organisation("Z00001", "RO315")]
ALL.add(ABROAD, roles=[role(c, "RO76") for c in COUNTRIES])


def test_practices_of_other_countries(result: dict[str, pl.DataFrame]) -> None:
    codes = [row["ods_code"] for row in ABROAD]
    current = result["provider_hierarchy_current"].filter(pl.col("ods_code").is_in(codes))
    assert dict(current.select("ods_code", "country").iter_rows()) == {
        **COUNTRIES,
        "S10002": None,
        "Z00001": None,
    }
    outside = current.filter(icb_reason="outside_england")["ods_code"].to_list()
    assert outside == ["GUE001", "JER012", "S10002", "W92003", "Z00001"]


ALL.add(
    [organisation("F83005", "RO177"), organisation("C6", "RO98"), organisation("Q6", "RO261")],
    [link("F83005", "RE4", "C6"), link("C6", "RE5", "Q6")],
    roles=[
        role("F83005", "RO76", "2010-04-01", "2012-12-31"),
        role("F83005", "RO76", "2014-04-15"),
        role("C6", "RO319", "2022-07-01", "2023-03-31"),
        role("C6", "RO319", "2023-03-01"),
    ],
)


def test_a_role_held_twice_makes_no_second_row(result: dict[str, pl.DataFrame]) -> None:
    assert result["organisation_parents"]["ods_code"].is_unique().all()
    assert result["hierarchy_edges"].filter(ods_code="F83005", level="sub_icb").height == 1
    kinds = result["provider_hierarchy"].filter(ods_code="F83005")["kind"].unique(maintain_order=True)
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
