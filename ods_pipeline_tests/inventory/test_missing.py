"""Which stamps and days no fetch asked for."""

from datetime import date

import polars as pl
import pytest

from ods_pipeline.inventory.missing import missing_days, missing_stamps


def held(*deltas: tuple[str, str, str], published: str | None = "2026-08-21") -> pl.DataFrame:
    """Captures of a release and of deltas, each (first stamp, last stamp, day of the fetch)."""
    rows = [("full", published, published, None, None)] if published else []
    rows += [("delta", None, as_of, start, end) for start, end, as_of in deltas]
    names = ("kind", "publication_date", "as_of", "stamps_from", "stamps_to")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    counts = [pl.lit(0, pl.Int64).alias(f"{name}_records") for name in ("quarantined", "parsed")]
    return frame.with_columns(pl.col(names[1:]).str.to_date("%Y-%m-%d"), *counts)


def test_every_stamp_since_the_release_was_asked_for() -> None:
    whole = held(("2026-08-21", "2026-08-24", "2026-08-24"), ("2026-08-23", "2026-08-26", "2026-08-26"))
    assert missing_stamps(whole) == []


@pytest.mark.promise("no_lost_day")
def test_missing_stamps_are_those_that_no_fetch_asked_for() -> None:
    holes = held(("2026-08-22", "2026-08-24", "2026-08-24"), ("2026-08-27", "2026-08-27", "2026-08-28"))
    days = [date(2026, 8, 21), date(2026, 8, 25), date(2026, 8, 26), date(2026, 8, 28)]
    assert missing_stamps(holes) == days


def test_without_deltas_or_without_release_no_stamp_is_missing() -> None:
    assert missing_stamps(held()) == []
    assert missing_stamps(held(("2026-08-27", "2026-08-27", "2026-08-28"), published=None)) == []


def test_missing_days_are_those_of_the_window_that_no_fetch_covers() -> None:
    days = [date(2026, 9, n) for n in range(1, 6)]
    assert missing_days((days[0], days[4]), [(days[0], days[1]), (days[3], days[3])]) == [days[2], days[4]]
    assert missing_days((days[0], days[1]), [(days[0], days[4])]) == []
