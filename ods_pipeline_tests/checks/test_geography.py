"""The fall of RE5 from one release to the next is seen in what is held, and told by the build."""

from ods_pipeline.defs.assets.register import open_geography_links
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
    found = open_geography_links(held.register())
    assert [(str(day), links) for day, links in found] == [("2026-07-24", 4), ("2026-08-21", 3)]
