"""The commissioners of the real reports of October 2019 come back from the hierarchy, all of them."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.real_reports import DAY, memberships, practices, reports_root

OPEN_ON_THE_DAY = (pl.col("start") <= DAY) & (pl.col("end").is_null() | (pl.col("end") >= DAY))
Reports = tuple[pl.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def reports(shared: Path) -> Reports:
    return practices(shared), memberships(shared)


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def build(shared: Path) -> Path:
    return reports_root(shared).path


def mart(build: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(build / TABLES[name].path)


@pytest.mark.promise("audited")
def test_every_open_code_has_the_commissioner_of_column_15(reports: Reports, build: Path) -> None:
    report, links = reports
    expected = links.filter(OPEN_ON_THE_DAY).select("code").join(report, on="code")
    assert expected.height == expected["code"].n_unique() == 11_812
    answer = mart(build, "provider_hierarchy_current").select(
        "ods_code", "commissioner_code", "kind", "as_of"
    )
    both = expected.join(answer, left_on="code", right_on="ods_code")
    assert both.height == 11_812
    assert both.filter(pl.col("commissioner").ne_missing(pl.col("commissioner_code"))).is_empty()
    assert both["as_of"].unique().to_list() == [DAY]
    assert both["kind"].value_counts().sort("kind").rows() == [
        ("gp_practice", 7_128),
        ("prescribing_cost_centre", 11_812 - 7_128),
    ]


def test_closed_codes_keep_their_last_commissioner(reports: Reports, build: Path) -> None:
    report, links = reports
    closed = report.join(links.filter(OPEN_ON_THE_DAY), on="code", how="anti")
    closed = closed.filter(pl.col("commissioner").is_not_null()).join(links, on="code", how="semi")
    assert closed.height == 2_324
    hierarchy = mart(build, "provider_hierarchy").filter(pl.col("commissioner_code").is_not_null())
    last = hierarchy.sort("ods_code", "valid_from").group_by("ods_code").last()
    both = closed.join(last, left_on="code", right_on="ods_code")
    assert both.height == 2_324
    assert both.filter(pl.col("commissioner") != pl.col("commissioner_code")).is_empty()
    assert both.filter(pl.col("valid_to").is_null() | (pl.col("valid_to") > DAY)).is_empty()


def test_codes_without_a_membership_have_no_commissioner(reports: Reports, build: Path) -> None:
    report, links = reports
    without = report.join(links, on="code", how="anti")
    assert without.height == 167
    rows = mart(build, "provider_hierarchy").join(without, left_on="ods_code", right_on="code", how="semi")
    assert rows["ods_code"].n_unique() == 167
    assert rows["commissioner_code"].null_count() == rows.height


@pytest.mark.promise("no_guess")
def test_every_interval_comes_back_from_the_edges(reports: Reports, build: Path) -> None:
    _, links = reports
    edges = mart(build, "hierarchy_edges").filter(level="commissioner")
    answer = edges.select(
        id="unique_rel_id",
        code="ods_code",
        parent="parent_code",
        start="valid_from",
        end=pl.col("valid_to") - timedelta(days=1),
    )
    assert answer.height == links.height == 47_822
    assert answer.sort("id").equals(links.select(answer.columns).sort("id"))


def test_two_intervals_that_touch_with_the_same_parent_stay_two(reports: Reports, build: Path) -> None:
    _, links = reports
    ordered = links.sort("code", "start")
    following = {name: pl.col(name).shift(-1).over("code") for name in ("id", "parent", "start")}
    pairs = ordered.with_columns(**{f"next_{name}": value for name, value in following.items()}).filter(
        (pl.col("parent") == pl.col("next_parent"))
        & (pl.col("end") + timedelta(days=1) == pl.col("next_start"))
    )
    assert pairs.height == 81
    chosen = mart(build, "hierarchy_parents").filter(level="commissioner")
    first = pairs.join(chosen, left_on="id", right_on="unique_rel_id")
    second = pairs.join(chosen, left_on="next_id", right_on="unique_rel_id")
    assert first["valid_to"].to_list() == second["valid_from"].to_list() == pairs["next_start"].to_list()


def test_no_membership_overlaps_another_and_none_is_ambiguous(build: Path) -> None:
    hierarchy = mart(build, "provider_hierarchy")
    assert not hierarchy["is_ambiguous"].any()
    rows = hierarchy.sort("ods_code", "valid_from")
    next_from = pl.col("valid_from").shift(-1).over("ods_code")
    ends = pl.col("valid_to").fill_null(date(9999, 12, 31))
    assert rows.filter(ends > next_from).is_empty()


def test_the_practices_with_an_open_membership_are_there_with_their_commissioner(
    reports: Reports, build: Path
) -> None:
    report, links = reports
    held = mart(build, "gp_practices")
    with_link = links.filter(OPEN_ON_THE_DAY).select("code")
    assert with_link.height == 11_812
    result = with_link.join(held, left_on="code", right_on="ods_code")
    assert result.height == 7_128
    commissioner = result.join(report, on="code").select("commissioner", "sub_icb_code")
    both = commissioner.drop_nulls("sub_icb_code")
    assert both.height > 6_500
    assert both.filter(pl.col("commissioner") != pl.col("sub_icb_code")).is_empty()
