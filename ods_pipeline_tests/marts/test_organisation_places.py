"""marts.organisation_places and ods_near: positions, areas by day, distances, the search as a full scan."""

import math
import random
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.lookup.published import query_rows
from ods_pipeline.marts.build import mart_connection
from ods_pipeline.places.held import take_places
from ods_pipeline.places.tables import area_table, postcode_table
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.postcodes import nspl_zip, place
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row, link, mart_on, marts_on, organisation, write

TODAY = date(2026, 9, 4)
EDITION = {"edition": "NSPL 2026-08", "edition_day": date(2026, 8, 1)}


def postcode(code: str, **changes: Any) -> Row:
    position = {"easting": 444500, "northing": 519100, "latitude": 54.5649, "longitude": -1.3129}
    areas = {"icb_gss_code": "E54000050", "icb_code": "QHM", "region_code": "Y63"}
    authority = {"local_authority_code": "E06000004"}
    key = {"postcode": code, "postcode_key": code.replace(" ", "")}
    return {**key, **position, **areas, **authority, **EDITION, **changes}


def with_geo(build: Path, **rows: list[Row]) -> Path:
    (build / "geo").mkdir(exist_ok=True)
    for name, given in rows.items():
        table = TABLES[f"geo.{name}"]
        frame = pl.DataFrame(given, schema_overrides=table.dtypes)
        pl.concat([table.empty(), frame], how="diagonal").write_parquet(build / table.path)
    return build


def places(build: Path, today: date = TODAY) -> dict[str, Row]:
    return {row["ods_code"]: row for row in mart_on("organisation_places", build, today).to_dicts()}


@pytest.fixture(scope="module")
def stockton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    organisations = [
        organisation("QHM", "RO261", postcode="TS18 1HU"),
        organisation("QF7", "RO261", postcode="S9 4EU"),
        organisation("FA001", "RO182", postcode="TS18 1HU", uprn=100),
        organisation("FA002", "RO182", postcode="ts181hu"),
        organisation("FA003", "RO182", postcode="BT1 5GS"),
        organisation("FA004", "RO182"),
    ]
    links = [link("FA001", "RE5", "QHM"), link("FA002", "RE5", "QF7")]
    build = write(tmp_path_factory.mktemp("stockton"), organisations, links)
    area = {"gss_code": "E06000004", "kind": "local_authority", "name": "Stockton-on-Tees", "source": "x"}
    position = {
        "easting": 1.4,
        "northing": 2.6,
        "latitude": 54.5,
        "longitude": -1.3,
        "edition": "OS Open UPRN 2026-08",
    }
    return with_geo(build, postcodes=[postcode("TS18 1HU")], areas=[area], uprns=[{"uprn": 100, **position}])


@pytest.fixture(scope="module")
def stockton_marts(stockton: Path) -> dict[str, pl.DataFrame]:
    return marts_on(stockton, TODAY, "organisation_places", "coverage")


@pytest.fixture(scope="module")
def rows(stockton_marts: dict[str, pl.DataFrame]) -> dict[str, Row]:
    """The places of Stockton, by code."""
    return {row["ods_code"]: row for row in stockton_marts["organisation_places"].to_dicts()}


def test_every_organisation_with_a_postcode_has_a_row(rows: dict[str, Row]) -> None:
    assert set(rows) == {"QHM", "QF7", "FA001", "FA002", "FA003"}
    assert rows["FA002"]["local_authority_name"] == "Stockton-on-Tees"
    assert (rows["FA002"]["latitude"], rows["FA002"]["position_basis"]) == (54.5649, "postcode")
    unknown = {name: value for name, value in rows["FA003"].items() if value is not None}
    assert unknown == {"ods_code": "FA003", "postcode": "BT1 5GS"}


def test_the_property_comes_before_the_postcode(rows: dict[str, Row]) -> None:
    row = rows["FA001"]
    assert (row["latitude"], row["easting"], row["northing"], row["position_basis"]) == (54.5, 1, 3, "uprn")


def test_the_register_s_own_geography_is_compared(rows: dict[str, Row]) -> None:
    compared = {code: (row["register_icb_code"], row["agrees_with_register"]) for code, row in rows.items()}
    assert compared["FA001"] == ("QHM", True)
    assert compared["FA002"] == ("QF7", False)
    assert compared["FA003"] == (None, None)


def test_without_files_all_is_unknown_and_nothing_fails(tmp_path: Path) -> None:
    build = write(tmp_path, [organisation("FA001", "RO182", postcode="TS18 1HU", uprn=100)])
    (row,) = places(build).values()
    assert {name for name, value in row.items() if value is not None} == {"ods_code", "postcode"}


