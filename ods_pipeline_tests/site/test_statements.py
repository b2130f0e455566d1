"""The statements of figures: each figure has one, and a set of another version is rejected with a remedy."""

from pathlib import Path

import duckdb
import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.site.content import figures_of
from ods_pipeline.site.figures import answer, statement_of
from ods_pipeline.site.search_index import write_search


def test_a_missing_table_is_explained() -> None:
    (figure, *_) = figures_of("areas")
    with duckdb.connect() as connection, pytest.raises(OdsError, match="build --again"):
        answer(connection, figure)


def test_a_set_of_an_older_search_is_explained(tmp_path: Path) -> None:
    with duckdb.connect() as connection, pytest.raises(OdsError, match=r"the look-up page.*build --again"):
        write_search(connection, tmp_path)


@pytest.mark.parametrize(
    "name", ["home", "areas", "region", "icb", "days", "day", "closed", "kind", "odd", "provenance"]
)
def test_every_figure_has_a_statement_and_a_title(name: str) -> None:
    figures = figures_of(name)
    assert len({figure.query for figure in figures}) == len(figures) > 0
    for figure in figures:
        assert statement_of(figure.query).startswith("SELECT")
        assert figure.title
