"""Kinds over time, where closed codes belonged, inferred successors."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.marts.build import kinds_of_organisation
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.marts import KINDS
from ods_pipeline_tests.support.rooms import of_sample, sample_root
from ods_pipeline_tests.support.small_registers import (
    ended,
    link,
    mart_on,
    marts_on,
    organisation,
    write,
)

TODAY = date(2026, 9, 4)


def test_a_cost_centre_is_a_practice_while_it_has_the_role(tmp_path: Path) -> None:
    roles = [
        {"ods_code": "P1", "role_id": "RO76", "unique_role_id": 1, "operational_start": date(2012, 1, 1)}
        | {"operational_end": date(2015, 3, 31)},
        {"ods_code": "P2", "role_id": "RO76", "unique_role_id": 2, "operational_start": date(2010, 4, 1)}
        | {"operational_end": date(2015, 3, 31)},
    ]
    organisations = [
        organisation("P1", "RO177"),
        organisation("P2", "RO177", **ended("2015-03-31")),
        organisation("P3", "RO177"),
    ]
    result = marts_on(
        write(tmp_path, organisations, roles=roles), TODAY, "organisation_status", "provider_hierarchy"
    )
    kinds = (
        result["organisation_kinds"].select(pl.col("valid_from").cast(pl.String), "ods_code", "kind").rows()
    )
    assert kinds == [
        ("2010-04-01", "P1", "prescribing_cost_centre"),
        ("2012-01-01", "P1", "gp_practice"),
        ("2015-04-01", "P1", "prescribing_cost_centre"),
        ("2010-04-01", "P2", "gp_practice"),
        ("2010-04-01", "P3", "prescribing_cost_centre"),
    ]
    states = {row["ods_code"]: row["kind"] for row in result["organisation_status"].to_dicts()}
    assert states == {"P1": "prescribing_cost_centre", "P2": "gp_practice", "P3": "prescribing_cost_centre"}
    assert result["provider_hierarchy"].filter(ods_code="P1").height == 3


def test_a_deleted_code_is_what_its_primary_role_alone_makes_it(tmp_path: Path) -> None:
    notice = {"deleted_on": date(2026, 8, 1), "source": "ord_notifications", "state": "confirmed"}
    roles = {"D1": "RO177", "D2": "RO98", "D3": "RO197", "D4": "RO999"}
    deletions = [{"ods_code": code, "primary_role_id": role, **notice} for code, role in roles.items()]
    frame = mart_on("organisation_status", write(tmp_path, [], deletions=deletions), TODAY)
    assert dict(frame.select("ods_code", "kind").iter_rows()) == {
        "D1": "prescribing_cost_centre",
        "D2": "sub_icb",
        "D3": "trust",
        "D4": "other",
    }


def test_no_two_rules_give_one_organisation_two_kinds() -> None:
    rules = kinds_of_organisation()
    assert rules.select("primary_role_id", "with_role_id").is_unique().all()
    assert rules.select("primary_role_id", "preference").is_unique().all()
    assert set(rules["kind"]) == set(KINDS)


def test_a_closed_code_shows_where_it_belonged_and_where_it_went() -> None:
    result = of_sample("closed_codes")
    rhc, vm903, rrp = result["RHC"], result["VM903"], result["RRP"]
    assert (rhc["successor_codes"], rhc["terminal_codes"], rhc["successor_count"]) == (["RRP"], ["G6V2S"], 1)
    assert (rrp["kind"], rrp["last_provider_code"], rrp["last_icb_code"]) == ("trust", "RRP", "Z9B2Z")
    assert (vm903["last_provider_code"], vm903["last_icb_code"]) == ("C9902", "QMJ")
    assert (vm903["successor_codes"], vm903["terminal_codes"], vm903["candidate_codes"]) == (
        [],
        [],
        ["D8M2P"],
    )
    assert result["NZ902"]["last_provider_code"] is None


def test_the_care_home_that_closed_and_reopened_next_door_is_a_candidate() -> None:
    (row,) = pl.read_parquet(sample_root().path / TABLES["successor_candidates"].path).to_dicts()
    assert (row["old_code"], row["candidate_code"], row["days_between"]) == ("VM903", "D8M2P", 0)
    assert row["reason"] == "Same UPRN, same name, opened the day after"
    assert row["score"] == 1.0


def test_candidates_are_of_the_same_place_kind_and_time(tmp_path: Path) -> None:
    here = {"postcode": "N1 1AA", "name": "ROSE LODGE CARE HOME"}
    old = organisation("OLD", "RO101", **here, **ended("2025-06-30"))
    recorded = organisation("TOLD", "RO101", **here, **ended("2025-06-30"))
    start = {"operational_start": date(2025, 7, 15)}
    others = [
        organisation("LIKE", "RO101", postcode="N11AA", name="ROSE LODGE RESIDENTIAL HOME", **start),
        organisation("OTHERNAME", "RO101", postcode="N1 1AA", name="THE WILLOWS", **start),
        organisation("OTHERKIND", "RO182", **here, **start),
        organisation("OTHERPLACE", "RO101", postcode="N2 2BB", name="ROSE LODGE CARE HOME", **start),
        organisation("LATER", "RO101", **here, operational_start=date(2026, 2, 1)),
        organisation("KNOWN", "RO101", **here, **start),
    ]
    succession = {"ods_code": "TOLD", "succession_type": "Successor", "target_ods_code": "KNOWN"}
    succession["legal_start"] = date(2025, 7, 15)
    build = write(tmp_path, [old, recorded, *others], successions=[succession])
    rows = mart_on("successor_candidates", build, TODAY).to_dicts()
    assert [(row["old_code"], row["candidate_code"]) for row in rows] == [("OLD", "LIKE")]
    assert rows[0]["reason"] == "Same postcode, same name, opened 15 days after"
    assert 0.6 < rows[0]["score"] < 0.8


@pytest.mark.parametrize(("old", "new"), [("RO119", "RO141"), ("RO107", "RO197")])
def test_a_candidate_may_have_another_role_of_the_same_kind(tmp_path: Path, old: str, new: str) -> None:
    organisations = [
        organisation("OLD", old, uprn=5, **ended("2021-03-31")),
        organisation("NEW", new, uprn=5, operational_start=date(2021, 4, 1)),
    ]
    (row,) = mart_on("successor_candidates", write(tmp_path, organisations), TODAY).to_dicts()
    assert (row["old_code"], row["candidate_code"]) == ("OLD", "NEW")


def test_an_organisation_with_legal_dates_alone_lives_between_them(tmp_path: Path) -> None:
    organisations = [
        organisation(
            "OVER", "RO197", operational_start=None, legal_start=date(2015, 1, 1), legal_end=date(2020, 3, 31)
        ),
        organisation("LATER", "RO197", operational_start=None, legal_start=date(2027, 1, 1), legal_end=None),
    ]
    result = marts_on(write(tmp_path, organisations), TODAY, "provider_hierarchy_current", "closed_codes")
    assert result["provider_hierarchy_current"].is_empty()
    assert result["closed_codes"]["ods_code"].to_list() == ["OVER"]


@pytest.mark.promise("no_guess")
def test_a_link_without_a_start_never_shows_and_one_without_an_end_ended_with_its_record(
    tmp_path: Path,
) -> None:
    organisations = [
        organisation("S1", "RO198", last_change_date=date(2020, 1, 1)),
        organisation("R1", "RO197"),
        organisation("R2", "RO197"),
    ]
    links = [
        {**link("S1", "RE6", "R1"), "operational_start": None},
        {**link("S1", "RE6", "R2", "2015-04-01"), "status": "Inactive"},
        {**link("S1", "RE6", "GONE", "2019-04-01"), "target_primary_role_id": "RO197"},
    ]
    result = marts_on(write(tmp_path, organisations, links), TODAY, "provider_hierarchy")
    edges = result["hierarchy_edges"].select(
        "parent_code", "level", "valid_from", "valid_to", "end_is_inferred"
    )
    assert sorted(edges.rows(), key=str) == [
        ("GONE", "operator", date(2019, 4, 1), None, False),
        ("R1", "operator", None, None, False),
        ("R2", "operator", date(2015, 4, 1), date(2020, 1, 1), True),
    ]
    rows = result["provider_hierarchy"].filter(ods_code="S1")
    assert rows.select("provider_code", pl.col("valid_from").cast(pl.String)).rows() == [
        ("S1", "2010-04-01"),
        ("R2", "2015-04-01"),
        ("S1", "2020-01-01"),
    ]
