"""The data root as a Dagster resource. It holds the lock for as long as a run lasts."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from ods_pipeline.dataroot.layout import DataRoot


class DataRootResource(dg.ConfigurableResource):
    """The data root of a run.

    With the in-process executor a resource lives as long as its run, so two runs never work on one data root
    at once.
    """

    path: str
    _root: DataRoot = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator["DataRootResource"]:
        """Hold the lock while the run lasts. Raises Busy if another process has it."""
        self._root = DataRoot(Path(self.path))
        with self._root.locked():
            yield self

    @property
    def root(self) -> DataRoot:
        """The data root, locked."""
        return self._root
