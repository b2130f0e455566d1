"""The type of the fixture `run_main`, which is in the `conftest.py` of all tests."""

from collections.abc import Callable
from pathlib import Path

# Runs `ods-pipeline …` in this process and returns the exit code.
Main = Callable[..., int]
Argument = str | Path
