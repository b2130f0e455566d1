"""The hierarchy of a register, compared with the oracle.

Lives here: marts of a register on a day, after the oracle has derived the same. Does not live here: the
oracle (``oracles/marts.py``).
"""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from ods_pipeline_tests.oracles.marts import Oracle
from ods_pipeline_tests.support.small_registers import Row, marts_on

TODAY = date(2026, 9, 4)


def hierarchy(build: Path, today: date = TODAY) -> dict[str, Row]:
    """The rows of today by code, after they have been compared with the oracle."""
    return {row["ods_code"]: row for row in compared(build, today)["provider_hierarchy_current"].to_dicts()}


def compared(build: Path, today: date = TODAY) -> dict[str, pl.DataFrame]:
    """The marts of the hierarchy, after the rows of today have been compared with the oracle."""
    result = marts_on(build, today, "provider_hierarchy", "provider_hierarchy_current")
    assert_like_the_oracle(build, today, result)
    return result


def assert_like_the_oracle(build: Path, today: date, marts: dict[str, pl.DataFrame]) -> None:
    """The rows of today are those of the oracle, and each is a row of the whole hierarchy."""
    frame = marts["provider_hierarchy_current"]
    ends = dict(frame.select("ods_code", "valid_to").iter_rows())
    assert_frame_equal(frame.drop("valid_from", "valid_to"), Oracle(build, today).current(ends))
    dates = marts["provider_hierarchy"].select("ods_code", "valid_from", "valid_to")
    assert frame.join(dates, on=dates.columns, how="anti", nulls_equal=True).is_empty()


def assert_rederived(frame: pl.DataFrame, oracle: Oracle, days: Sequence[date]) -> None:
    """On each day each organisation has the row that the oracle derives from the relationships, or none."""
    by_code: dict[str, list[Row]] = {code: [] for code in oracle.organisations}
    for row in frame.to_dicts():
        by_code[row.pop("ods_code")].append(row)
    for day in days:
        ask_for = oracle.on(day)
        for code, answer in by_code.items():
            begun = [row for row in answer if row["valid_from"] <= day]
            now = [row for row in begun if row["valid_to"] is None or row["valid_to"] > day]
            ends = now[0]["valid_to"] if now else None
            expected = [ask_for.hierarchy_row(code, ends)] if ask_for.lives(code) else []
            result = [{"ods_code": code} | {c: v for c, v in row.items() if "valid" not in c} for row in now]
            assert result == expected, (code, day)
    for code, answer in by_code.items():
        for row, following in pairwise(answer):
            same = row["valid_to"] == following["valid_from"]
            assert not (same and all(row[c] == following[c] for c in row if "valid" not in c)), code
