"""`ods-pipeline build`: read what is new and publish it.

Lives here: options and exit code. Does not live here: what a build does (``defs/build.py``) and what is
printed after it (``summary.py``).
"""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands.alerting import alert_of_attention, alerting_of_failure
from ods_pipeline.commands.common import DEFAULT_ROOT, Quiet, Root, Today, start_logging
from ods_pipeline.commands.summary import reported
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.assets.store import store_address
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.health import health_of
from ods_pipeline.inventory.wanted import request_for
from ods_pipeline.sources import settings


def build(
    *,
    release: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="latest, a release date (downloaded from TRUD unless held), or a TRUD zip on disk. "
            "May be repeated.",
        ),
    ] = None,
    recorded: Annotated[
        list[Path] | None, Parameter(negative="", help="A folder of recorded fetches. May be repeated.")
    ] = None,
    data_root: Root = DEFAULT_ROOT,
    today: Today = None,
    trud_only: Annotated[
        bool, Parameter(negative="", help="Get the newest release from TRUD, and fetch no changes.")
    ] = False,
    deltas: Annotated[bool, Parameter(negative="", help="Fetch changes even without a TRUD key.")] = False,
    deltas_from: Annotated[
        settings.DeltasFrom | None,
        Parameter(help="Fetch changes from the ORD API, from ODT, or from both and compare them."),
    ] = None,
    odt_backfill: Annotated[
        bool,
        Parameter(
            negative="",
            help="Read the whole register from ODT into an empty data root: for those without a TRUD key. It "
            "lacks archived organisations.",
        ),
    ] = False,
    ignore_maintenance_window: Annotated[
        bool, Parameter(negative="", help="Use the ORD API from 17:00 to 19:00 UK time as well.")
    ] = False,
    accept_deletions: Annotated[
        bool,
        Parameter(negative="", help="Take a release or fetch that deletes a good part of the register."),
    ] = False,
    again: Annotated[bool, Parameter(negative="", help="Publish even if nothing is new.")] = False,
    quiet: Quiet = False,
) -> int:
    """Run a build and print its summary.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing could be published.
    """
    if trud_only and deltas:
        raise OdsError("--trud-only and --deltas contradict each other", do="Give one of them")
    console = start_logging(quiet)
    root = DataRoot(data_root)
    files, request = request_for(
        settings.sources_from(os.environ),
        release or (),
        recorded=bool(recorded),
        trud_only=trud_only,
        deltas=deltas,
        ignore_maintenance=ignore_maintenance_window,
        accept_deletions=accept_deletions,
        deltas_from=deltas_from,
        odt_backfill=odt_backfill,
    )
    drift_before = health_of(root).drift
    with alerting_of_failure(root):
        built = pipeline.build(
            root,
            releases=files,
            recorded=recorded or (),
            today=today,
            again=again,
            request=request,
            store=store_address(),
        )
    try:
        return reported(console, root, built, quiet=quiet)
    finally:  # also if the summary cannot be printed
        alert_of_attention(root, built, drift_before)
