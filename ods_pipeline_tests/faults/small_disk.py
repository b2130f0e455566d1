"""A disk that is nearly full, or read-only: run with `unshare -rm`, where a RAM disk can be mounted.

    unshare -rm python -m ods_pipeline_tests.faults.small_disk BEGIN PLACE KILOBYTES finish|stop ARGUMENTS...

Lives here: that process and its start. It prints what happened as JSON, since the disk ends with it. Does not
live here: what should have happened (`test_full_disk.py`, `test_unwritable.py`). BEGIN is copied onto the
disk. The disk then has KILOBYTES left, or is made read-only if KILOBYTES is `ro`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.faults.harness import listing
from ods_pipeline_tests.support.rooms import ENVIRONMENT, published, run_cli

NO_MOUNT = 77


def on_a_small_disk(
    begin: Path, place: Path, kilobytes: int | str, *arguments: str, finish: bool = False
) -> dict[str, Any]:
    """Return what a run did there. Skips where no disk can be mounted."""
    if shutil.which("unshare") is None:
        pytest.skip("a small disk needs unshare (util-linux), which is missing")
    place.mkdir()
    command = ["unshare", "-rm", sys.executable, "-m", "ods_pipeline_tests.faults.small_disk"]
    command += [str(begin), str(place), str(kilobytes), "finish" if finish else "stop", *arguments]
    ran = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300)
    if ran.returncode == NO_MOUNT or "unshare failed" in ran.stderr:
        pytest.skip(f"no small disk can be mounted here: {ran.stderr.strip()[-200:]}")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


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
