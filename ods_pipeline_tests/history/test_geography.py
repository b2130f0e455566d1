"""The open RE5 of the two newest releases are counted from what is held."""

from datetime import date

import polars as pl

from ods_pipeline.history.geography import open_geography_links, open_links
from ods_pipeline_tests.support.builders import Held, make_record, rel


def records(with_link: int) -> list[dict[str, object]]:
    linked = [make_record(f"R{n}", Rels={"Rel": [rel(f"R{n}", "Q1", "RE5")]}) for n in range(with_link)]
    return [*linked, *(make_record(f"R{n}") for n in range(with_link, 4)), make_record("Q1")]


def test_the_two_newest_releases_are_compared(held: Held) -> None:
    for published, released, links in (
        ("2026-06-19", "2026-06-26", 1),
        ("2026-07-24", "2026-07-31", 4),
        ("2026-08-21", "2026-08-28", 3),
    ):
        held.release(records(links), published=published, released=released)
    counts = open_geography_links(held.register().frames)
    assert [(str(day), links) for day, links in counts] == [("2026-07-24", 4), ("2026-08-21", 3)]


def test_links_are_counted_by_the_days_on_which_they_hold() -> None:
    day = date(2026, 8, 21)
    ends = [None, day, date(2026, 8, 20), None, None]
    starts = [day, day, date(2020, 4, 1), date(2026, 8, 22), day]
    frame = pl.LazyFrame(
        {"rel_id": ["RE5"] * 4 + ["RE6"], "operational_start": starts, "operational_end": ends},
        schema_overrides={"operational_end": pl.Date},
    )
    assert open_links(frame, "RE5", day) == 2
