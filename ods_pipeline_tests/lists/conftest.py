"""The published sample, open for reading, by which lists are judged."""

from collections.abc import Iterator
from contextlib import closing

import duckdb
import pytest

from ods_pipeline_tests.support.rooms import sample_root


@pytest.fixture(scope="module")
def sample() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True)) as connection:
        yield connection
