"""Who may change the files that this program writes.

Entry points call this module, so it imports nothing that is slow to load.
"""

import os

OTHERS_WRITE = 0o022


def restrict_umask() -> None:
    """Stop other users from changing files that this process writes; who may read them does not change.

    For entry points only: a umask belongs to the whole process.
    """
    os.umask(os.umask(0o077) | OTHERS_WRITE)
