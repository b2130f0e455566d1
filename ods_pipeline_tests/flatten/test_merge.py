"""merge.py: a complete record beats a stub; full beats archive; else the later operational start."""

import json
from datetime import date
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.merge import collapse_successions, merge
from ods_pipeline.schema import COMPONENTS, TABLES

DAYS = [None, date(2010, 4, 1), date(2020, 4, 1)]
STORED = TABLES["organisations"].stored


def row(number: int, code: str = "R1A", **values: Any) -> dict[str, Any]:
    """A record; `published_in` is its file, `record_number` its place in that file."""
    columns: dict[str, Any] = dict.fromkeys(STORED)
    columns |= {
        "ods_code": code,
        "name": "OLD",
        "record_class": "RC1",
        "status": "Active",
        "primary_role_id": "RO197",
    }
    columns |= {"status_is_inferred": False, "ref_only": False, "published_in": "full"}
    columns |= {"operational_start": DAYS[1], "last_change_date": DAYS[1], **values}
    columns |= {
        "capture_id": f"release=x/{columns['published_in']}",
        "record": number,
        "record_number": number + 1,
    }
    return columns


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    dtypes = TABLES["organisations"].dtypes
    schema = {name: dtypes[name] for name in STORED} | {"record": pl.Int64, "record_number": pl.Int64}
    return pl.DataFrame(rows, schema=schema)


def parts(**rows: list[dict[str, Any]]) -> dict[str, pl.DataFrame]:
    def empty(name: str) -> dict[str, Any]:
        dtypes = TABLES[name].dtypes
        return {n: dtypes[n] for n in TABLES[name].stored if n != "ods_code"} | {"record": pl.Int64}

    return {name: pl.DataFrame(rows.get(name, []), schema=empty(name)) for name in COMPONENTS}


