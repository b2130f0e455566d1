"""Runs the jobs of one build, one after the other, and keeps what came of them.

Lives here: a run, its outcome, and the error that a failure raises. Does not live here: which jobs run
(``build.py``, ``loading.py``), and what they do (``assets/``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.instance import Outcome, run_job
from ods_pipeline.errors import NOTHING_PUBLISHED, OdsError
from ods_pipeline.sources.settings import Sources


@dataclass
class Built:
    """What a build did.

    Attributes:
        published: The folder of the published build.
        nothing_new: The published set was up to date, and nothing was run.
        problems: Errors that did not stop the build; days are missing then.
        missing: The stamps that were never asked for.
        outcomes: The runs, in order.
    """

    published: Path | None
    nothing_new: bool = False
    problems: list[str] = field(default_factory=list)
    missing: list[date] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True)
class Runs:
    """The runs of one build: where they run, and what came of them so far."""

    root: DataRoot
    instance: dg.DagsterInstance
    built: Built

    def run(
        self,
        job: str,
        *,
        partition: str | None = None,
        partition_range: tuple[str, str] | None = None,
        window: tuple[date, date] | None = None,
        config: Mapping[str, Any] | None = None,
        sources: Sources | None = None,
        store: str = "",
    ) -> None:
        """Run a job to its end.

        Args:
            job: Its name.
            partition: Its partition, for a job that has partitions.
            partition_range: The first and the last partition, both included, instead.
            window: The first and last stamp that the definitions know, both included.
            config: Its run config, by asset.
            sources: What to ask TRUD and the ORD API with; as the environment sets it if None.
            store: The address of an object store.

        Raises:
            OdsError: The job failed, or a blocking check did.
        """
        definitions = build_definitions(self.root.path, window, sources, store=store)
        outcome = run_job(
            self.instance,
            definitions,
            job,
            partition=partition,
            partition_range=partition_range,
            config=config,
        )
        self.built.outcomes.append(outcome)
        if outcome.success:
            return
        if isinstance(outcome.error, OdsError):
            raise outcome.error
        if failed := outcome.failed_checks:
            summaries = "; ".join(f"{c.asset} {c.name}: {c.summary}" for c in failed)
            raise OdsError(
                f"{job} was stopped by a check ({summaries})",
                do=NOTHING_PUBLISHED,
            )
        if outcome.error is not None:
            raise outcome.error
        raise OdsError(f"{job} failed: {outcome.message}", do="ods-pipeline ui shows the run")
