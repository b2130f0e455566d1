"""Feeds keep to RFC 4287, hold what the tables hold, and never show an old event as a new one."""

from pathlib import Path

import duckdb
import pytest
from lxml import etree

from ods_pipeline.schema.sample import SAMPLE_WARNING
from ods_pipeline_tests.site.reading import ATOM, entry_ids, read_csv
from ods_pipeline_tests.support.rooms import sample_root, sample_site

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))


def test_every_feed_is_valid() -> None:
    feeds = sorted((sample_site() / "feeds").glob("*.atom"))
    assert len(feeds) > 70
    seen, reached = set(), set()
    for file in feeds:
        tree = etree.parse(file)
        assert SCHEMA.validate(tree), SCHEMA.error_log
        own = tree.xpath("string(/a:feed/a:id)", namespaces=ATOM)
        entries = tree.xpath("//a:entry/a:id/text()", namespaces=ATOM)
        updated = tree.xpath("//a:entry/a:updated/text()", namespaces=ATOM)
        assert own not in seen and len(set(entries)) == len(entries)
        seen.add(own)
        assert updated == sorted(updated, reverse=True)
        assert max(updated, default="") <= tree.xpath("string(/a:feed/a:updated)", namespaces=ATOM)
        reached.update(str(link).partition("#")[0] for link in tree.xpath("//a:link/@href", namespaces=ATOM))
    # All feeds lie in one folder: from each of them a link leads to the same file.
    assert {file.parent for file in feeds} == {sample_site() / "feeds"}
    assert [
        link for link in sorted(reached) if not (sample_site() / "feeds" / link).resolve().is_file()
    ] == []


def test_the_schema_rejects_what_it_should() -> None:
    tree = etree.parse(sample_site() / "feeds" / "all.atom")
    tree.find("a:updated", ATOM).text = "2026-09-04"
    assert not SCHEMA.validate(tree)


def test_the_csv_of_a_feed_holds_every_event() -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        held = {i for (i,) in connection.sql("SELECT change_id FROM marts.code_changes").fetchall()}
    head, *rows = read_csv(sample_site() / "feeds" / "all.csv")
    assert {row[head.index("change_id")] for row in rows} == held
    areas = [read_csv(f) for f in (sample_site() / "feeds").glob("icb-*.csv")]
    of_icbs = {row[head.index("change_id")] for _, *rows in areas for row in rows}
    assert of_icbs <= held and len(of_icbs) >= 10


@pytest.mark.parametrize("name", ["all", "kind-gp_practice", "region-Y56", "icb-Z9B2Z"])
def test_each_scope_has_a_feed_with_entries(name: str) -> None:
    assert entry_ids(sample_site(), name)


def test_an_entry_says_what_changed_in_words() -> None:
    feed = (sample_site() / "feeds" / "all.atom").read_text(encoding="utf-8")
    assert "Operational end: 2026-06-30 → none." in feed  # reopened
    assert "Confirmed: ODS has published a notice of it." in feed
    assert "Unconfirmed: the API no longer gives its record." in feed
    assert "Ord notifications" not in feed and "Gone from api" not in feed


def test_every_page_and_feed_of_the_sample_says_that_it_is_the_sample() -> None:
    """Its invented organisations stand next to real ones."""
    files = [f for f in sample_site().rglob("*") if f.suffix in (".html", ".atom")]
    assert len(files) > 90
    assert [f.name for f in files if SAMPLE_WARNING not in f.read_text(encoding="utf-8")] == []
