"""Runs Dagster jobs in this process, recorded where `dagster dev` shows them.

Lives here: the instance of a data root, one function that runs a job and tells how it went, and the
clearing up after processes that died. Does not live here: which jobs to run (``pipeline.py``).
"""

import logging
import os
import sqlite3
import uuid
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from ods_pipeline.dataroot.files import remove
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError

LOCATION = "ods_pipeline"
_CLI_TAG, _PID_TAG = "ods_pipeline/command_line", "ods_pipeline/pid"
_RANGE = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
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
    """One check as Dagster recorded it."""

    asset: str
    name: str
    passed: bool
    severity: str
    summary: str


@dataclass(frozen=True)
class Outcome:
    """How a run went. ``error`` is the exception of the first step that failed, as it was raised."""

    job: str
    run_id: str
    success: bool
    error: BaseException | None = None
    message: str = ""
    checks: list[CheckOutcome] = field(default_factory=list)
    materialized: list[str] = field(default_factory=list)

    @property
    def failed_checks(self) -> list[CheckOutcome]:
        return [c for c in self.checks if not c.passed and c.severity == "ERROR"]

    @property
    def warnings(self) -> list[CheckOutcome]:
        return [c for c in self.checks if not c.passed and c.severity == "WARN"]


def instance_config(base: Path) -> dict[str, Any]:
    """The Dagster instance of a data root: the project's ``dagster.yaml`` with another place (a test keeps
    the two alike)."""
    return {
        "storage": {"sqlite": {"base_dir": str(base)}},
        "local_artifact_storage": {
            "module": "dagster._core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(base)},
        },
        "compute_logs": {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        },
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "concurrency": {"runs": {"max_concurrent_runs": 1}},
        "python_logs": {"managed_python_loggers": ["ods_pipeline"], "python_log_level": "INFO"},
    }


def write_instance_config(root: DataRoot) -> Path:
    """Writes ``<data root>/.dagster/dagster.yaml`` and returns its folder, which can be a DAGSTER_HOME."""
    base = (root.path / ".dagster").resolve()
    base.mkdir(parents=True, exist_ok=True)
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
    """Lets Dagster make its databases aside, and puts them in their place when they are whole. One that was
    killed half made would be taken for made from then on, and every run would fail."""
    aside = base / f".new-{os.getpid()}"
    aside.mkdir(exist_ok=True)
    _write_config(aside)
    with dg.DagsterInstance.from_config(str(aside)):
        pass
    for name in ("schedules", "history"):
        if not (base / name).exists():
            (aside / name).rename(base / name)
    remove(aside)


def workspace_config() -> dict[str, Any]:
    """What ``dagster dev`` loads. The location's name is the one that runs of the command line bear: under
    another one the jobs would show without them."""
    return {
        "load_from": [
            {"python_module": {"module_name": "ods_pipeline.definitions", "location_name": LOCATION}}
        ]
    }


def write_workspace(home: Path) -> Path:
    """Writes ``workspace.yaml`` into a DAGSTER_HOME and returns its path."""
    path = home / "workspace.yaml"
    path.write_text(yaml.safe_dump(workspace_config(), sort_keys=False), encoding="utf-8")
    return path


@contextmanager
def open_instance(root: DataRoot) -> Generator[dg.DagsterInstance]:
    """The Dagster instance of a data root; needs no DAGSTER_HOME and sends nothing anywhere."""
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
    """Keeps SQLite databases open beside Dagster, which opens and closes them for every event. Whoever closes
    one as the last also puts its log away, and that is near half of what an event takes."""
    with ExitStack() as stack:
        for path in databases:
            connection = stack.enter_context(closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)))
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # open is what was read from
        yield


@contextmanager
def _database_of_a_run(instance: dg.DagsterInstance) -> Generator[str]:
    """The id of a run that is about to begin, whose database is kept open. Dagster makes the database when it
    is first asked for what is in it; if the run does not begin after all, it goes again."""
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
    """Runs a job to its end. Errors of steps are in the outcome, not raised; Ctrl-C is raised again.

    ``partition_range`` is inclusive. Raises ValueError for a range that is none: Dagster itself would cut
    it or call an empty run a success.
    """
    raised: list[BaseException] = []

    @dg.failure_hook(name="keep_exception")
    def keep(context: dg.HookContext) -> None:
        if context.op_exception is not None:
            raised.append(_as_raised(context.op_exception))

    job = definitions.resolve_job_def(name).with_hooks({keep})
    tags = {".dagster/repository": f"__repository__@{LOCATION}", _CLI_TAG: "true", _PID_TAG: str(os.getpid())}
    if partition_range is not None:
        tags |= dict(zip(_RANGE, _checked_range(instance, job, partition_range), strict=True))
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
    """The error itself, where a step wrapped it to tell Dagster that trying again is of no use."""
    wrapped = isinstance(error, dg.Failure) and isinstance(error.__cause__, OdsError)
    return error.__cause__ if wrapped and error.__cause__ is not None else error


def _checked_range(
    instance: dg.DagsterInstance, job: dg.JobDefinition, wanted: tuple[str, str]
) -> tuple[str, str]:
    assert job.partitions_def is not None
    keys = job.partitions_def.get_partition_keys(dynamic_partitions_store=instance)
    first, last = wanted
    if first not in keys or last not in keys or keys.index(first) > keys.index(last):
        raise ValueError(f"{first} to {last} is no range of partitions within {keys[0]} to {keys[-1]}")
    return wanted


def _error_classes(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        e.step_failure_data.error.cls_name or ""
        for e in result.all_events
        if e.is_step_failure and e.step_failure_data.error is not None
    }


def fail_dead_runs(instance: dg.DagsterInstance) -> int:
    """Marks runs as failed whose process has ended without saying so. Call it while holding the lock on the
    data root: whoever ran from the command line held it too, and so is gone."""
    dead = 0
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_UNFINISHED)):
        pid = int(run.tags[_PID_TAG]) if _PID_TAG in run.tags else _pid_of(instance, run)
        if _CLI_TAG in run.tags or (pid is not None and not _alive(pid)):
            instance.report_run_failed(run, f"The process that ran it (pid {pid}) has ended.")
            dead += 1
    if dead:
        log.warning("%d unfinished runs of an earlier process are marked as failed", dead)
    return dead


def _pid_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> int | None:
    """The process of a run that was started from the UI, from Dagster's own events."""
    for record in instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT).records:
        event = record.event_log_entry.get_dagster_event()
        if "pid" in event.engine_event_data.metadata:
            return int(str(event.engine_event_data.metadata["pid"].value))
    return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
