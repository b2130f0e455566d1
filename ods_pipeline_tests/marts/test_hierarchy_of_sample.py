"""The hierarchy of the sample against a slow oracle, on all its days, and the rules that it is made by."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.marts.build import hierarchy_rules
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.oracles.marts import Oracle
from ods_pipeline_tests.support.hierarchies import TODAY, assert_rederived
from ods_pipeline_tests.support.rooms import of_sample, sample_root
from ods_pipeline_tests.support.small_registers import mart_on


@pytest.fixture(scope="module")
def sample() -> Path:
    return sample_root().path


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
def test_two_open_links_of_the_sample_are_ambiguous() -> None:
    practices = {
        c: r for c, r in of_sample("provider_hierarchy_current").items() if r["kind"] == "gp_practice"
    }
    assert [code for code, row in practices.items() if row["is_ambiguous"]] == ["Y99904"]


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
        "area_as_commissioner_code",
        "postcode_icb_code",
    }
    assert levels <= shown
    assert rules.select("level", "child_role", "rel_id", "parent_role").is_unique().all()
