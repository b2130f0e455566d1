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
    (figure,) = (f for f in figures_of("icb") if f.query == "area_map")
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
        rows = answer(connection, figure, {"area": "Z9B2Z"}).rows
    assert rows.height > 50
    assert figure.chart is not None
    spec = figure.chart(rows)
    assert spec is not None
    data = spec["data"]
    assert isinstance(data, dict)
    places = {(dot["easting"], dot["northing"]) for dot in data["values"]}
    west, east = min(e for e, _ in places), max(e for e, _ in places)
    south, north = min(n for _, n in places), max(n for _, n in places)
    width, height = spec["width"], spec["height"]
    assert isinstance(width, int) and isinstance(height, int)
    assert height == 560 and abs(width - 280) <= 2, "the shape is that of the ground"
    svg = as_svg(spec, "area_map", "Map")
    found = re.findall(r'<path transform="translate\(([\d.]+),([\d.]+)\)"', svg)
    dots = {(float(x), float(y)) for x, y in found}
    # Places that would lie on each other are one dot, so a dot may be half a square off.
    off = 560 / 250
    for e, n in rows.select("easting", "northing").iter_rows():
        x, y = (e - west) / (east - west) * width, (north - n) / (north - south) * height
        assert any(abs(x - a) < off and abs(y - b) < off for a, b in dots), "north is up, east is right"


def test_near_places_are_one_dot_and_few_make_no_map() -> None:
    draw = chart_named("dots kind")
    near = {"kind": ["pharmacy"] * 2, "easting": [530_010, 530_020], "northing": [180_010, 180_020]}
    assert draw(pl.DataFrame(near)) is None


def test_regions_and_icbs_have_a_map_of_the_sample_s_own_coordinates() -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        for page in ("icb/Z9B2Z.html", "region/Y56.html"):
            (shown,) = (f for f in figures_on(sample_site(), page) if f.name == "area_map")
            places = {row[0]: (int(row[-2]), int(row[-1])) for row in shown.csv[1:]}
            known = connection.execute(
                "SELECT ods_code, easting, northing FROM marts.organisation_places WHERE ods_code IN ?",
                [list(places)],
            ).fetchall()
            assert {code: (e, n) for code, e, n in known} == places and len(places) > 50
            drawing = (sample_site() / page).read_text(encoding="utf-8")
            assert drawing.count("<path transform=") >= 50


def test_without_coordinates_there_is_no_map() -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        held = connection.sql("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'geo'").fetchall()
    shown = {figure.name for figure in figures_on(sample_site(), "icb/Z9B2Z.html")}
    assert ("area_map" in shown) == bool(held)
