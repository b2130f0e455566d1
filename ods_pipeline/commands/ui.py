"""`ods-pipeline ui`: Dagster's web interface on a data root."""

import os
import subprocess
import sys
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.commands.common import DEFAULT_ROOT, Root
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.instance import write_instance_config, write_workspace


def ui(
    *,
    data_root: Root = DEFAULT_ROOT,
    port: Annotated[int, Parameter(help="The port on 127.0.0.1.")] = 3000,
) -> int:
    """Run ``dagster dev`` until it is interrupted.

    The TRUD key reaches it through the environment only: every user of the machine can read a command line.

    Returns:
        The exit code of Dagster.
    """
    root = DataRoot(data_root.resolve())
    home = write_instance_config(root)
    environment = os.environ | {
        "DAGSTER_HOME": str(home),
        "ODS_DATA_ROOT": str(root.path),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(write_workspace(home))]
    command += ["-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(command, env=environment, check=False).returncode
