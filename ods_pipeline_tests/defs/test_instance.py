"""Runs in this process: their outcomes are complete, ranges are checked, and one home holds their records."""

import hashlib
from pathlib import Path

import dagster as dg
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.instance import instance_home, open_instance, run_job
from ods_pipeline.errors import OdsError
from ods_pipeline_tests.defs.small_jobs import DEFINITIONS, ENDS
from ods_pipeline_tests.support.rooms import run_python

pytestmark = pytest.mark.dagster_records


def test_a_range_of_partitions_is_one_run(root: DataRoot) -> None:
    with open_instance(root) as instance:
        outcome = run_job(instance, DEFINITIONS, "days_job", partition_range=("2026-08-02", "2026-08-10"))
        assert (outcome.success, outcome.error, outcome.materialized) == (True, None, ["days"])
        assert len(instance.get_runs()) == 1
        partitions = instance.get_materialized_partitions(dg.AssetKey("days"))
    assert partitions == {f"2026-08-{n:02d}" for n in range(2, 11)}


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-08-05", "2026-08-04"),
        ("2026-07-31", "2026-08-04"),
        ("2026-08-04", "2026-08-11"),
        ("soon", "later"),
    ],
)
def test_an_invalid_range_is_rejected(root: DataRoot, first: str, last: str) -> None:
    with open_instance(root) as instance:
        with pytest.raises(ValueError, match=f"{first} to {last} is not a range of partitions"):
            run_job(instance, DEFINITIONS, "days_job", partition_range=(first, last))
        assert instance.get_runs() == []


@pytest.mark.promise("explained")
def test_the_error_of_a_step_is_returned_as_it_was_raised(root: DataRoot) -> None:
    with open_instance(root) as instance:
        outcome = run_job(instance, DEFINITIONS, "fails_job")
        run = instance.get_run_by_id(outcome.run_id)
    assert not outcome.success
    assert isinstance(outcome.error, OdsError)
    assert outcome.message == str(outcome.error) == "x.zip: the file is empty. Fetch it again."
    assert run is not None and run.status == dg.DagsterRunStatus.FAILURE


@pytest.mark.promise("whole")
def test_a_failing_blocking_check_stops_what_comes_after(root: DataRoot) -> None:
    with open_instance(root) as instance:
        outcome = run_job(instance, DEFINITIONS, "checked_job")
    assert not outcome.success
    assert outcome.materialized == ["checked"]
    (failed,) = outcome.failed_checks
    assert (failed.asset, failed.name, failed.summary) == ("checked", "sound", "2 of 3 are not")
    assert outcome.warnings == []


def test_ctrl_c_is_raised_again(root: DataRoot) -> None:
    assert run_python(ENDS, root.path, "is interrupted").stdout == "Ctrl-C FAILURE\n"


def test_a_file_that_somebody_edited_stays_as_it_is(root: DataRoot) -> None:
    file = instance_home(root) / "dagster.yaml"
    assert file.parent == (root.path / ".dagster").resolve()
    written, at = file.read_text(), file.stat().st_mtime_ns
    assert instance_home(root) == file.parent and file.stat().st_mtime_ns == at
    file.write_text(written.replace("max_retries: 2", "max_retries: 1"))
    with open_instance(root) as instance:
        assert instance.run_retries_max_retries == 1
    assert "max_retries: 1" in file.read_text()
    first, _, rest = written.partition("\n")
    older = rest.replace("max_runtime_seconds: 21600", "max_runtime_seconds: 3600")
    file.write_text(first.replace(checksum_of(rest), checksum_of(older)) + "\n" + older)
    instance_home(root)
    assert file.read_text() == written, "another version wrote it and nobody edited it"


def checksum_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_dagster_home_is_the_instance_of_the_command_line_too(
    root: DataRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with open_instance(root) as instance:
        run_job(instance, DEFINITIONS, "days_job", partition_range=("2026-08-02", "2026-08-02"))
    assert (home / "history" / "runs.db").exists()
    assert not (root.path / ".dagster").exists() and not (home / "dagster.yaml").exists()
