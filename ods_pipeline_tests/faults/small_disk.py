"""A disk that is nearly full, or read-only: run with `unshare -rm`, where a disk of memory can be mounted.

    unshare -rm python -m ods_pipeline_tests.faults.small_disk BEGIN PLACE KILOBYTES finish|stop ARGUMENTS...

Lives here: what happens on that disk, told as JSON, since nothing of it outlives the process. Does not live
here: what should have happened (`test_full_disk.py`). BEGIN is copied onto the disk, which has KILOBYTES left
then, or is made read-only if that is `ro`.
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
    told: dict[str, Any] = {
        "code": ran.returncode,
        "words": ran.stderr,
        "untouched": published(root) == before,
    }
    told["half"] = sorted(p for p in listing(root) if p.startswith((".builds/next", "flat/.", "raw/ord/.")))
    if kilobytes == "ro":
        told["status"] = run_cli("status", "--data-root", root.path).returncode
        told["found"] = run_cli("find", "RX1", "--data-root", root.path).returncode
    if finish == "finish":
        remount(disk, "rw,size=1g")
        again = run_cli(*arguments, "--data-root", root.path)
        told |= {"again": again.returncode, "again_words": again.stderr}
        told["published"], told["listing"] = published(root), sorted(listing(root))
    json.dump(told, sys.stdout)
    return 0


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