def merged(rows: list[dict[str, Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    return merge(frame(rows), parts())


def beats(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """The rule, compared step by step."""
    if one["ref_only"] != other["ref_only"]:
        return other["ref_only"]
    if one["published_in"] != other["published_in"]:
        return one["published_in"] == "full"
    for day in ("operational_start", "last_change_date"):
        if one[day] != other[day]:
            return (one[day] or date.min) > (other[day] or date.min)
    return one["record_number"] < other["record_number"]


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "stub in the same file": ({}, {"ref_only": True}, "stub_beaten_by_complete"),
    "stub in full": ({"published_in": "archive"}, {"ref_only": True}, "stub_beaten_by_complete"),
    "newer stub": (
        {},
        {"ref_only": True, "last_change_date": DAYS[2], "operational_start": DAYS[2]},
        "stub_beaten_by_complete",
    ),
    "stub of another name": (
        {},
        {"ref_only": True, "name": "OTHER", "primary_role_id": "RO1"},
        "stub_beaten_by_complete",
    ),
    "archive": ({}, {"published_in": "archive"}, "archive_beaten_by_full"),
    "archive with later start": (
        {},
        {"published_in": "archive", "operational_start": DAYS[2]},
        "archive_beaten_by_full",
    ),
    "archive stub": (
        {"ref_only": True},
        {"ref_only": True, "published_in": "archive"},
        "archive_beaten_by_full",
    ),
    "earlier start": ({"operational_start": DAYS[2]}, {}, "duplicate_code"),
    "no start": ({}, {"operational_start": None}, "duplicate_code"),
    "earlier stamp": ({"last_change_date": DAYS[2]}, {}, "duplicate_code"),
    "no stamp": ({}, {"last_change_date": None}, "duplicate_code"),
    "renamed, same organisation": ({"last_change_date": DAYS[2], "name": "NEW"}, {}, "duplicate_code"),
    "another organisation, later": ({"name": "NEW", "operational_start": DAYS[2]}, {}, "reused_code"),
    "another organisation in archive": (
        {"name": "NEW"},
        {"published_in": "archive", "primary_role_id": "RO1"},
        "reused_code",
    ),
}


@pytest.mark.promise("newest_counts")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("winner_first", [True, False])
def test_the_winner_and_the_reason_follow_the_rule(case: str, winner_first: bool) -> None:
    winner, loser, reason = CASES[case]
    rows = [row(0, **winner), row(1, **loser)] if winner_first else [row(0, **loser), row(1, **winner)]
    winning, losing = (0, 1) if winner_first else (1, 0)
    winners, superseded = merged(rows)
    assert winners["record"].to_list() == [winning]
    columns = ["record_number", "reason", "won_by_record_number", "won_by_capture_id", "capture_id"]
    captures = [rows[winning]["capture_id"], rows[losing]["capture_id"]]
    assert superseded.select(columns).rows() == [(losing + 1, reason, winning + 1, *captures)]


def test_of_two_records_that_tie_the_first_in_the_file_wins() -> None:
    winners, superseded = merged([row(0), row(1), row(2)])
    assert winners["record_number"].to_list() == [1]
    assert superseded.select("record_number", "reason").rows() == [
        (2, "duplicate_code"),
        (3, "duplicate_code"),
    ]


RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "code": st.sampled_from(["A", "B", "C"]),
            "ref_only": st.booleans(),
            "published_in": st.sampled_from(["full", "archive"]),
            "operational_start": st.sampled_from(DAYS),
            "last_change_date": st.sampled_from(DAYS),
            "name": st.sampled_from(["ONE", "TWO"]),
        }
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.promise("newest_counts")
@given(RECORDS, st.integers(0, 99))
def test_winners_follow_the_rule_in_any_order_of_the_rows(records: list[dict[str, Any]], seed: int) -> None:
    rows = [row(number, **record) for number, record in enumerate(records)]
    winners, superseded = merged(rows)
    slow = [r for r in rows if all(r is o or beats(r, o) for o in rows if o["ods_code"] == r["ods_code"])]
    assert winners["record"].to_list() == [r["record"] for r in sorted(slow, key=lambda r: r["ods_code"])]
    assert sorted([*winners["record_number"], *superseded["record_number"]]) == [
        r["record_number"] for r in rows
    ]
    assert set(winners["ods_code"]) == {r["ods_code"] for r in rows}
    Random(seed).shuffle(rows)
    again = merged(rows)
    assert again[0].equals(winners)
    assert again[1].equals(superseded)


@pytest.mark.promise("conserved")
def test_the_parts_of_a_loser_are_kept_as_json() -> None:
    roles = [
        {
            "record": n,
            "role_id": f"RO{n}",
            "unique_role_id": n,
            "is_primary": True,
            "operational_start": DAYS[1],
        }
        for n in (0, 1)
    ]
    _, superseded = merge(
        frame([row(0), row(1)]), parts(roles=roles, contacts=[{"record": 1, "contact_value": "1"}])
    )
    kept = json.loads(superseded["components"][0])
    assert (len(kept["roles"]), kept["relationships"]) == (1, None)
    assert (kept["roles"][0]["role_id"], kept["roles"][0]["operational_start"]) == ("RO1", "2010-04-01")
    assert kept["contacts"][0]["contact_value"] == "1"


def test_one_succession_published_twice_is_one_fact() -> None:
    def succession(number: int | None, to: str = "R2B", day: date | None = DAYS[1]) -> dict[str, Any]:
        return {
            "ods_code": "R1A",
            "succession_type": "Successor",
            "target_ods_code": to,
            "legal_start": day,
            "unique_succ_id": number,
        }

    rows = [succession(9), succession(None), succession(7), succession(8, "R3C"), succession(6, day=DAYS[2])]
    table = TABLES["successions"]
    schema = {name: table.dtypes[name] for name in table.stored}
    for seed in range(5):
        shuffled = Random(seed).sample(rows, len(rows))
        kept, repeats = collapse_successions(pl.DataFrame(shuffled, schema=schema))
        assert sorted(kept["unique_succ_id"]) == [6, 7, 8]
        assert repeats["unique_succ_id"].to_list() == [9, None]
