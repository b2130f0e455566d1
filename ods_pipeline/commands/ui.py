"""`ods-pipeline ui`: Dagster's web interface and daemon on a data root."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated

from cyclopts import Parameter
from filelock import FileLock, Timeout
from polars.exceptions import PolarsError

from ods_pipeline.commands.common import DEFAULT_ROOT, Root
from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.dead_runs import fail_dead_runs
from ods_pipeline.defs.instance import instance_home, open_instance, write_workspace
from ods_pipeline.defs.upkeep import put_in_order
from ods_pipeline.errors import Busy, OdsError
from ods_pipeline.inventory.health import write_metrics

# Seconds for Dagster to end by itself, and then for what is left of it.
_ENDS_WITHIN, _DIES_WITHIN = 8.0, 4.0
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class _Ended(Exception):
    """A signal asked this process to end."""


def ui(
    *,
    data_root: Root = DEFAULT_ROOT,
    port: Annotated[int, Parameter(help="The port on 127.0.0.1.")] = 3000,
) -> int:
    """Run ``dagster dev`` until a signal ends it, with all its processes.

    The TRUD key reaches it through the environment only: every user of the machine can read a command line.

    Returns:
        The exit code of Dagster; 0 if a signal ended it.

    Raises:
        Busy: Another ``ui`` runs on this data root.
    """
    root = DataRoot(data_root.resolve())
    with _only_one(root):
        prepare(root)
        home = instance_home(root)
        environment = os.environ | {
            "DAGSTER_HOME": str(home),
            "ODS_DATA_ROOT": str(root.path),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "PYTHONWARNINGS": "ignore",
        }
        command = [sys.executable, "-m", "dagster", "dev", "-w", str(write_workspace(root.path / ".dagster"))]
        command += ["-h", "127.0.0.1", "-p", str(port)]
        return _run_until_ended(command, environment)


@contextmanager
def _only_one(root: DataRoot) -> Generator[None]:
    (root.path / ".dagster").mkdir(parents=True, exist_ok=True)
    lock = FileLock(root.path / ".dagster" / "ui.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Busy(
            "another `ods-pipeline ui` runs here",
            where=root.path,
            do="Use that one, or end it first",
        ) from None
    with lock:
        yield


def prepare(root: DataRoot) -> None:
    """Put the instance in order before a daemon looks at it. A build that is under way does so itself."""
    with open_instance(root) as instance:
        try:
            with root.locked():
                put_in_order(instance, root, none_is_starting=True)
                if current_build(root) is not None:
                    with suppress(OdsError, OSError, PolarsError):  # what is damaged here, runs report
                        write_metrics(root)
        except Busy:
            fail_dead_runs(instance, root, none_is_starting=True)


def _run_until_ended(command: list[str], environment: dict[str, str]) -> int:
    """Run a command in its own session. If a signal comes, end it and everything that it started."""
    before = {number: signal.signal(number, _raise_ended) for number in _SIGNALS}
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        return process.wait()
    except _Ended:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        process.send_signal(signal.SIGINT)  # the only signal that Dagster ends its services for
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ENDS_WITHIN)
        return 0
    finally:
        _end_session(process)
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the process and of those that it started."""
    if os.name == "nt":
        process.kill()
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _DIES_WITHIN
        try:
            os.killpg(process.pid, number)
            while time.monotonic() < deadline:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.1)
        except ProcessLookupError:
            return


def _raise_ended(number: int, frame: FrameType | None) -> None:
    raise _Ended
