"""The provenance of a build depends on its captures alone."""

from datetime import date

import polars as pl

from ods_pipeline.publish.build_info import provenance
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import sample_root


def test_provenance_depends_on_the_captures_and_not_on_their_order() -> None:
    captures = pl.read_parquet(sample_root().path / TABLES["captures"].path)
    origin = provenance(captures, date(2026, 9, 4))
    assert provenance(captures.reverse(), date(2026, 9, 4)) == origin
    other = captures.with_columns(sha256=pl.col("sha256").str.reverse())
    assert provenance(other, date(2026, 9, 4))["inputs_sha256"] != origin["inputs_sha256"]
    assert provenance(captures.head(7), date(2026, 9, 4))["captures"] == "7"
