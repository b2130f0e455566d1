"""A series of releases: from one to the next, exactly what the factory plans changes."""

from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.dataroot.flat import flat_folders, flat_mark
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline_tests.factory import (
    flat_release,
    make_register,
    months,
    next_month,
    write_delta,
    write_flat_release,
)
from ods_pipeline_tests.factory.plan import NATIONAL, Churn

SCALE = 0.01


@pytest.fixture(scope="module")
def year() -> list:
    return list(months(make_register(SCALE), 4))


@pytest.fixture(scope="module")
def hashes(year: list) -> list[pl.DataFrame]:
    return [
        flat_release(register).frames["organisations"].select("ods_code", "content_hash", "last_change_date")
        for register, _ in year
    ]


def test_releases_come_on_the_last_friday_of_each_month(year: list) -> None:
    days = [str(register.released) for register, _ in year]
    assert days == ["2026-08-28", "2026-09-25", "2026-10-30", "2026-11-27"]
    assert [register.sequence for register, _ in year] == [1, 2, 3, 4]


def test_what_changed_is_what_the_plan_of_the_month_says(year: list, hashes: list[pl.DataFrame]) -> None:
    for (before, after), (_, changes) in zip(pairwise(hashes), year[1:], strict=True):
        both = before.join(after, on="ods_code", how="full", suffix="_after", coalesce=True)
        changed = both.filter(pl.col("content_hash").ne_missing(pl.col("content_hash_after")))
        planned = {code for codes in changes.codes.values() for code in codes}
        assert set(changed["ods_code"]) <= planned
        assert set(changes.codes["opened"]) == set(both.filter(pl.col("content_hash").is_null())["ods_code"])
        gone = both.filter(pl.col("content_hash_after").is_null())["ods_code"]
        assert set(changes.codes["deleted"]) == set(gone)
        for what in ("closed", "reopened", "renamed", "moved", "RE4 changed", "RE6 changed"):
            assert set(changes.codes[what]) <= set(changed["ods_code"]), what


def test_every_change_is_stamped_within_its_month(year: list, hashes: list[pl.DataFrame]) -> None:
    for n in (1, 2, 3):
        changed = hashes[n].join(hashes[n - 1], on=["ods_code", "content_hash"], how="anti")
        first, last = year[n - 1][0].published, year[n][0].published
        assert ((changed["last_change_date"] > first) & (changed["last_change_date"] <= last)).all()


def test_a_month_changes_as_much_as_published(year: list) -> None:
    churn = Churn().scaled(SCALE)
    for _, changes in year[1:]:
        counts = {what: len(codes) for what, codes in changes.codes.items()}
        assert counts["closed"] == pytest.approx(churn.closed, abs=1)
        assert counts["renamed"] == pytest.approx(churn.renamed, abs=1)
        assert counts["RE6 changed"] == pytest.approx(churn.operator_changed, abs=1)
        assert sum(counts.values()) == pytest.approx(churn.stamped, abs=8)
    assert 2_000 <= Churn().stamped <= 4_800
    assert 600 <= Churn().closed <= 1_100
    assert 18 <= Churn().reopened <= 123
    assert NATIONAL.active == 217_059


def test_ids_stay_unique_and_the_same_seed_gives_the_same_year(year: list) -> None:
    for register, _ in year:
        assert register.roles["unique_role_id"].is_unique().all()
        assert register.relationships["unique_rel_id"].is_unique().all()
        repeated = register.organisations.filter(pl.col("loses").is_null())["ods_code"]
        assert repeated.is_unique().all()
    again, _ = next_month(make_register(SCALE))
    assert again.organisations.equals(year[1][0].organisations)
    assert again.relationships.equals(year[1][0].relationships)


def test_a_flat_release_can_be_found_by_the_pipeline(year: list, tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    folder = write_flat_release(year[0][0], root)
    assert flat_folders(root) == [folder]
    assert flat_mark(root, folder.name) is not None


def test_a_fetch_has_the_requested_number_of_changed_records(year: list, tmp_path: Path) -> None:
    register = year[0][0]
    flat = flatten_fetch(write_delta(register, tmp_path, records=20))
    organisations = flat.frames["organisations"]
    assert organisations.height == 20
    assert flat.frames["quarantined_records"].is_empty()
    assert flat.captures["as_of"].item() > register.published
    after = flat_release(next_month(register)[0]).frames["organisations"]
    joined = organisations.join(after, on=["ods_code", "content_hash"])
    assert joined.height == 20
