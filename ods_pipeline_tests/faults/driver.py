"""The command in processes that can be killed at a step: `python -m ods_pipeline_tests.faults.driver`.

Lives here: what runs inside the process that dies. Does not live here: which steps, and what must hold
afterwards (`harness.py`). The product is not changed: Python itself announces every file that it opens for
writing, renames, links or removes (audit events), and Dagster every event that it records: those are steps.
Each line on stdin is an order; each is done by a child of its own, in a group of its own.
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
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from ods_pipeline import cli
from ods_pipeline.commands import rebuild_history, summary
from ods_pipeline.defs import build as pipeline
from ods_pipeline.sources import settings

LOADED = (pipeline, summary, rebuild_history)  # before the fork, so that no child has to
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.chmod", "os.truncate")
_OWN_NAMES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=\.new-)\d+")  # of runs and processes
# The real clock would make another fetch each time: this one stands on one morning.
_MORNING = datetime(2026, 9, 4, 4, 30, tzinfo=UTC)


class Steps:
    """Counts the steps of this process, and ends it before the one that is ordered."""

    def __init__(self, order: dict[str, Any], told: int) -> None:
        self.root, self.at, self.told = order["root"], order.get("at"), told
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
            os.write(self.told, (label + "\n").encode())
            if self.at is None or [label, self.seen[label]] != self.at[:2]:
                return
            if not self.at[2]:
                os.killpg(0, signal.SIGKILL)
            timer = threading.Timer(self.at[2], os.killpg, (0, signal.SIGKILL))
            timer.daemon = True
            timer.start()

    def watch_dagster(self, keep: bool) -> None:
        """Every event that Dagster records is a step before and a step after. Without ``keep`` only those of
        whole runs are stored: writing them takes as long as all the rest of a small build."""
        handle = dg.DagsterInstance.handle_new_event

        def handle_new_event(instance: dg.DagsterInstance, event: Any, **options: Any) -> None:
            name = ""
            if event.is_dagster_event:
                told = event.get_dagster_event()
                asset = "/".join(told.asset_key.path) if told.asset_key else told.step_key or event.job_name
                name = f"{told.event_type_value} {asset}"
                self.at_step(f"before {name}")
            if keep or (event.is_dagster_event and event.get_dagster_event().is_job_event):
                handle(instance, event, **options)
            if name:
                self.at_step(f"after {name}")

        dg.DagsterInstance.handle_new_event = handle_new_event


def _stand_still() -> None:
    """The sources as the environment names them, on one morning, asked as fast as they answer."""
    settings.SystemClock.now = lambda _: _MORNING
    given = settings.sources_from

    def sources_from(environment: Any) -> settings.Sources:
        sources = given(environment)
        return replace(sources, manners=replace(sources.manners, interval=0.001, first_pause=0.05))

    settings.sources_from = sources_from


def run(order: dict[str, Any]) -> None:
    """The command in this process, which then ends. Its words go to the file that the order names."""
    os.setsid()
    words = os.open(order["words"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(words, 1)
    os.dup2(words, 2)
    os.environ.update(order["environment"])
    _stand_still()
    steps = Steps(order, os.open(order["steps"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    steps.watch_dagster(order["keep_events"])
    sys.addaudithook(steps.audit)
    code = 70
    try:
        cli.main(order["arguments"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 70
    except BaseException:  # this process ends here, and its words are read
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
