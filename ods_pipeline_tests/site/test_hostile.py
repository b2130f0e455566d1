"""A hostile register is text in every file of its site, and a site built again has the same bytes and ids."""

import json
import re
from pathlib import Path

import dagster as dg
import pytest
from lxml import etree

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.schema.sample import SAMPLE_WARNING
from ods_pipeline.site.build import write_site
from ods_pipeline.site.words import HARMFUL, slug
from ods_pipeline_tests.site.reading import entry_ids, parse
from ods_pipeline_tests.site.registers import ICB, MARKUP, hostile_register, publish, renamed
from ods_pipeline_tests.support.builders import Held

pytestmark = [pytest.mark.promise("hostile"), pytest.mark.promise("same_bytes")]
_HARMFUL = re.compile(HARMFUL.replace(r"\x00-\x1f", r"\x00-\x09\x0b-\x1f"))


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    return hostile_register(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def root(held: Held) -> DataRoot:
    return publish(held, "first")


@pytest.fixture(scope="module")
def site(root: DataRoot) -> Path:
    """The site, written by a run of Dagster's job."""
    job = build_definitions(root.path).resolve_job_def("site_job")
    with dg.DagsterInstance.ephemeral() as instance:  # left open, its folder fails a later test by a warning
        ran = job.execute_in_process(instance=instance)
    (made,) = ran.asset_materializations_for_node("ods__published__site")
    folder = root.path / "site"
    assert made.metadata["pages"].value == len(list(folder.rglob("*.html")))
    return folder


def test_a_register_of_its_own_is_not_called_the_sample(site: Path) -> None:
    assert SAMPLE_WARNING not in (site / "index.html").read_text(encoding="utf-8")
    assert SAMPLE_WARNING not in (site / "feeds" / "all.atom").read_text(encoding="utf-8")


def test_no_name_becomes_markup(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 10
    shown = 0
    for page in pages:
        tree = parse(page)
        sources = {script.get("src") for script in tree.iter("script")}
        assert sources <= {"lookup/about.js", "search.js", "lookup.js"}, page
        assert not list(tree.iter("img", "iframe", "object", "form", "base")), page
        assert not tree.xpath("//@*[starts-with(name(), 'on')]"), page
        shown += tree.text_content().count(MARKUP)
    assert shown > 10


def test_no_control_character_is_left_in_any_file(site: Path) -> None:
    for file in sorted(site.rglob("*")):
        if file.suffix in (".html", ".atom", ".js"):
            assert not _HARMFUL.search(file.read_text(encoding="utf-8")), file


def test_feeds_are_xml_with_the_name_as_text(site: Path) -> None:
    feed = etree.parse(site / "feeds" / f"icb-{slug(ICB)}.atom")
    texts = "".join(feed.getroot().itertext())
    assert MARKUP in texts


def test_a_code_is_not_a_path(site: Path) -> None:
    assert slug(ICB) == "Q_2f__2e__2e__3c_1"
    assert (site / "icb" / f"{slug(ICB)}.html").is_file()
    files = [file for file in site.rglob("*") if file.is_file()]
    assert {file.resolve().is_relative_to(site.resolve()) for file in files} == {True}


def test_what_the_look_up_page_reads_is_json(site: Path) -> None:
    shelves = sorted((site / "lookup").rglob("*.js"))
    kinds = {file.parent.name for file in shelves}
    assert kinds == {"lookup", "code", "postcode", "search", "text"} and len(shelves) == 8
    codes: set[str] = set()
    for file in shelves:
        text = file.read_text(encoding="utf-8")
        value = json.loads(text[text.index("{") : text.rindex("}") + 1])
        codes |= set(value) if file.parent.name == "code" else set()
    assert {"P000<", "constructor0", ICB} <= codes


def test_the_same_set_gives_the_same_bytes_and_replaces_the_site(root: DataRoot, site: Path) -> None:
    before = {file.relative_to(site): file.read_bytes() for file in site.rglob("*") if file.is_file()}
    write_site(root, site)
    after = {file.relative_to(site): file.read_bytes() for file in site.rglob("*") if file.is_file()}
    assert before == after


@pytest.mark.slow
def test_only_new_events_are_new_entries(held: Held, site: Path) -> None:
    """The last test of this file: it adds a fetch to the register that the others read."""
    names = ("all", "kind-gp_practice", f"icb-{slug(ICB)}")
    before = {name: entry_ids(site, name) for name in names}
    held.delta(renamed("P001<", "2026-08-26"), stamp="20260826T043000Z")
    write_site(publish(held, "second"), site)
    for name in names:
        after = entry_ids(site, name)
        assert len(before[name]) == 1
        assert len(after) == 2 and set(before[name]) < set(after)
