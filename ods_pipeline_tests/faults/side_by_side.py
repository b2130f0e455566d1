"""Commands in processes of their own, begun next to others on one data root and waited for later.

Lives here: begin and end. Does not live here: processes that die (``driver.py``).
"""

import subprocess
import sys

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support.rooms import ENVIRONMENT

BUSY, DONE = 3, 0


def begin(root: DataRoot, *arguments: str) -> subprocess.Popen[str]:
    """Begin `ods-pipeline …` on a data root."""
    command = [sys.executable, "-m", "ods_pipeline.cli", *arguments, "--data-root", str(root.path)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=pipe, stderr=pipe, text=True)


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a process and return its exit code and output."""
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in out + err, err
    if process.returncode == BUSY:
        assert "another build is running here. Wait for it to end, or give another --data-root." in err
    return process.returncode, out + err
