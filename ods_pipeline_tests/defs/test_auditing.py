"""audit_job: the audit's verdict as a check, on a set that matches its raw files and on one that does not."""

from pathlib import Path

import dagster as dg
import polars as pl

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline_tests.support.rooms import copy_of, release_root

JOBS = ("release_job", "delta_job", "publish_job", "site_job", "age_job", "reconcile_job", "audit_job")


def verdict(root: DataRoot) -> dg.AssetCheckEvaluation:
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_definitions(root.path).resolve_job_def("audit_job")
        ran = job.execute_in_process(instance=instance, raise_on_error=False)
        (evaluation,) = ran.get_asset_check_evaluations()
        return evaluation


def test_no_build_waits_for_the_audit() -> None:
    jobs = build_definitions(release_root().path)
    steps = {name: [node.name for node in jobs.resolve_job_def(name).nodes] for name in JOBS}
    assert {name for name, nodes in steps.items() if any("audit" in node for node in nodes)} == {"audit_job"}


def test_the_check_fails_as_the_command_does(tmp_path: Path) -> None:
    root = copy_of(release_root(), tmp_path)
    good = verdict(root)
    assert good.passed and good.description == "build 000001 matches the raw files"
    build = current_build(root)
    assert build is not None
    file = build / "tables" / "roles.parquet"
    file.chmod(0o644)
    rows = pl.read_parquet(file)
    rows.with_columns(role_name=pl.lit("another name")).write_parquet(file)
    bad = verdict(root)
    assert not bad.passed and bad.severity == dg.AssetCheckSeverity.ERROR
    assert "differs: ord.roles" in (bad.description or "")
