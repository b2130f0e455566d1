"""A disk that is nearly full, or read-only: run with `unshare -rm`, where a RAM disk can be mounted.

    unshare -rm python -m ods_pipeline_tests.faults.small_disk BEGIN PLACE KILOBYTES finish|stop ARGUMENTS...

Lives here: what happens on that disk, printed as JSON, since the disk ends with the process. Does not live
here: what should have happened (`test_full_disk.py`). BEGIN is copied onto the disk. The disk then has
KILOBYTES left, or is made read-only if KILOBYTES is `ro`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.faults.harness import listing
from ods_pipeline_tests.support.rooms import published, run_cli

NO_MOUNT = 77


def main(begin: str, place: str, kilobytes: str, finish: str, *arguments: str) -> int:
    disk = Path(place)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", disk], check=False).returncode:
        return NO_MOUNT
    root = DataRoot(disk / "data")
    if Path(begin).exists():
        shutil.copytree(begin, root.path, symlinks=True)
    before = published(root)
    status = os.statvfs(disk)
    used = (status.f_blocks - status.f_bfree) * status.f_frsize // 1024
    remount(disk, "ro" if kilobytes == "ro" else f"size={used + int(kilobytes)}k")
    ran = run_cli(*arguments, "--data-root", root.path)
    outcome: dict[str, Any] = {
        "code": ran.returncode,
        "error": ran.stderr,
        "untouched": published(root) == before,
    }
    outcome["half"] = sorted(
        p for p in listing(root) if p.startswith((".builds/next", "flat/.", "raw/ord/."))
    )
    if kilobytes == "ro":
        outcome["status"] = run_cli("status", "--data-root", root.path).returncode
        outcome["find"] = run_cli("find", "RX1", "--data-root", root.path).returncode
    if finish == "finish":
        remount(disk, "rw,size=1g")
        again = run_cli(*arguments, "--data-root", root.path)
        outcome |= {"again": again.returncode, "again_error": again.stderr}
        outcome["published"], outcome["listing"] = published(root), sorted(listing(root))
    json.dump(outcome, sys.stdout)
    return 0


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
