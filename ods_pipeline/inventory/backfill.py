"""The whole register from ODT, for those without a TRUD key: when it may be read, and what it lacks.

Lives here: the rule, and the sentence that status and summary print. Does not live here: reading it
(``sources/odt/``), and what counts as held (``held.py``).
"""

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.held import held_fetches, holds_register
from ods_pipeline.sources.recorded import held_releases

# ODT answers 404 for archived organisations; the archive file of a TRUD release has some 75,000 of them.
LACKS = (
    "archived organisations are missing, and the fields that ODT does not have: fax numbers, e-mail "
    "addresses, ids of targets' roles. A release from TRUD has them"
)


def reject_backfill(root: DataRoot) -> None:
    """Raise OdsError if the data root holds a release, or anything else of a register.

    A release has more than ODT: read after it, the whole register would bring nothing that a fetch of changes
    does not bring. An unfinished fetch is not a register.
    """
    if held_releases(root):
        raise OdsError(
            "a TRUD release is held, which has more than ODT: the whole register is not read from ODT",
            where=root.path,
            do="Run it without --odt-backfill; --deltas-from odt fetches the changes from ODT",
        )
    if holds_register(root) or held_fetches(root):
        raise OdsError(
            "the whole register is read from ODT into an empty data root only, and this one holds fetches",
            where=root.path,
            do="Give it a place of its own with --data-root DIR (or ODS_DATA_ROOT)",
        )
