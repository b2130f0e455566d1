"""`ods-pipeline …` in this process: its exit code, and its error as users read it.

Lives here: the command without a process of its own. Does not live here: commands in their own process
(``rooms.py``). The fixture `run_main` of all tests is ``run_here``.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from ods_pipeline import cli
from ods_pipeline_tests.support.rooms import sample_root

# The type of the fixture `run_main`.
Main = Callable[..., int]
Argument = str | Path


def run_here(*arguments: Argument) -> int:
    """Run `ods-pipeline …` in this process and return the exit code."""
    with pytest.raises(SystemExit) as ended:
        cli.main([*map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def run_on_sample(*arguments: Argument) -> int:
    """The same on the published sample, which the command only reads."""
    return run_here(*arguments, "--data-root", sample_root().path)


def error_line(text: str) -> str:
    """The only error line on stderr, which is the last one; log lines may come before it."""
    (error,) = [line for line in text.splitlines() if line.startswith("error: ")]
    assert text.endswith(error + "\n")
    assert "Traceback" not in text
    return error
