"""Removes what killed runs leave in a data root.

Lives here: the names that belong to nobody once no run is under way. Does not live here: writing under such
names (``files.py``, ``builds.py``), runs that Dagster still shows as running (``defs/dead_runs.py``), and
unfinished fetches, which continue.
"""

from ods_pipeline.dataroot.builds import current_build, numbered_builds, prune_builds
from ods_pipeline.dataroot.files import remove
from ods_pipeline.dataroot.layout import DataRoot

# Names of files and folders that are not whole yet. A download that can continue (``.part``) is kept.
_LEFTOVERS = {
    "": (".*.new", "*.partial"),
    ".builds": (".*.new",),
    ".dagster": (".new-*",),
    "flat": (".*.partial", ".*.old"),
    "raw/ord": (".*.partial", ".*.old"),
    "raw/trud": ("*.partial",),
    "raw/places": ("*.partial",),
    "quarantine": ("*/*.partial",),
    "tables": ("*.partial",),  # these five without symlinks only
    "history": ("*.partial",),
    "geo": ("*.partial",),
    "marts": ("*.partial",),
    "compat": ("*.partial",),
}


def clear_up(root: DataRoot) -> None:
    """Remove half-written files and folders, unpublished builds, and all but the last two published ones.

    Call it while holding the lock on the data root: no other run uses these files then.
    """
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
