"""Who may change what is written. The entry points call this; it imports nothing that is slow to load."""

import os

OTHERS_WRITE = 0o022


def keep_to_ourselves() -> None:
    """From here on nothing that this process writes can be changed by others, whatever umask it was given;
    who may read it stays as it was. For entry points only: a umask belongs to the whole process."""
    os.umask(os.umask(0o077) | OTHERS_WRITE)
