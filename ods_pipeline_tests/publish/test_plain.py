"""The plain views of the published file: no lists, the same rows, the values of each list in order."""

from collections.abc import Iterator
from contextlib import closing

import duckdb
import pytest

from ods_pipeline_tests.support.rooms import sample_root

_NAMES = (
    "closed_codes",
    "code_crosswalk",
    "code_finder",
    "drift",
    "provider_hierarchy",
    "social_care_sites",
    "successor_candidates",
)


@pytest.fixture(scope="module")
def sample() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True)) as connection:
        yield connection


def test_each_table_with_lists_has_a_plain_view_and_no_other(sample: duckdb.DuckDBPyConnection) -> None:
    views = sample.sql(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = 'plain' ORDER BY 1"
    ).fetchall()
    assert tuple(name for (name,) in views) == _NAMES


@pytest.mark.parametrize("name", _NAMES)
def test_a_plain_view_has_the_rows_of_its_table_and_no_list(
    sample: duckdb.DuckDBPyConnection, name: str
) -> None:
    view, table = sample.sql(f"FROM plain.{name}"), sample.sql(f"FROM marts.{name}")
    assert view.columns == table.columns
    assert not [str(dtype) for dtype in view.types if dtype.id in ("list", "struct")]
    assert len(view) == len(table)


def test_values_of_a_list_are_separated_by_spaces(sample: duckdb.DuckDBPyConnection) -> None:
    divided = "SELECT successor_codes FROM plain.closed_codes WHERE ods_code = 'QM7'"
    assert sample.sql(divided).fetchall() == [("D7T5G S1Y5D",)]
    steps = sample.sql("""
        SELECT
            p.via,
            array_to_string([s.level || ':' || s.rel_id || ':' || s.unique_rel_id for s in h.via], ' ')
        FROM plain.provider_hierarchy AS p
        JOIN marts.provider_hierarchy AS h ON h.ods_code = p.ods_code AND h.valid_from = p.valid_from
        WHERE len(h.via) > 1
    """)
    assert len(steps) > 0
    assert all(plain == listed for plain, listed in steps.fetchall())
