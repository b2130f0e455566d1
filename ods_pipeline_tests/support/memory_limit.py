"""A limit on memory above which Linux kills: a control group of version 1 or 2.

Lives here: making the group, and the command that joins it. Does not live here: what is run in it.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_GROUPS = Path("/sys/fs/cgroup")
# For each of the two versions: the folder, the file of the limit, and that of the swap, which would let it
# live on.
_VERSIONS = [
    (_GROUPS / "memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
    (_GROUPS, "memory.max", "memory.swap.max"),
]


@contextmanager
def memory_limited_to(megabytes: int) -> Iterator[Path]:
    """Make a group with this limit and yield its folder. Skips where no group can be made."""
    for folder, limit, swap in _VERSIONS:
        group = folder / f"ods-{os.getpid()}-{megabytes}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if not (group / limit).exists():
                continue
            (group / limit).write_text(str(megabytes << 20))
            if (group / swap).exists():
                (group / swap).write_text(str(megabytes << 20) if "memsw" in swap else "0")
            yield group
            return
        finally:
            _remove(group)
    pytest.skip("no control group with a limit on memory can be made here (it needs root)")


def run_in(group: Path, command: Sequence[str], environment: dict[str, str]) -> int:
    """Run a command in a group and return its exit code; negative is the signal that ended it."""
    joining = f'echo $$ > "{group}/cgroup.procs" && exec "$@"'
    ran = subprocess.run(
        ["sh", "-c", joining, "sh", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=300,
    )
    return ran.returncode


def _remove(group: Path) -> None:
    for _ in range(50):  # the kernel takes a moment to let the dead go
        try:
            group.rmdir()
        except OSError:
            time.sleep(0.1)
        else:
            return
