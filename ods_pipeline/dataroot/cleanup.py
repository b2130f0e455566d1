"""What a killed run leaves in a data root, and its removal.

Lives here: which names are nobody's once no run is under way. Does not live here: writing under such names
(``storage.py``), runs that Dagster still takes for running (``runs.py``), fetches on their way, which go on.
"""

from ods_pipeline.dataroot.files import remove
from ods_pipeline.dataroot.layout import DataRoot, current_build, numbered_builds, prune_builds

# What is on its way has a name of this kind until it is whole. A download that can go on (``.part``) is kept.
_LEFTOVERS = {
    "": (".*.new", "*.partial"),
    ".builds": (".*.new",),
    ".dagster": (".new-*",),
    "flat": (".*.partial", ".*.old"),
    "raw/ord": (".*.partial", ".*.old"),
    "raw/trud": ("*.partial",),
    "quarantine": ("*/*.partial",),
    "tables": ("*.partial",),  # these three without symlinks only
    "history": ("*.partial",),
    "marts": ("*.partial",),
}


def clear_up(root: DataRoot) -> None:
    """Removes half-written files and folders, builds that were never published, and those beyond the last
    two. Call it while holding the lock on the data root: none of it belongs to anybody then."""
    remove(root.next)
    for place, patterns in _LEFTOVERS.items():
        for pattern in patterns:
            for path in sorted((root.path / place).glob(pattern)):
                remove(path)
    current = current_build(root)
    for build in numbered_builds(root):
        if current is None or build.name > current.name:
            remove(build)
    prune_builds(root)
