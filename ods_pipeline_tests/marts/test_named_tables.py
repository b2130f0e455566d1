"""The named tables on the sample: rows of organisations whose story is known (data/sample/README.md)."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row, mart_on


@pytest.fixture(scope="module")
def sample() -> Path:
    return sample_root().path


def rows(sample: Path, mart: str) -> dict[str, Row]:
    table = TABLES[mart]
    frame = pl.read_parquet(sample / table.path)
    return {row[table.key[0]]: row for row in frame.to_dicts()}


def some(row: Row, *names: str) -> tuple[object, ...]:
    return tuple(row[name] for name in names)


def test_a_practice_has_its_pcn_icb_and_region(sample: Path) -> None:
    practices = rows(sample, "gp_practices")
    answer = some(practices["E83003"], "openness", "pcn_code", "sub_icb_code", "icb_code", "region_code")
    assert answer == ("open", "U90001", "93C", "Z9B2Z", "Y56")
    assert {row["setting_role_id"] for row in practices.values()} == {"RO76"}
    assert practices["E83003"]["country"] == "ENGLAND"
    assert [code for code, row in practices.items() if row["is_ambiguous"]] == ["Y99904"]


def test_a_closed_practice_keeps_the_parents_it_had_last(sample: Path) -> None:
    closed = rows(sample, "gp_practices")["Y99901"]
    answer = some(closed, "openness", "closed_on", "pcn_code", "icb_code", "parents_are_past")
    assert answer == ("closed", date(2026, 8, 25), "U90001", "Z9B2Z", True)


def test_a_practice_that_has_yet_to_open_shows_what_it_will_have(sample: Path) -> None:
    answer = {
        day: mart_on("gp_practices", sample, day).row(by_predicate=pl.col("ods_code") == "E83003", named=True)
        for day in (date(1974, 3, 31), date(2026, 9, 4))
    }
    assert [row["openness"] for row in answer.values()] == ["not_yet_open", "open"]
    assert not answer[date(1974, 3, 31)]["parents_are_past"]


def test_sites_keep_their_codes_when_trusts_merge(sample: Path) -> None:
    sites = rows(sample, "trust_sites")
    assert some(sites["TAF01"], "trust_code", "icb_code", "region_code") == ("G6V2S", "Z9B2Z", "Y56")
    assert some(sites["RNK01"], "trust_code", "trust_openness") == ("RNK", "legally_closed")


def test_one_care_home_and_its_group(sample: Path) -> None:
    sites = rows(sample, "social_care_sites")
    open_one, closed_one, both = sites["D8M2P"], sites["VM903"], sites["VM904"]
    assert some(open_one, "hq_code", "sibling_count", "care_home", "domiciliary") == ("A9C1X", 1, True, False)
    assert some(both, "hq_code", "sibling_count", "care_home", "domiciliary") == ("A9C1X", 1, True, True)
    answer = some(closed_one, "openness", "hq_code", "sibling_count", "care_home", "replaced_by")
    assert answer == ("closed", "C9902", 2, False, [])
    assert closed_one["candidate_codes"] == ["D8M2P"]


def test_who_is_paid_for_a_vaccination_site(sample: Path) -> None:
    frame = pl.read_parquet(sample / TABLES["vaccination_sites"].path)
    answer = frame.select(
        "site_code", "valid_from", "valid_to", "parent_code", "parent_kind", "icb_code"
    ).rows()
    assert answer == [
        ("K1V4C", date(2021, 1, 18), date(2026, 8, 1), "P9X1", "pharmacy_hq", None),
        (
            "K1V4C",
            date(2026, 8, 1),
            None,
            "P9X1",
            "pharmacy_hq",
            "Z9B2Z",
        ),  # by its postcode: NSPL of August 2026
        ("R3C7V", date(2021, 1, 11), date(2026, 4, 1), "RKE", "trust", "QMJ"),
        ("R3C7V", date(2026, 4, 1), None, "RKE", "trust", "Z9B2Z"),
    ]
    assert frame["address"].to_list()[2].startswith("LEISURE CENTRE, ")
    assert frame["uprn"].to_list() == [900000000116, 900000000116, None, None]


def test_the_payee_of_a_pcn_changes_and_the_membership_is_cut(sample: Path) -> None:
    frame = pl.read_parquet(sample / TABLES["pcn_membership"].path)
    answer = frame.filter(pl.col("practice_code") == "F83003").select(
        "pcn_code", "valid_from", "valid_to", "nominated_payee_code", "sub_icb_code"
    )
    assert answer.rows() == [
        ("U90003", date(2019, 7, 1), date(2020, 4, 1), "F83023", "07R"),
        ("U90003", date(2020, 4, 1), date(2022, 4, 1), "F83023", "93C"),
        ("U90003", date(2022, 4, 1), None, "F83017", "93C"),
    ]


def test_a_change_of_pcn_that_is_announced_has_its_row_already(sample: Path) -> None:
    frame = pl.read_parquet(sample / TABLES["pcn_membership"].path)
    answer = frame.filter(pl.col("practice_code") == "Y99903").select("pcn_code", "valid_from", "valid_to")
    assert answer.rows()[-2:] == [
        ("U90001", date(2020, 4, 1), date(2026, 10, 1)),
        ("U90002", date(2026, 10, 1), None),
    ]


def test_the_finder_has_the_head_office_and_how_many_it_runs(sample: Path) -> None:
    codes = rows(sample, "code_finder")
    assert some(codes["TAF01"], "hq_code", "site_count", "postcode_key") == ("G6V2S", 0, "NW19XL")
    assert some(codes["G6V2S"], "hq_code", "site_count") == (None, 9)
    assert some(codes["NZ902"], "openness", "postcode") == ("deleted", None)
    assert codes["QM7"]["replaced_by"] == ["D7T5G", "S1Y5D"]


def test_coverage_of_the_sample_is_as_expected(sample: Path) -> None:
    frame = pl.read_parquet(sample / TABLES["coverage"].path)
    assert frame.filter(pl.col("share") < pl.col("expected_share")).is_empty()
    trusts = frame.row(by_predicate=(pl.col("kind") == "trust") & (pl.col("level") == "icb"), named=True)
    assert some(trusts, "codes", "open_codes", "with_parent", "no_link") == (279, 204, 201, 0)
    # Three Welsh trusts can have no ICB, and the prison's hub hands none down: neither counts as a gap.
    assert some(trusts, "outside_england", "can_have", "share") == (3, 201, 1.0)
    prison = frame.row(by_predicate=(pl.col("kind") == "prison") & (pl.col("level") == "icb"), named=True)
    assert some(prison, "open_codes", "commissioned_by_hub", "can_have") == (1, 1, 0)
