"""What tests of commands are given: see `conftest.py` of all tests."""

from collections.abc import Callable
from pathlib import Path

# `ods-pipeline …` in this process; gives the exit code.
Main = Callable[..., int]
Argument = str | Path