def test_disagreements_of_open_organisations_are_counted_in_coverage(
    stockton: Path, stockton_marts: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    coverage = stockton_marts["coverage"]
    counted = coverage.filter(pl.col("postcode_disagrees") > 0).select("kind", "level", "postcode_disagrees")
    assert counted.rows() == [("pharmacy", "icb", 1)]
    closed = shutil.copytree(stockton, tmp_path / "closed")
    path = closed / TABLES["organisations"].path
    day = pl.when(ods_code="FA002").then(date(2026, 8, 31)).otherwise(pl.col("operational_end"))
    pl.read_parquet(path).with_columns(operational_end=day).write_parquet(path)
    assert marts_on(closed, TODAY, "coverage")["coverage"]["postcode_disagrees"].sum() == 0


WEST_ESSEX = {"CB11 3TG": "E07000077", "CM20 1QX": "E07000073", "CM16 4AA": "E07000072"}


def essex(folder: Path, edition: str, icb: str) -> Path:
    """Uttlesford, Harlow and Epping by an edition in the layout of ONS."""
    places_of_ons = [place(code, lad=lad, icb=icb, sicbl="E38000197") for code, lad in WEST_ESSEX.items()]
    root = DataRoot(folder / "data")
    file = take_places(root, nspl_zip(folder, places_of_ons, edition[:4]), edition)
    register = [organisation(f"FA{n}", "RO182", postcode=code) for n, code in enumerate(WEST_ESSEX)]
    build = write(folder / "build", register)
    held = root.flat / file.folder
    areas = area_table(held, file)
    (build / "geo").mkdir()
    areas.write_parquet(build / TABLES["geo.areas"].path)
    known = postcode_table(pl.DataFrame(register), areas, held, file)
    known.write_parquet(build / TABLES["geo.postcodes"].path)
    return build


@pytest.mark.promise("dates")
@pytest.mark.parametrize(
    ("edition", "icb", "answers"),
    [
        ("2025-11", "E54000025", {"2025-10-31": None, "2026-03-31": "QM7", "2026-04-01": "QM7"}),
        ("2026-04", "E54000066", {"2026-03-31": None, "2026-04-01": "D7T5G"}),
        ("2026-08", "E54000066", {"2026-04-01": None, "2026-08-01": "D7T5G"}),
    ],
)
def test_uttlesford_harlow_and_epping_on_the_day_they_change_board(
    tmp_path: Path, edition: str, icb: str, answers: dict[str, str | None]
) -> None:
    """On 1 April 2026 they went to the new Essex board. An edition speaks for no day before its own."""
    build = essex(tmp_path, edition, icb)
    for day, expected in answers.items():
        rows = {row["postcode"]: row for row in places(build, date.fromisoformat(day)).values()}
        assert set(rows) == set(WEST_ESSEX)
        for code, row in rows.items():
            stated = expected is not None
            assert row["postcode_icb_code"] == expected
            assert row["postcode_sub_icb_code"] == ("07H" if stated else None)
            assert row["local_authority_code"] == (WEST_ESSEX[code] if stated else None)
            assert (row["edition"], row["latitude"]) == (f"NSPL {edition}", 54.5649)


def test_distances_are_those_of_a_library(tmp_path: Path) -> None:
    pyproj = pytest.importorskip("pyproj", reason="a development dependency: pip install -e '.[dev]'")
    geod, dice = pyproj.Geod(ellps="WGS84"), random.Random(20261129)
    pairs = []
    for reach in (0.005, 0.05, 0.5, 5):
        for _ in range(250):
            a = (dice.uniform(50, 58.5), dice.uniform(-5.5, 1.7))
            pairs.append((*a, a[0] + dice.uniform(-reach, reach), a[1] + dice.uniform(-reach, reach)))
    with mart_connection(tmp_path, TODAY) as connection:
        frame = pl.DataFrame(pairs, schema=["a", "b", "c", "d"], orient="row")
        connection.register("pairs", frame.to_arrow())
        ours = [m for (m,) in connection.sql("SELECT metres_between(a, b, c, d) FROM pairs").fetchall()]
    for (a, b, c, d), metres in zip(pairs, ours, strict=True):
        _, _, exact = geod.inv(b, a, d, c)
        assert metres == pytest.approx(exact, rel=0.005, abs=0.01)


@pytest.fixture(scope="module")
def sample() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True)


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The distance by the law of cosines, on the sphere that the macro states."""
    (lat_a, long_a), (lat_b, long_b) = ([math.radians(x) for x in point] for point in (a, b))
    cosine = math.sin(lat_a) * math.sin(lat_b) + math.cos(lat_a) * math.cos(lat_b) * math.cos(long_a - long_b)
    return 6385000 * math.acos(min(1.0, cosine))


def test_near_is_a_full_scan(sample: duckdb.DuckDBPyConnection) -> None:
    dice = random.Random(20261129)
    positions = sample.sql("SELECT ods_code, latitude, longitude FROM marts.organisation_places").fetchall()
    known = {code: (lat, long) for code, lat, long in positions if lat is not None}
    points = dict(
        sample.sql("SELECT postcode, (latitude, longitude) FROM geo.postcodes WHERE latitude > 0").fetchall()
    )
    found = 0
    for code in dice.sample(sorted(points), 40):
        km = dice.choice([0.5, 2, 10, 60, 300])
        rows = sample.execute("SELECT ods_code, metres FROM ods_near(?, ?, NULL)", [code, km]).fetchall()
        scanned = {o: metres(points[code], point) for o, point in known.items()}
        sure = {o for o, m in scanned.items() if m < km * 1000 - 1}
        possible = {o for o, m in scanned.items() if m < km * 1000 + 1}
        assert sure <= {o for o, _ in rows} <= possible
        assert all(abs(m - scanned[o]) < 1 for o, m in rows)
        assert [m for _, m in rows] == sorted(m for _, m in rows)
        found += len(rows)
    assert found > 1000


def test_near_takes_a_kind_and_partial_postcodes(sample: duckdb.DuckDBPyConnection) -> None:
    def near(code: str, kind: str | None = None) -> list[Row]:
        return query_rows(sample, "FROM ods_near(?, 5, ?)", [code, kind])

    pharmacies = near("N10 9XD", "pharmacy")
    assert (
        {row["kind"] for row in near("N10 9XD", " Pharmacy ")}
        == {row["kind"] for row in pharmacies}
        <= {"pharmacy"}
    )
    basis = {
        code: {row["near_basis"] for row in near(code)}
        for code in ("n109xd", "N10 9", "N10", "N10 9ZZ", "XX1 1XX")
    }
    assert basis == {
        "n109xd": {"postcode"},
        "N10 9": {"sector"},
        "N10": {"district"},
        "N10 9ZZ": {"sector"},
        "XX1 1XX": set(),
    }
