"""The data root and the sources as Dagster resources.

Lives here: the lock on the data root while steps work, the mark of their run as alive, and the sources as the
environment names them. Does not live here: what the variables mean (``sources/settings.py``).
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.run_marks import marked
from ods_pipeline.sources.settings import Sources, sources_from


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


class EnvironmentSources(dg.ConfigurableResource[Sources]):
    """TRUD, the ORD API and ODT as the environment configures them; an empty text is the same as no variable.

    Steps get the sources themselves. The UI shows the names of the variables, and neither keys nor addresses.
    """

    trud_api_key: str = ""
    ods_odt_api_key: str = ""
    ods_ord_url: str = ""
    ods_odt_url: str = ""
    ods_trud_url: str = ""
    ods_reports_url: str = ""
    ods_ord_format: str = ""
    ods_deltas_from: str = ""

    def create_resource(self, context: dg.InitResourceContext) -> Sources:
        """Return the sources. Raises OdsError for an invalid value."""
        return sources_from({name.upper(): getattr(self, name) for name in type(self).model_fields})


def environment_sources(environment: Mapping[str, str]) -> EnvironmentSources:
    """Return the sources of a code location. Dagster reads the variables when a step begins."""
    named = {name: name.upper() for name in EnvironmentSources.model_fields}
    return EnvironmentSources(
        **{name: dg.EnvVar(variable) for name, variable in named.items() if environment.get(variable)}
    )
