"""The figures of the sample's site are the answers of the statements shown below them."""

import re
from itertools import zip_longest

import duckdb
import pytest

from ods_pipeline.lists.writing import safe_csv
from ods_pipeline.site.figures import literal, statement_of
from ods_pipeline.site.render import ROWS_SHOWN
from ods_pipeline.site.words import shown
from ods_pipeline_tests.site.reading import figures_on
from ods_pipeline_tests.support.rooms import sample_root, sample_site

PAGES = (
    "index.html", "areas.html", "region/Y56.html", "icb/Z9B2Z.html", "icb/QMJ.html", "days.html",
    "day/2026-04-01.html", "kind/gp_practice.html", "closed.html", "odd.html", "provenance.html",
)  # fmt: skip
pytestmark = pytest.mark.promise("documented")


@pytest.mark.parametrize("page", PAGES)
def test_a_figure_is_its_statement_run_again(page: str) -> None:
    figures = figures_on(sample_site(), page)
    assert figures
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        for figure in figures:
            rows = connection.sql(figure.sql).pl()
            names = rows.columns
            if rows.is_empty():
                assert (figure.cells, figure.csv) == ([], []), figure.name
                continue
            written = safe_csv(rows).splitlines()
            assert [",".join(row) for row in figure.csv][:1] == written[:1], figure.name
            assert len(figure.csv) == rows.height + 1
            assert len(figure.cells) == min(rows.height, ROWS_SHOWN)
            for cells, row in zip_longest(figure.cells, rows.head(ROWS_SHOWN).iter_rows()):
                assert [_plain(cell) for cell in cells] == [
                    _plain(_as_text(value, name)) for value, name in zip(row, names, strict=True)
                ], figure.name


def _as_text(value: object, column: str) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(shown(v, column) for v in values if v is not None)


def _plain(cell: str) -> str:
    """Kinds are shown in words: only letters and digits are compared."""
    text = cell.lower().replace("head office", "hq")
    return re.sub(r"[^a-z0-9]", "", text)


def test_the_sample_shows_what_is_known_of_it() -> None:
    (flows, *_) = figures_on(sample_site(), "day/2026-04-01.html")
    assert {(row[0], row[2]) for row in flows.cells} >= {("QMJ", "Z9B2Z"), ("QRV", "Z9B2Z")}
    announced = {figure.name: figure for figure in figures_on(sample_site(), "icb/Z9B2Z.html")}[
        "area_announced"
    ]
    assert ["2026-10-01", "Moves to another PCN", "Y99903"] in [row[:3] for row in announced.cells]
    odd = {figure.name: figure for figure in figures_on(sample_site(), "odd.html")}
    assert "RRP" in [row[0] for row in odd["odd_legally_closed"].cells]


def test_values_are_written_out_so_that_a_statement_can_be_copied() -> None:
    assert literal("O'B") == "'O''B'"
    assert "$" in statement_of("area_kinds")
    for figure in figures_on(sample_site(), "icb/Z9B2Z.html"):
        assert "$" not in figure.sql


def test_every_icb_and_region_has_a_page() -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        held = connection.sql(
            "SELECT kind, ods_code FROM marts.organisation_status WHERE kind IN ('icb', 'region')"
        )
        pages = {f"{kind}/{code}.html" for kind, code in held.fetchall()}
    assert len(pages) > 40
    assert {page for page in pages if not (sample_site() / page).is_file()} == set()
    assert max((sample_site() / page).stat().st_size for page in pages) < 1_000_000
