"""Runs Dagster jobs in this process, recorded where `dagster dev` shows them.

Lives here: the instance of a data root, and one function that runs a job and returns its outcome. Does not
live here: which jobs to run (``build.py``), runs that died (``dead_runs.py``), and the instance's settings
(``dagster.yaml``, ``workspace.yaml``).
"""

import hashlib
import logging
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.event_log import connections_kept_open
from ods_pipeline.defs.failures import StepFailed
from ods_pipeline.defs.keys import (
    COMMAND_LINE_TAG,
    MAX_RETRIES_TAG,
    REPOSITORY_TAG,
    USER_TAG,
    origin_of_job,
    shown,
)
from ods_pipeline.defs.partitions import range_tags

_SETTINGS = resources.files("ods_pipeline.defs")
_SHARED_FROM = "# From here on it is the same in both places.\n"
# The file had no header before, and was written again by every command.
_WRITTEN_BEFORE = {"  runs:", "    max_concurrent_runs: 1", "  module: dagster._core.storage.root"}
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CheckOutcome:
    """The outcome of one check, as Dagster recorded it."""

    asset: str
    name: str
    passed: bool
    severity: str
    summary: str


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run.

    Attributes:
        job: The name of the job.
        run_id: Dagster's id of the run.
        success: Whether every step succeeded.
        error: The exception of the first failed step, as it was raised.
        message: Its text, or Dagster's if there is no exception.
        checks: The outcomes of the checks.
        materialized: The keys of the assets that were materialised, in order.
    """

    job: str
    run_id: str
    success: bool
    error: BaseException | None = None
    message: str = ""
    checks: list[CheckOutcome] = field(default_factory=list)
    materialized: list[str] = field(default_factory=list)

    @property
    def failed_checks(self) -> list[CheckOutcome]:
        """The failed checks that block."""
        return [c for c in self.checks if not c.passed and c.severity == "ERROR"]

    @property
    def warnings(self) -> list[CheckOutcome]:
        """The failed checks that warn."""
        return [c for c in self.checks if not c.passed and c.severity == "WARN"]


def instance_home(root: DataRoot) -> Path:
    """Return the folder of the Dagster instance of a data root, and write its ``dagster.yaml`` if it is ours.

    It is DAGSTER_HOME if that is set; nothing is written there. Otherwise it is ``<data root>/.dagster``. A
    file that somebody edited stays as it is.
    """
    if named := os.environ.get("DAGSTER_HOME"):
        return Path(named).resolve()
    base = (root.path / ".dagster").resolve()
    base.mkdir(parents=True, exist_ok=True)
    base.chmod(0o700)  # the records of runs hold what servers answered
    path, text = base / "dagster.yaml", instance_text()
    if not path.exists() or _is_as_written(path):
        written = _header(text) + text
        if not path.exists() or path.read_text(encoding="utf-8") != written:
            path.write_text(written, encoding="utf-8")
    return base


def instance_text() -> str:
    """Return ``dagster.yaml`` as a data root has it: Dagster keeps its records next to the file."""
    text = (_SETTINGS / "dagster.yaml").read_text(encoding="utf-8")
    return text.partition(_SHARED_FROM)[2]


def _header(text: str) -> str:
    checksum = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"# Written by ods-pipeline ({checksum}). Edit it as you like: an edited file stays as it is.\n"


def _is_as_written(path: Path) -> bool:
    """Return whether ``dagster.yaml`` is as a version of ours wrote it."""
    text = path.read_text(encoding="utf-8")
    first, _, content = text.partition("\n")
    return first + "\n" == _header(content) or _WRITTEN_BEFORE.issubset(text.splitlines())


def write_workspace(home: Path) -> Path:
    """Write ``workspace.yaml``, which `dagster dev` loads, into a folder and return its path."""
    path = home / "workspace.yaml"
    path.write_text((_SETTINGS / "workspace.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


@contextmanager
def open_instance(root: DataRoot) -> Generator[dg.DagsterInstance]:
    """Open the Dagster instance of a data root. It sends no telemetry unless an edited file asks for it."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with dg.DagsterInstance.from_config(str(instance_home(root))) as instance:
        yield instance


