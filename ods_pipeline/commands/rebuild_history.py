"""`ods-pipeline rebuild-history`: history told again from the flat folders, and published."""

import logging
from datetime import date
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands import summary
from ods_pipeline.commands.common import DEFAULT_ROOT, EXIT_INCOMPLETE, Root, talk
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline

log = logging.getLogger(__name__)


def rebuild_history(
    *,
    data_root: Root = DEFAULT_ROOT,
    today: Annotated[
        date | None, Parameter(help="The day the marts speak for; the newest day held if left out.")
    ] = None,
    quiet: Annotated[bool, Parameter(negative="", help="Say nothing but warnings and errors.")] = False,
) -> int:
    """Tell history again from everything that was flattened, and publish.

    A build adds what is new to the history published; this reads every release and fetch held instead, and
    gives the same files byte for byte.
    """
    console = talk(quiet)
    root = DataRoot(data_root)
    built = pipeline.rebuild_history(root, today=today)
    if quiet:
        for line in built.problems:
            log.warning("%s", line)
    else:
        summary.show_build(console, root, built)
    return EXIT_INCOMPLETE if built.problems or built.missing else 0
