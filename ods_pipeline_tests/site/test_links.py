"""Every link of the sample's site leads to a file of it, and to a place on that page."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ods_pipeline_tests.site.reading import parse
from ods_pipeline_tests.support.rooms import sample_site


@cache
def anchors(page: Path) -> frozenset[str]:
    return frozenset(map(str, parse(page).xpath("//@id")))


def test_every_link_leads_somewhere() -> None:
    followed = 0
    for page in sorted(sample_site().rglob("*.html")):
        tree = parse(page)
        ids = tree.xpath("//@id")
        assert len(set(ids)) == len(ids), page
        for link in {str(found) for found in tree.xpath("//@href | //@src")} - {"data:,"}:
            parts = urlsplit(link)
            assert not parts.scheme and not parts.netloc, f"{page}: {link}"
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.is_relative_to(sample_site().resolve()), f"{page}: {link}"
            assert target.is_file(), f"{page}: {link}"
            if parts.fragment and target.name != "lookup.html":
                assert parts.fragment in anchors(target), f"{page}: {link}"
            followed += 1
    assert followed > 2_000
