"""The published register of ``nasty.py``, open for queries."""

from collections.abc import Iterator

import duckdb
import pytest

from ods_pipeline_tests.hostile.nasty import nasty_set


@pytest.fixture(scope="module")
def published() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(nasty_set() / "ods.duckdb"), read_only=True) as connection:
        yield connection
