"""`ods-pipeline rebuild-history`: history from all flat folders, and published."""

from ods_pipeline.commands.common import DEFAULT_ROOT, Quiet, Root, Today, start_logging
from ods_pipeline.commands.summary import reported
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline


def rebuild_history(
    *,
    data_root: Root = DEFAULT_ROOT,
    today: Today = None,
    quiet: Quiet = False,
) -> int:
    """Rebuild history and print the summary of the build.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing could be published.
    """
    console = start_logging(quiet)
    root = DataRoot(data_root)
    return reported(console, root, pipeline.rebuild_history(root, today=today), quiet=quiet)
