"""The maps: there if the published set has coordinates of postcodes, left out if not."""

import re
import shutil
from pathlib import Path

import duckdb
import polars as pl

from ods_pipeline.site.charts import as_svg, chart_named
from ods_pipeline.site.content import figures_of
from ods_pipeline.site.figures import answer
from ods_pipeline_tests.site.reading import figures_on
from ods_pipeline_tests.support.rooms import sample_root, sample_site


def test_every_dot_is_at_its_postcode(tmp_path: Path) -> None:
    """Composed coordinates: the sample's postcodes on a line, each a kilometre further east and two north."""
    shutil.copy(sample_root().path / "ods.duckdb", tmp_path / "ods.duckdb")
    (figure,) = (f for f in figures_of("icb") if f.query == "icb_map")
    with duckdb.connect(str(tmp_path / "ods.duckdb")) as connection:
        connection.execute("DROP SCHEMA IF EXISTS geo CASCADE")
        connection.execute("CREATE SCHEMA geo")
        connection.execute("""
            CREATE TABLE geo.postcodes AS
            SELECT postcode_key, 400000 + 1000 * n AS easting, 200000 + 2000 * n AS northing
            FROM (
                SELECT postcode_key, row_number() OVER (ORDER BY postcode_key) AS n
                FROM (SELECT DISTINCT postcode_key FROM marts.code_finder WHERE postcode_key IS NOT NULL)
            )
        """)
        rows = answer(connection, figure, {"icb": "Z9B2Z"}).rows
    assert rows.height > 50
    assert figure.chart is not None
    spec = figure.chart(rows)
    assert spec is not None
    data = spec["data"]
    assert isinstance(data, dict)
    places = {(dot["easting"], dot["northing"]) for dot in data["values"]}
    assert places == set(rows.select("easting", "northing").unique().iter_rows())
    svg = as_svg(spec, "icb_map", "Map")
    found = re.findall(r'<path transform="translate\(([\d.]+),([\d.]+)\)"', svg)
    dots = {(float(x), float(y)) for x, y in found}
    assert len(dots) >= len(places)
    width, height = spec["width"], spec["height"]
    assert (width, height) == (280, 560), "north is up, and the shape is that of the ground"


def test_near_places_are_one_dot_and_few_are_no_map() -> None:
    draw = chart_named("dots kind")
    near = {"kind": ["pharmacy"] * 2, "easting": [530_010, 530_020], "northing": [180_010, 180_020]}
    assert draw(pl.DataFrame(near)) is None


def test_without_coordinates_there_is_no_map() -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        held = connection.sql("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'geo'").fetchall()
    shown = {figure.name for figure in figures_on(sample_site(), "icb/Z9B2Z.html")}
    assert ("icb_map" in shown) == bool(held)
