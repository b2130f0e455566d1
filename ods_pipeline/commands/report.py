"""`ods-pipeline report`: the published set as a static site."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, Quiet, Root, start_logging
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.site.build import write_site


def report(
    *,
    out: Annotated[
        Path | None, Parameter(help="The folder of the site. Default: site in the data root.")
    ] = None,
    data_root: Root = DEFAULT_ROOT,
    quiet: Quiet = False,
) -> int:
    """Write the site and print where it is.

    Returns:
        The exit code.

    Raises:
        OdsError: Nothing is published, the extra ``site`` is not installed, or the folder holds other files.
    """
    console = start_logging(quiet)
    site = write_site(DataRoot(data_root), out or data_root / "site")
    if not quiet:
        size = f"{site.size / 1_000_000:,.1f} MB"
        console.print(f"{site.pages:,} pages, {site.files:,} files, {size}: {site.folder / 'index.html'}")
    return 0
