"""The command in processes that can be killed at a step: `python -m ods_pipeline_tests.faults.driver`.

Lives here: what runs inside the process that dies. Does not live here: which steps, and what must hold
afterwards (`harness.py`). The package is not changed. A step is a file that Python opens for writing,
renames, links or removes (audit events), or an event that Dagster records. Each line on stdin is an order. A
child process in its own process group carries it out.
"""

import json
import os
import re
import signal
import sys
import threading
import traceback
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline import cli
from ods_pipeline.commands import build, rebuild_history, status
from ods_pipeline.dataroot.cleanup import clear_up
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.inventory.flattening import flatten_held_fetches
from ods_pipeline.inventory.held import held_fetches
from ods_pipeline.inventory.repair import repair
from ods_pipeline.inventory.wanted import Request, is_backfill_due
from ods_pipeline.sources import settings
from ods_pipeline.sources.deltas import close_stale, fetch_register, fetch_stamps

LOADED = (pipeline, build, rebuild_history, status)  # before the fork, so that no child has to
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.chmod", "os.truncate")
_OWN_NAMES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=\.new-)\d+")  # of runs and processes
# With the real clock every run would make another fetch: here it is always the same morning.
_MORNING = datetime(2026, 9, 4, 4, 30, tzinfo=UTC)


class Steps:
    """Counts the steps of this process, and kills it before the step that was ordered."""

    def __init__(self, order: dict[str, Any], output: int) -> None:
        self.root, self.at, self.output = order["root"], order.get("at"), output
        self.seen: Counter[str] = Counter()
        self._lock = threading.RLock()

    def audit(self, event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str | os.PathLike) and flags & _WRITES:
                self.before("write", path)
        elif event in _CHANGES:
            count = 2 if event in ("os.rename", "os.symlink") else 1
            self.before(event.removeprefix("os."), *arguments[:count])

    def before(self, what: str, *paths: Any) -> None:
        names = [os.fsdecode(path) for path in paths if isinstance(path, str | bytes | os.PathLike)]
        if not any(name.startswith(self.root) for name in names):
            return
        shown = [_OWN_NAMES.sub("*", name.removeprefix(self.root).lstrip("/")) for name in names]
        self.at_step(f"{what} {' > '.join(shown)}")

    def at_step(self, label: str) -> None:
        with self._lock:
            self.seen[label] += 1
            os.write(self.output, (label + "\n").encode())
            if self.at is None or [label, self.seen[label]] != self.at[:2]:
                return
            if not self.at[2]:
                os.killpg(0, signal.SIGKILL)
            timer = threading.Timer(self.at[2], os.killpg, (0, signal.SIGKILL))
            timer.daemon = True
            timer.start()

    def watch_dagster(self, keep: bool) -> None:
        """Make a step before and a step after every event that Dagster records.

        Without ``keep`` only events of whole runs are stored: writing the others takes as long as all the
        rest of a small build.
        """
        handle = dg.DagsterInstance.handle_new_event

        def handle_new_event(instance: dg.DagsterInstance, event: Any, **options: Any) -> None:
            name = ""
            if event.is_dagster_event:
                recorded = event.get_dagster_event()
                key = recorded.asset_key
                subject = "/".join(key.path) if key else recorded.step_key or event.job_name
                name = f"{recorded.event_type_value} {subject}"
                self.at_step(f"before {name}")
            if keep or (event.is_dagster_event and event.get_dagster_event().is_job_event):
                handle(instance, event, **options)
            if name:
                self.at_step(f"after {name}")

        dg.DagsterInstance.handle_new_event = handle_new_event


def _fix_the_clock() -> None:
    """Use the sources that the environment names, on one morning, as fast as they answer."""
    settings.SystemClock.now = lambda _: _MORNING
    original = settings.sources_from

    def sources_from(environment: Any) -> settings.Sources:
        sources = original(environment)
        return replace(sources, manners=replace(sources.manners, interval=0.001, first_pause=0.05))

    settings.sources_from = sources_from


def fetch_and_flatten(root: DataRoot, *, whole: bool) -> None:
    """Fetch the last three stamps, or the whole register from ODT, and flatten: a build without Dagster.

    What is held already is not fetched again.
    """
    sources = settings.sources_from(os.environ)
    last = _MORNING.date()
    window = (last - timedelta(days=2), last)
    with root.locked():
        clear_up(root)
        repair(root)
        close_stale(root, sources)
        if whole and is_backfill_due(root, Request(sources=sources, odt_backfill=True)):
            fetch_register(root, sources)
        elif not whole and not held_fetches(root):
            fetch_stamps(root, sources, window)
        flatten_held_fetches(root, *map(str, window))


def run(order: dict[str, Any]) -> None:
    """Run the command and end this process. Its output goes to the file that the order names."""
    os.setsid()
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(order["environment"])
    _fix_the_clock()
    steps = Steps(order, os.open(order["steps"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    steps.watch_dagster(order["keep_events"])
    sys.addaudithook(steps.audit)
    code = 70
    try:
        if order.get("fetch"):
            fetch_and_flatten(DataRoot(Path(order["root"])), whole=order["fetch"] == "whole")
            code = 0
        else:
            cli.main(order["arguments"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 70
    except BaseException:  # this process ends here, and the test reads its output
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            run(json.loads(line))
        _, status = os.waitpid(pid, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
