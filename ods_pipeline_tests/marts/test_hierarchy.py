"""The hierarchy against a slow oracle: on the sample and on small registers."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.marts.build import hierarchy_rules
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.marts import KINDS
from ods_pipeline_tests.oracles.marts import Oracle
from ods_pipeline_tests.support.hierarchies import TODAY, assert_rederived, hierarchy
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import link, mart_on, marts_on, organisation, write

DAYS = [date(2024, 6, 30), date(2026, 3, 31), date(2026, 4, 1), TODAY, date(2026, 10, 1)]


@pytest.fixture(scope="module")
def sample() -> Path:
    return sample_root().path


@pytest.mark.promise("audited")
@pytest.mark.parametrize("today", DAYS, ids=str)
def test_the_hierarchy_of_the_sample_is_the_oracle_s(sample: Path, today: date) -> None:
    result = hierarchy(sample, today)
    assert len(result) > 490
    assert {row["kind"] for row in result.values()} < set(KINDS)
    assert sum(row["icb_code"] is not None for row in result.values()) > 100


@pytest.mark.promise("no_guess")
def test_every_row_of_the_sample_is_rederived_edge_by_edge(sample: Path) -> None:
    oracle = Oracle(sample, TODAY)
    days = oracle.days()
    assert len(days) > 100
    frame = mart_on("provider_hierarchy", sample, TODAY)
    assert frame["ods_code"].n_unique() == len(oracle.organisations)
    assert_rederived(frame, oracle, [*days[::4], date(2026, 3, 31), date(2026, 4, 1)])


def test_the_hierarchy_changes_with_the_day(sample: Path) -> None:
    frame = pl.read_parquet(sample / TABLES["provider_hierarchy"].path)

    def answer(code: str, column: str) -> list[tuple[str, str | None]]:
        rows = frame.filter(ods_code=code).select(pl.col("valid_from").cast(pl.String), column).rows()
        return [row for before, row in pairwise([(None, None), *rows]) if row[1] != before[1]]

    assert answer("RQW", "icb_code") == [("2020-04-01", "QM7"), ("2026-04-01", "D7T5G")]
    assert answer("Y99903", "pcn_code") == [("2019-07-01", "U90001"), ("2026-10-01", "U90002")]


@pytest.mark.promise("no_guess")
def test_two_open_links_of_the_sample_are_ambiguous(sample: Path) -> None:
    assert [
        c for c, row in hierarchy(sample).items() if row["kind"] == "gp_practice" and row["is_ambiguous"]
    ] == ["Y99904"]


@pytest.mark.promise("no_guess")
def test_every_rule_has_a_citation_and_a_level_of_the_mart() -> None:
    rules = hierarchy_rules()
    assert rules["citation"].str.len_chars().min() > 10
    levels = {f"{level}_code" for level in rules["level"]}
    # What a commissioner hands down shows as its own column; a hub as commissioner, an area as area.
    shown = {
        *TABLES["provider_hierarchy_current"].columns,
        "hub_code",
        "commissioning_area_code",
        "postcode_icb_code",
    }
    assert levels <= shown
    assert rules.select("level", "child_role", "rel_id", "parent_role").is_unique().all()


def test_an_operator_chain_is_followed_to_its_top(tmp_path: Path) -> None:
    organisations = [organisation("V1", "RO101"), organisation("V2", "RO104"), organisation("V3", "RO104")]
    result = hierarchy(write(tmp_path, organisations, [link("V1", "RE6", "V2"), link("V2", "RE6", "V3")]))
    assert [result[c]["operator_code"] for c in ("V1", "V2", "V3")] == ["V2", "V3", None]
    assert [result[c]["provider_code"] for c in ("V1", "V2", "V3")] == ["V3", "V3", "V3"]


def test_a_cycle_of_operators_ends(tmp_path: Path) -> None:
    organisations = [
        organisation("V1", "RO104"),
        organisation("V2", "RO104"),
        organisation("V3", "RO101"),
        organisation("V4", "RO101"),
    ]
    links = [
        link("V1", "RE6", "V2"),
        link("V2", "RE6", "V1"),
        link("V3", "RE6", "V1"),
        link("V4", "RE6", "V4"),
    ]
    result = hierarchy(write(tmp_path, organisations, links))
    providers = {code: row["provider_code"] for code, row in result.items()}
    assert providers == {"V1": "V2", "V2": "V1", "V3": "V2", "V4": "V4"}


def test_of_two_open_pcn_links_the_later_start_wins_and_is_flagged(tmp_path: Path) -> None:
    organisations = [organisation("P1", "RO177"), organisation("U1", "RO272"), organisation("U2", "RO272")]
    links = [link("P1", "RE8", "U2", "2020-07-01"), link("P1", "RE8", "U1", "2023-07-01")]
    row = hierarchy(write(tmp_path, organisations, links))["P1"]
    assert (row["pcn_code"], row["is_ambiguous"]) == ("U1", True)


def test_one_parent_held_twice_is_not_ambiguous(tmp_path: Path) -> None:
    organisations = [organisation("P1", "RO177"), organisation("U1", "RO272")]
    links = [link("P1", "RE8", "U1", "2020-07-01"), link("P1", "RE8", "U1", "2023-07-01")]
    row = hierarchy(write(tmp_path, organisations, links))["P1"]
    assert (row["pcn_code"], row["is_ambiguous"]) == ("U1", False)


@pytest.mark.promise("dates")
@pytest.mark.promise("no_guess")
@pytest.mark.parametrize(("today", "pcn"), [("2026-09-30", "U1"), ("2026-10-01", "U2")])
def test_a_future_link_does_not_show_and_an_ended_one_never_wins(
    tmp_path: Path, today: str, pcn: str
) -> None:
    organisations = [organisation("P1", "RO177"), organisation("U1", "RO272"), organisation("U2", "RO272")]
    links = [link("P1", "RE8", "U1", "2020-07-01", "2026-09-30"), link("P1", "RE8", "U2", "2026-10-01")]
    row = hierarchy(write(tmp_path, organisations, links), date.fromisoformat(today))["P1"]
    assert (row["pcn_code"], row["is_ambiguous"]) == (pcn, False)


@pytest.mark.promise("no_guess")
@pytest.mark.parametrize("role", ["RO98", "RO261"])
def test_a_commissioner_is_never_an_operator(tmp_path: Path, role: str) -> None:
    organisations = [organisation("S1", "RO198"), organisation("R1", "RO197"), organisation("Q1", role)]
    links = [
        link("S1", "RE6", "R1", "2015-04-01"),
        link("S1", "RE6", "Q1", "2020-04-01"),
        link("R1", "RE6", "Q1"),
    ]
    result = hierarchy(write(tmp_path, organisations, links))
    assert [result[c]["operator_code"] for c in ("S1", "R1")] == ["R1", None]
    assert [result[c]["provider_code"] for c in ("S1", "R1")] == ["R1", "R1"]
    assert not result["S1"]["is_ambiguous"]


def test_the_commissioner_s_icb_comes_before_partner_and_geography(tmp_path: Path) -> None:
    icbs = [
        organisation("Q1", "RO261"),
        organisation("Q2", "RO261"),
        organisation("Y1", "RO209"),
        organisation("C1", "RO98"),
    ]
    organisations = [
        *icbs,
        organisation("P1", "RO177"),
        organisation("R1", "RO197"),
        organisation("S1", "RO198"),
        organisation("R2", "RO197"),
    ]
    links = [
        link("P1", "RE4", "C1"),
        link("C1", "RE5", "Q1"),
        link("P1", "RE5", "Q2"),
        link("Q1", "RE2", "Y1"),
    ]
    links += [
        link("R1", "RE8", "Q1"),
        link("R1", "RE5", "Q2"),
        link("S1", "RE6", "R1"),
        link("R2", "RE5", "Q2"),
    ]
    result = hierarchy(write(tmp_path, organisations, links))
    answer = {
        c: tuple(result[c][k] for k in ("icb_code", "icb_basis", "region_code"))
        for c in ("P1", "R1", "S1", "R2")
    }
    partner, geography = ("Q1", "partner", "Y1"), ("Q2", "geography", None)
    assert answer == {"P1": ("Q1", "commissioner", "Y1"), "R1": partner, "S1": partner, "R2": geography}


def test_a_preferred_relationship_beats_a_later_start(tmp_path: Path) -> None:
    organisations = [
        organisation("P1", "RO177"),
        organisation("C1", "RO98"),
        organisation("Q1", "RO261"),
        organisation("Q2", "RO261"),
    ]
    links = [
        link("P1", "RE4", "C1"),
        link("C1", "RE5", "Q1", "2015-04-01"),
        link("C1", "RE2", "Q2", "2023-04-01"),
    ]
    row = hierarchy(write(tmp_path, organisations, links))["P1"]
    assert (row["commissioning_icb_code"], row["is_ambiguous"]) == ("Q1", False)


@pytest.mark.promise("no_guess")
def test_of_two_commissioners_of_the_operator_one_that_does_not_count_makes_nothing_ambiguous(
    tmp_path: Path,
) -> None:
    """A site takes the ICB of its operator; that the operator names a trust too makes no choice of ICBs."""
    organisations = [
        organisation("S1", "RO198"),
        organisation("R1", "RO197"),
        organisation("R2", "RO197"),
        organisation("Q1", "RO261"),
    ]
    links = [link("S1", "RE6", "R1"), link("R1", "RE4", "R2"), link("R1", "RE4", "Q1")]
    result = hierarchy(write(tmp_path, organisations, links))
    assert [result[c]["icb_code"] for c in ("S1", "R1")] == ["Q1", "Q1"]
    assert [result[c]["is_ambiguous"] for c in ("S1", "R1")] == [False, True]


@pytest.mark.promise("dates")
@pytest.mark.parametrize(
    ("rel", "role", "of_icb"),
    [("RE4", "RO98", False), ("RE8", "RO261", False), ("RE5", "RO261", False), ("RE2", "RO209", True)],
)
def test_a_link_to_a_code_that_is_not_held_is_a_reason_for_its_own_days(
    tmp_path: Path, rel: str, role: str, of_icb: bool
) -> None:
    """Such a link, of the organisation or of its ICB to a region, explains nothing once it is over."""
    organisations = [organisation("R1", "RO197"), organisation("Q1", "RO261")]
    nowhere = link("Q1" if of_icb else "R1", rel, "GONE", "2026-08-01", "2026-09-03")
    links = [nowhere | {"target_primary_role_id": role}, *([link("R1", "RE8", "Q1")] if of_icb else [])]
    column = "region_reason" if of_icb else "icb_reason"
    frame = mart_on("provider_hierarchy", write(tmp_path, organisations, links), TODAY)
    rows = frame.filter(pl.col("ods_code") == "R1").sort("valid_from")
    reasons = [(row["valid_from"], row[column]) for row in rows.to_dicts() if row["valid_from"].year == 2026]
    assert reasons == [(date(2026, 8, 1), "target_unknown"), (date(2026, 9, 4), "none_stated")]
    before = rows.filter(pl.col("valid_to") == date(2026, 8, 1))
    assert before[column].to_list() == ["none_stated"]


@pytest.mark.promise("dates")
def test_a_link_to_nowhere_that_holds_on_no_day_is_no_reason_on_any(tmp_path: Path) -> None:
    """It is inactive without an end, from the day on which it begins: that of its record's last change."""
    organisations = [organisation("R1", "RO197") | {"last_change_date": TODAY}]
    nowhere = link("R1", "RE4", "GONE", str(TODAY)) | {"status": "Inactive", "target_primary_role_id": "RO98"}
    rows = marts_on(write(tmp_path, organisations, [nowhere]), TODAY, "provider_hierarchy")[
        "provider_hierarchy"
    ]
    assert rows["icb_reason"].to_list() == rows["region_reason"].to_list()
    assert "target_unknown" not in rows["icb_reason"]


@pytest.mark.promise("dates")
def test_a_role_that_was_over_before_the_organisation_began_never_counts(tmp_path: Path) -> None:
    """C1 is not a region office (RO327) by a role that ended before its first day."""
    organisations = [
        organisation("P1", "RO177"),
        organisation("C1", "RO98") | {"operational_start": date(2026, 9, 7)},
    ]
    roles = [
        {
            "ods_code": "C1",
            "unique_role_id": 1,
            "role_id": "RO327",
            "operational_start": date(2026, 9, 1),
            "operational_end": date(2026, 9, 5),
        }
    ]
    build = write(tmp_path, organisations, [link("P1", "RE4", "C1")], roles=roles)
    frame = mart_on("provider_hierarchy", build, TODAY)
    rows = frame.filter(
        (pl.col("ods_code") == "P1") & (pl.col("valid_to") > date(2026, 9, 1)).fill_null(True)
    )
    assert rows["sub_icb_code"].to_list() == ["C1"] * rows.height and rows.height > 0
    assert hierarchy(build)["P1"]["sub_icb_code"] == "C1"
