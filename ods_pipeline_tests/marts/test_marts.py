"""What holds of every mart, and closed codes: openness, ends, successors. See also test_hierarchy.py."""

import functools
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ods_pipeline.marts.build import build_mart, mart_connection
from ods_pipeline.marts.checking import findings
from ods_pipeline.schema import GEO, HISTORY, MARTS, ORD
from ods_pipeline.schema.marts import KINDS, OPENNESS
from ods_pipeline_tests.oracles.marts import Oracle, openness
from ods_pipeline_tests.support.hierarchies import assert_like_the_oracle
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row, mart_on, marts_on, organisation, write

TODAY = date(2026, 9, 4)
DAYS = [date(2024, 6, 30), date(2026, 3, 31), date(2026, 4, 1), TODAY, date(2026, 10, 1)]
every_day = pytest.mark.parametrize("today", DAYS, ids=str)


@pytest.fixture(scope="module")
def sample() -> Path:
    return sample_root().path


@pytest.fixture(scope="module")
def shuffled(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build of the sample, with the rows of every table in another order."""
    build = tmp_path_factory.mktemp("shuffled")
    for table in (t for t in [*ORD, *HISTORY, *GEO, *MARTS] if (sample / t.path).exists()):
        (build / table.path).parent.mkdir(parents=True, exist_ok=True)
        rows = pl.read_parquet(sample / table.path).sample(fraction=1, shuffle=True, seed=11)
        rows.write_parquet(build / table.path)
    return build


@functools.cache
def sample_on(today: date) -> dict[str, pl.DataFrame]:
    """All marts of the sample on a day; their checks pass."""
    return marts_on(sample_root().path, today, *[mart.name for mart in MARTS])


def by_code(closed_codes: pl.DataFrame) -> dict[str, Row]:
    return {row["ods_code"]: row for row in closed_codes.to_dicts()}


def closed(build: Path) -> dict[str, Row]:
    return by_code(mart_on("closed_codes", build, TODAY))


@pytest.mark.promise("same_bytes")
@pytest.mark.parametrize("mart", MARTS, ids=lambda t: t.name)
def test_a_mart_does_not_depend_on_the_order_of_rows(sample: Path, shuffled: Path, mart: Any) -> None:
    assert_frame_equal(build_mart(mart.name, shuffled, TODAY), pl.read_parquet(sample / mart.path))


@every_day
def test_the_checks_of_the_marts_pass_on_every_day(today: date) -> None:
    assert set(sample_on(today)) == {mart.name for mart in MARTS}


@pytest.mark.promise("audited")
@every_day
def test_the_hierarchy_of_the_sample_is_the_oracle_s(sample: Path, today: date) -> None:
    marts = sample_on(today)
    assert_like_the_oracle(sample, today, marts)
    current = marts["provider_hierarchy_current"]
    assert current.height > 490
    assert set(current["kind"]) < set(KINDS)
    assert current["icb_code"].count() > 100


def test_the_checks_of_the_marts_name_what_is_missing(sample: Path) -> None:
    frame = build_mart("closed_codes", sample, TODAY).filter(pl.col("ods_code") != "R1G")
    unique, codes = findings("closed_codes", pl.concat([frame, frame.head(1)]), sample, TODAY)
    assert not unique.passed and not codes.passed
    assert codes.summary == "closed codes: 1 missing: R1G"


@pytest.mark.promise("dates")
def test_every_case_of_openness_is_the_oracle_s() -> None:
    before, same, after = date(2026, 9, 3), TODAY, date(2026, 9, 5)
    days = (None, before, same, after)
    cases = list(product(("Active", "Inactive"), days, days, days))
    with mart_connection(Path("nowhere"), TODAY) as connection:
        sql = "SELECT openness_on(?, CAST(? AS DATE), CAST(? AS DATE), CAST(? AS DATE), ods_today())"
        answers = {case: connection.execute(sql, [*case]).fetchall()[0][0] for case in cases}
    assert answers == {case: openness(*case, TODAY) for case in cases}
    assert set(answers.values()) == set(OPENNESS) - {"deleted"}
    assert answers["Active", None, None, None] == "open"
    assert answers["Active", before, None, None] == "legally_closed"
    assert answers["Active", None, None, same] == "closing"
    assert answers["Active", None, None, before] == "closed"
    assert answers["Inactive", None, before, None] == "closed"
    assert answers["Active", None, after, None] == "not_yet_open"


def test_closed_codes_of_the_sample(sample: Path) -> None:
    result = by_code(sample_on(TODAY)["closed_codes"])
    assert result["R1G"]["successor_codes"] == ["RA9"]
    assert result["QM7"]["successor_codes"] == ["D7T5G", "S1Y5D"]
    assert result["QM7"]["successor_count"] == 2
    assert result["RRP"]["openness"] == "legally_closed"
    assert result["NZ902"]["openness"] == "deleted"
    assert result["T1201"]["successor_codes"] == []  # it succeeds itself
    assert "V99003" not in result  # unconfirmed: it stays
    assert {"RA9", "D7T5G", "FX105"} & set(result) == set()


@every_day
def test_closed_codes_are_those_that_are_not_open(sample: Path, today: date) -> None:
    oracle = Oracle(sample, today)
    answers = {code: oracle.openness(code) for code in oracle.organisations}
    expected = {code: word for code, word in answers.items() if word in ("closed", "legally_closed")}
    result = by_code(sample_on(today)["closed_codes"])
    assert {c: row["openness"] for c, row in result.items() if row["openness"] != "deleted"} == expected
    assert [
        c
        for c, r in result.items()
        if r["openness"] != "deleted" and r["closed_on"] and r["closed_on"] >= today
    ] == []
    silent = [
        c for c, row in result.items() if row["successor_codes"] and "succeeded by" not in row["explanation"]
    ]
    assert silent == []


@pytest.mark.promise("dates")
def test_closed_on_is_the_legal_end_once_it_is_past(tmp_path: Path) -> None:
    past, earlier, future = date(2026, 8, 31), date(2020, 9, 30), date(2027, 3, 31)
    ends = {
        "BOTH": {"legal_end": earlier, "operational_end": past},
        "AHEAD": {"legal_end": future, "operational_end": past},
        "LEGAL": {"legal_end": past},
        "SILENT": {"status": "Inactive", "legal_end": future},
        "ODD": {"operational_start": future, "operational_end": past},
        "OPEN": {"operational_end": future},
    }
    build = write(tmp_path, [organisation(code, "RO197", **changes) for code, changes in ends.items()])
    result = closed(build)
    assert {c: row["closed_on"] for c, row in result.items()} == {
        "BOTH": earlier,
        "AHEAD": past,
        "LEGAL": past,
        "SILENT": None,
    }
    assert result["SILENT"]["explanation"].startswith("Closed (Inactive); ODS gives no end date")


@pytest.mark.promise("successors")
def test_either_side_of_a_succession_is_enough(tmp_path: Path) -> None:
    end = {"operational_end": date(2020, 3, 31)}
    organisations = [
        organisation("A1", "RO98", **end),
        organisation("B2", "RO98", **end),
        organisation("C3", "RO98"),
    ]
    sides = [("A1", "Successor", "C3"), ("C3", "Predecessor", "A1"), ("C3", "Predecessor", "B2")]
    successions = [{"ods_code": a, "succession_type": t, "target_ods_code": b} for a, t, b in sides]
    result = closed(write(tmp_path, organisations, successions=successions))
    assert {code: row["successor_codes"] for code, row in result.items()} == {"A1": ["C3"], "B2": ["C3"]}
