"""Runs Dagster jobs in this process, recorded where `dagster dev` shows them.

Lives here: the instance of a data root, one function that runs a job and returns its outcome, and the
clean-up after processes that died. Does not live here: which jobs to run (``build.py``), and the instance's
settings (``dagster.yaml``, ``workspace.yaml``).
"""

import logging
import os
import sqlite3
import uuid
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from ods_pipeline.dataroot.files import remove
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.partitions import range_tags
from ods_pipeline.errors import OdsError

_SETTINGS = resources.files("ods_pipeline.defs")
LOCATION = "ods_pipeline"  # as in workspace.yaml
_CLI_TAG, _PID_TAG = "ods_pipeline/command_line", "ods_pipeline/pid"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
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
        job: the name of the job.
        run_id: Dagster's id of the run.
        success: whether every step succeeded.
        error: the exception of the first failed step, as it was raised.
        message: its text, or Dagster's if there is no exception.
        checks: the outcomes of the checks.
        materialized: the keys of the assets that were materialised, in order.
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


def instance_config(base: Path) -> dict[str, Any]:
    """Return the configuration of a data root's Dagster instance: ``dagster.yaml`` with another folder.

    Args:
        base: the folder for Dagster's databases.
    """
    config = yaml.safe_load((_SETTINGS / "dagster.yaml").read_text(encoding="utf-8"))
    config["storage"]["sqlite"]["base_dir"] = str(base)
    config["local_artifact_storage"]["config"]["base_dir"] = str(base)
    return config


def write_instance_config(root: DataRoot) -> Path:
    """Write ``<data root>/.dagster/dagster.yaml`` and return its folder, which can be a DAGSTER_HOME."""
    base = (root.path / ".dagster").resolve()
    base.mkdir(parents=True, exist_ok=True)
    base.chmod(0o700)  # the records of runs hold what servers answered
    _write_config(base)
    if not (base / "history").exists():
        _make_databases(base)
    return base


def _write_config(base: Path) -> None:
    text = yaml.safe_dump(instance_config(base), sort_keys=False)
    path = base / "dagster.yaml"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _make_databases(base: Path) -> None:
    """Let Dagster create its databases in another folder, and move them into place when they are whole.

    Dagster takes a half-created database, left by a kill, for a complete one: every later run would fail.
    """
    aside = base / f".new-{os.getpid()}"
    aside.mkdir(exist_ok=True)
    _write_config(aside)
    with dg.DagsterInstance.from_config(str(aside)):
        pass
    for name in ("schedules", "history"):
        if not (base / name).exists():
            (aside / name).rename(base / name)
    remove(aside)


def write_workspace(home: Path) -> Path:
    """Write ``workspace.yaml``, which `dagster dev` loads, into a DAGSTER_HOME and return its path."""
    path = home / "workspace.yaml"
    path.write_text((_SETTINGS / "workspace.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


@contextmanager
def open_instance(root: DataRoot) -> Generator[dg.DagsterInstance]:
    """Open the Dagster instance of a data root. It needs no DAGSTER_HOME and sends no telemetry."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    base = write_instance_config(root)
    history = base / "history"
    with (
        dg.DagsterInstance.from_config(str(base)) as instance,
        _kept_open(history / "runs.db", history / "runs" / "index.db"),
    ):
        yield instance


@contextmanager
def _kept_open(*databases: Path) -> Generator[None]:
    """Keep SQLite databases open while Dagster opens and closes them for every event.

    The last connection that closes a database also writes its log back, which is nearly half of the time of
    an event.
    """
    with ExitStack() as stack:
        for path in databases:
            connection = stack.enter_context(closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)))
            connection.execute(
                "SELECT count(*) FROM sqlite_master"
            ).fetchone()  # SQLite opens the file at the first read
        yield


@contextmanager
def _database_of_a_run(instance: dg.DagsterInstance) -> Generator[str]:
    """Give the id of a run that is about to begin, and keep its database open.

    Dagster creates the database when it is first queried. If the run does not begin, the file is removed.
    """
    run_id = str(uuid.uuid4())
    path = Path(instance.root_directory) / "history" / "runs" / f"{run_id}.db"
    instance.all_logs(run_id)
    try:
        with _kept_open(path):
            yield run_id
    finally:
        if not instance.has_run(run_id):
            path.unlink(missing_ok=True)


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
        instance: the instance that records the run.
        definitions: the definitions that have the job.
        name: the name of the job.
        partition: the partition to run.
        partition_range: the first and last partition to run, both inclusive, in one run.
        config: the configuration of its steps, by name.

    Raises:
        ValueError: the range is empty or outside the partitions. Dagster itself would cut it, or report an
            empty run as a success.
        KeyboardInterrupt: the run was interrupted.
    """
    raised: list[BaseException] = []

    @dg.failure_hook(name="keep_exception")
    def keep(context: dg.HookContext) -> None:
        if context.op_exception is not None:
            raised.append(_as_raised(context.op_exception))

    job = definitions.resolve_job_def(name).with_hooks({keep})
    tags = {".dagster/repository": f"__repository__@{LOCATION}", _CLI_TAG: "true", _PID_TAG: str(os.getpid())}
    if partition_range is not None:
        tags |= range_tags(*_checked_range(instance, job, partition_range))
    with _database_of_a_run(instance) as run_id:
        result = job.execute_in_process(
            instance=instance,
            run_id=run_id,
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
            CheckOutcome(
                e.asset_key.to_user_string(), e.check_name, e.passed, e.severity.value, e.description or ""
            )
            for e in result.get_asset_check_evaluations()
        ],
        sorted(
            {e.materialization.asset_key.to_user_string() for e in result.get_asset_materialization_events()}
        ),
    )


def _as_raised(error: BaseException) -> BaseException:
    """Unwrap the error of a step that asked Dagster not to retry."""
    wrapped = isinstance(error, dg.Failure) and isinstance(error.__cause__, OdsError)
    return error.__cause__ if wrapped and error.__cause__ is not None else error


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


def fail_dead_runs(instance: dg.DagsterInstance) -> int:
    """Mark unfinished runs whose process has ended as failed, and return their number.

    Call it while holding the lock on the data root: a run from the command line held it too, so it has ended.
    """
    dead = 0
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_UNFINISHED)):
        pid = int(run.tags[_PID_TAG]) if _PID_TAG in run.tags else _pid_of(instance, run)
        if _CLI_TAG in run.tags or (pid is not None and not _is_alive(pid)):
            instance.report_run_failed(run, f"The process that ran it (pid {pid}) has ended.")
            dead += 1
    if dead:
        log.warning("%d unfinished runs of an earlier process are marked as failed", dead)
    return dead


def _pid_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> int | None:
    """Return the process id of a run that was started from the UI, from Dagster's own events."""
    for record in instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT).records:
        event = record.event_log_entry.get_dagster_event()
        if "pid" in event.engine_event_data.metadata:
            return int(str(event.engine_event_data.metadata["pid"].value))
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
