"""`ods_find` of the sample, and of a small register that is made once for all files."""

import functools
from collections.abc import Iterator
from contextlib import closing

import duckdb
import pytest

from ods_pipeline_tests.support.finding import Find, ask_for, small_register
from ods_pipeline_tests.support.rooms import sample_root


@pytest.fixture(scope="module")
def find() -> Iterator[Find]:
    """`ods_find` of the published sample."""
    with closing(duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True)) as connection:
        yield functools.cache(lambda text: ask_for(connection, text))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    """`ods_find` of the small register."""
    with small_register(tmp_path_factory.mktemp("small")) as finder:
        yield finder
