"""`ods-pipeline probe odt`: how a server of ODT behaves where its documentation is silent.

Lives here: options and output. Does not live here: the questions (``sources/odt/probe.py``).
"""

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ods_pipeline.commands.common import plain, start_logging
from ods_pipeline.sources import settings
from ods_pipeline.sources.clock import uk_date
from ods_pipeline.sources.odt.client import OdtApi
from ods_pipeline.sources.odt.probe import Probe


def probe(
    source: Annotated[Literal["odt"], Parameter(help="The source.")] = "odt",
    *,
    out: Annotated[Path | None, Parameter(help="Keep the answers in this folder.")] = None,
) -> int:
    """Ask some thirty questions and print each unknown as found.

    Returns:
        The exit code.

    Raises:
        OdsError: The server cannot be asked, or refuses the key.
    """
    console = start_logging(quiet=True)
    sources = settings.sources_from(os.environ)
    if not os.environ.get("ODS_ODT_URL", "").strip():
        sources = replace(sources, odt_url=settings.ODT_SANDBOX, odt_key=None)

    def keep(name: str, content: bytes) -> None:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(content)

    with closing(OdtApi(sources)) as api:
        probe_run = Probe(api, keep)
        entries = probe_run.run(uk_date(sources.clock.now()))
    console = plain()
    console.print(f"{sources.odt_url}: {probe_run.questions} questions")
    for entry in entries:
        console.print(f"{entry.number:4} {entry.question}: {entry.answer}")
    if out is not None:
        console.print(f"The answers are in {out}")
    return 0
