"""The check `reconcile` of the published set, run by Dagster on the sample with reports made from it."""

from pathlib import Path

import dagster as dg
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.assets.published import ODS_DUCKDB
from ods_pipeline.defs.instance import open_instance
from ods_pipeline_tests.reconcile.small_reports import trusts_of_sample
from ods_pipeline_tests.support.official_reports import as_file
from ods_pipeline_tests.support.rooms import copy_of, sample_root

pytestmark = pytest.mark.promise("audited")


def evaluated(root: DataRoot) -> dg.AssetCheckEvaluation:
    """The outcome of the check in a run of `reconcile_job`."""
    job = build_definitions(root.path).resolve_job_def("reconcile_job")
    with open_instance(root) as instance:
        run = job.execute_in_process(instance=instance)
    assert run.success
    (outcome,) = run.get_asset_check_evaluations()
    assert (outcome.asset_key, outcome.check_name) == (ODS_DUCKDB, "reconcile")
    assert outcome.severity == dg.AssetCheckSeverity.WARN
    return outcome


def test_reports_that_a_person_put_there_are_compared(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    nothing = evaluated(root)
    assert nothing.passed and nothing.description == "no report in raw/reports"

    root.raw_reports.mkdir(parents=True)
    rows = trusts_of_sample()
    as_file(rows, root.raw_reports / "etr_2026-09-04.csv")
    good = evaluated(root)
    assert good.passed and good.description == "nothing is unexplained in 1 report"
    assert "agree" in str(good.metadata["etr"].value)

    # One with two differences, newer by its name, and one that cannot be read: both are named.
    code, rows[3][1], rows[4][9] = rows[3][0], "ANOTHER NAME", "ZZ1 1ZZ"
    as_file(rows, root.raw_reports / "etr_2026-09.csv")
    (root.raw_reports / "ets_2026-09-05.csv").write_text("")
    bad = evaluated(root)
    assert not bad.passed
    assert f"etr: 2 unexplained ({code} name, {rows[4][0]} postcode)" in str(bad.description)
    assert "the file is empty" in str(bad.description)
