"""The data root as a Dagster resource; it holds the lock for as long as a run lasts."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from ods_pipeline.dataroot.layout import DataRoot


class DataRootResource(dg.ConfigurableResource):
    """Where everything lies. With the in-process executor a resource lives as long as its run, so two runs
    never work on one data root at once."""

    path: str
    _root: DataRoot = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator["DataRootResource"]:
        self._root = DataRoot(Path(self.path))
        with self._root.locked():
            yield self

    @property
    def root(self) -> DataRoot:
        return self._root
