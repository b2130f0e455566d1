"""The checks of ``geo``: each passes on good tables, and says what is wrong with others."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from ods_pipeline.defs.assets.places import PLACES_FRESHNESS, raw_places
from ods_pipeline.places.areas import committed_areas
from ods_pipeline.places.checking import CHECKS, place_findings
from ods_pipeline.schema import TABLES

Row = dict[str, Any]
TODAY = date(2026, 9, 4)
STOCKTON: Row = {
    "postcode": "TS18 1HU",
    "latitude": 54.5649,
    "longitude": -1.3129,
    "icb_gss_code": "E54000050",
    "sub_icb_gss_code": "E38000247",
    "region_gss_code": "E40000012",
    "edition": "NSPL 2026-08",
    "edition_day": date(2026, 8, 1),
}


def rows_of(table: str, rows: list[Row]) -> pl.DataFrame:
    empty = TABLES[table].empty()
    return pl.concat([empty, pl.DataFrame(rows, schema_overrides=empty.schema)], how="diagonal")


def outcomes(
    postcodes: list[Row],
    known: int = 9,
    unknown: int = 1,
    today: date = TODAY,
    uprns: list[Row] | None = None,
) -> dict[str, tuple[bool, str]]:
    """Whether each check passed and its summary; this many organisations have known and other postcodes."""
    codes = ["TS18 1HU"] * known + ["TS99 9ZZ"] * unknown + ["BT1 5GS", None]
    organisations = pl.DataFrame(
        {"ods_code": [f"X{n}" for n in range(len(codes))], "status": "Active", "postcode": codes}
    )
    tables = (rows_of("geo.postcodes", postcodes), committed_areas(), rows_of("geo.uprns", uprns or []))
    found = place_findings(organisations, *tables, today)
    assert {name: {f.name for f in checks} for name, checks in found.items()} == {
        name: set(checks) for name, checks in CHECKS.items()
    }
    return {
        f"{n.split('.')[1]}.{f.name}": (f.passed, f.summary) for n, checks in found.items() for f in checks
    }


def test_good_files_and_none_pass() -> None:
    position = {"uprn": 1, "latitude": 54.5, "longitude": -1.3, "edition": "OS Open UPRN 2026-08"}
    for found in (outcomes([STOCKTON], uprns=[position]), outcomes([])):
        assert all(passed for passed, _ in found.values()), found


BAD = {
    "postcodes.postcodes_known": ({"unknown": 2}, {}, "81.8% of 11 Active organisations of Great Britain"),
    "postcodes.positions_in_great_britain": (
        {},
        {"latitude": 0.0, "longitude": 0.0},
        "1 positions lie outside Great Britain: TS18 1HU",
    ),
    "postcodes.areas_known": (
        {},
        {"sub_icb_gss_code": "E38000999"},
        "1 areas of the NHS have no name and ODS code: E38000999",
    ),
    "postcodes.edition_is_recent": (
        {"today": date(2027, 1, 15)},
        {},
        "NSPL 2026-08 is 167 days older than 2027-01-15, and a newer one is out",
    ),
    "uprns.positions_in_great_britain": (
        {"uprns": [{"uprn": 7, "latitude": 70.0, "longitude": -1.3, "edition": "OS Open UPRN 2026-08"}]},
        {},
        "1 positions lie outside Great Britain: 7",
    ),
}


@pytest.mark.parametrize("check", BAD)
def test_each_check_says_what_is_wrong(check: str) -> None:
    given, changes, problem = BAD[check]
    found = outcomes([STOCKTON | changes], **given)
    assert {name for name, (passed, _) in found.items() if not passed} == {check}
    assert problem in found[check][1]


def test_a_missed_edition_is_late_after_a_quarter() -> None:
    (spec,) = raw_places.specs
    assert spec.freshness_policy is PLACES_FRESHNESS
    # A quarter is at most 92 days; the next edition may come three weeks later in its month.
    assert timedelta(92) < PLACES_FRESHNESS.warn_window.to_timedelta() < timedelta(120)
    assert PLACES_FRESHNESS.fail_window.to_timedelta() < timedelta(2 * 92)