def run_job(
    instance: dg.DagsterInstance,
    definitions: dg.Definitions,
    name: str,
    *,
    partition: str | None = None,
    partition_range: tuple[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run a job to its end and return its outcome. Errors of steps are in the outcome, not raised.

    Args:
        instance: The instance that records the run.
        definitions: The definitions that have the job.
        name: The name of the job.
        partition: The partition to run.
        partition_range: The first and last partition to run, both inclusive, in one run.
        config: The configuration of its steps, by name.

    Raises:
        ValueError: The range is empty or outside the partitions. Dagster itself would cut it, or report an
            empty run as a success.
        KeyboardInterrupt: The run was interrupted.
    """
    raised: list[BaseException] = []

    @dg.failure_hook(name="keep_exception")
    def keep(context: dg.HookContext) -> None:
        if context.op_exception is not None:
            raised.append(_as_raised(context.op_exception))

    job = definitions.resolve_job_def(name).with_hooks({keep})
    tags = {**REPOSITORY_TAG, COMMAND_LINE_TAG: "true", MAX_RETRIES_TAG: "0", USER_TAG: "ods-pipeline"}
    if partition_range is not None:
        tags |= range_tags(*_checked_range(instance, job, partition_range))
    with _recording_origin(instance), connections_kept_open(instance):
        result = job.execute_in_process(
            instance=instance,
            partition_key=partition,
            run_config={**_QUIET, "ops": dict(config or {})},
            tags=tags,
            raise_on_error=False,
        )
    if "DagsterExecutionInterruptedError" in _error_classes(result):
        raise KeyboardInterrupt
    failures = [e for e in result.all_events if e.is_step_failure or e.is_run_failure]
    return Outcome(
        name,
        result.run_id,
        result.success,
        raised[0] if raised else None,
        str(raised[0]) if raised else (failures[0].message or "" if failures else ""),
        [
            CheckOutcome(shown(e.asset_key), e.check_name, e.passed, e.severity.value, e.description or "")
            for e in result.get_asset_check_evaluations()
        ],
        sorted({shown(e.materialization.asset_key) for e in result.get_asset_materialization_events()}),
    )


@contextmanager
def _recording_origin(instance: dg.DagsterInstance) -> Generator[None]:
    """Let the instance record where the job of a new run is defined, as for runs that the UI launches.

    Without it the UI cannot execute a run again: it answers HTTP 500. ``execute_in_process`` has no argument
    for it.
    """
    create = instance.create_run_for_job

    def create_with_origin(job_def: dg.JobDefinition, **arguments: Any) -> dg.DagsterRun:
        return create(job_def=job_def, remote_job_origin=origin_of_job(job_def.name), **arguments)

    setattr(instance, create.__name__, create_with_origin)
    try:
        yield
    finally:
        delattr(instance, create.__name__)


def _as_raised(error: BaseException) -> BaseException:
    """Return the error behind a failure of a step, as it was raised."""
    return error.original if isinstance(error, StepFailed) else error


def _checked_range(
    instance: dg.DagsterInstance, job: dg.JobDefinition, partition_range: tuple[str, str]
) -> tuple[str, str]:
    assert job.partitions_def is not None
    keys = job.partitions_def.get_partition_keys(dynamic_partitions_store=instance)
    first, last = partition_range
    if first not in keys or last not in keys or keys.index(first) > keys.index(last):
        raise ValueError(f"{first} to {last} is not a range of partitions within {keys[0]} to {keys[-1]}")
    return partition_range


def _error_classes(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        e.step_failure_data.error.cls_name or ""
        for e in result.all_events
        if e.is_step_failure and e.step_failure_data.error is not None
    }
