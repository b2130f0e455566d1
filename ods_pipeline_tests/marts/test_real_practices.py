"""The GP practices of the real reports of October 2019 are in gp_practices, all of them and no others."""

from pathlib import Path

import polars as pl

from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.real_reports import DAY, memberships, practices, reports_root

OPEN_ON_THE_DAY = (pl.col("start") <= DAY) & (pl.col("end").is_null() | (pl.col("end") >= DAY))


def test_the_practices_with_an_open_membership_are_there_with_their_commissioner(shared: Path) -> None:
    held = pl.read_parquet(reports_root(shared).path / TABLES["gp_practices"].path)
    with_link = memberships(shared).filter(OPEN_ON_THE_DAY).select("code")
    assert with_link.height == 11_812
    result = with_link.join(held, left_on="code", right_on="ods_code")
    assert result.height == 7_128
    commissioner = result.join(practices(shared), on="code").select("commissioner", "sub_icb_code")
    both = commissioner.drop_nulls("sub_icb_code")
    assert both.height > 6_500
    assert both.filter(pl.col("commissioner") != pl.col("sub_icb_code")).is_empty()
