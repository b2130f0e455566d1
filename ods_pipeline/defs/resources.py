"""The data root as a Dagster resource: it holds the lock while steps work, and marks their run as alive."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.run_marks import marked


class DataRootResource(dg.ConfigurableResource):
    """The data root of a run.

    With the in-process executor a resource lives as long as its run, with any other one as long as a step. No
    two processes work on one data root at once; no step relies on what an earlier step left unpublished.
    """

    path: str
    wait_seconds: float = 900.0
    _root: DataRoot = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator["DataRootResource"]:
        """Hold the lock, waiting for it up to ``wait_seconds``. Raises Busy if another process keeps it."""
        self._root = DataRoot(Path(self.path))

        def note_waiting() -> None:
            if context.log is not None:
                context.log.info(
                    f"Another run or command works on {self.path}: waiting for it, "
                    f"at most {self.wait_seconds / 60:.0f} minutes."
                )

        with (
            marked(self._root, context.run.run_id if context.run else "no-run"),
            self._root.locked(self.wait_seconds, note_waiting),
        ):
            yield self

    @property
    def root(self) -> DataRoot:
        """The data root, locked."""
        return self._root
