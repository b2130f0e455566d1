"""Takes a file of places in and records it as an asset, for `ods-pipeline postcodes`.

Lives here: the lock, and the run that records the file. Does not live here: reading it (``places/``), and the
build that then uses it (``build.py``).
"""

from pathlib import Path

from ods_pipeline.dataroot.cleanup import clear_up
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.os_errors import explained
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.instance import open_instance, run_job
from ods_pipeline.defs.upkeep import put_in_order
from ods_pipeline.inventory.places import take_in
from ods_pipeline.places.held import PlaceFile


def take_places(root: DataRoot, path: Path, edition: str = "") -> PlaceFile:
    """Take a file of places into a data root and return what is known of it.

    Args:
        root: The data root.
        path: A zip or CSV of NSPL, ONSPD or OS Open UPRN.
        edition: Its month (2026-08), for a file that was renamed.

    Raises:
        OdsError: The file cannot be used, or another build is under way. Nothing changes.
    """
    with root.locked(), explained(root):
        clear_up(root)
        taken = take_in(root, path, edition)
        with open_instance(root) as instance:
            put_in_order(instance, root)
            outcome = run_job(instance, build_definitions(root.path), "places_job")
        if outcome.error is not None:
            raise outcome.error
    return taken
