"""The sample's site in Debian's Chromium, from its folder, with the network cut.

Lives here: what only a browser can say: console, requests, layout, accessibility (axe-core), the look-up
page. Does not live here: what is on the pages (``test_figures.py``) and that links lead somewhere
(``test_links.py``).
"""

import re
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from axe_playwright_python.base import AXE_FILE_PATH

from ods_pipeline_tests.support.rooms import sample_root, sample_site

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
# One page of each kind: what holds for one ICB's page holds for all.
KINDS_OF_PAGES = (
    "index.html", "lookup.html#RRP", "areas.html", "icb/Z9B2Z.html", "day/2026-04-01.html", "kinds.html",
    "odd.html", "feeds.html", "provenance.html",
)  # fmt: skip
# The pages of most parts; axe takes a second and more for each.
OFTEN = ("index.html", "lookup.html#RRP", "icb/Z9B2Z.html", "odd.html")
IN_THE_DARK_TOO = ("odd.html", "lookup.html#RRP")
NARROW, WIDE = {"width": 320, "height": 640}, {"width": 1100, "height": 800}


class Browser:
    """One page of a browser that is offline, and everything that went wrong on it."""

    def __init__(self, page: "Page") -> None:
        self.page, self.faults, self.requested = page, list[str](), set[str]()
        page.on("console", lambda message: self.faults.append(f"{page.url}: {message.type} {message.text}"))
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("requestfailed", lambda request: self.faults.append(f"failed: {request.url}"))
        page.on("request", lambda request: self.requested.add(request.url))

    def open(self, path: str) -> None:
        self.page.goto(f"{sample_site().as_uri()}/{path}")

    def look_up(self, text: str) -> tuple[str, list[str]]:
        """Type a text into the look-up page, and return its note and the codes found, in order."""
        self.page.fill("#entry", text)
        self.page.wait_for_function("text => document.body.dataset.answered === text", arg=text)
        return self.page.inner_text("#note"), self.page.locator("#found code").all_inner_texts()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it takes a second, on each worker

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"],
        )
        page = chromium.new_context(offline=True, viewport=WIDE).new_page()
        page.set_default_timeout(60_000)
        yield Browser(page)
        chromium.close()


@pytest.mark.slow
def test_every_page_opens_on_a_telephone_without_a_fault_or_a_request_to_anywhere(browser: Browser) -> None:
    pages = [page.relative_to(sample_site()).as_posix() for page in sorted(sample_site().rglob("*.html"))]
    assert len(pages) > 80
    widths = {}
    browser.page.set_viewport_size(NARROW)
    try:
        for page in pages:
            browser.open(page)
            widths[page] = browser.page.evaluate("document.documentElement.scrollWidth")
        browser.open("lookup.html")
        browser.look_up("trust")
        widths["an answer"] = browser.page.evaluate("document.documentElement.scrollWidth")
    finally:
        browser.page.set_viewport_size(WIDE)
    assert {page for page, width in widths.items() if width > NARROW["width"]} == set()
    assert browser.faults == []
    outside = {url for url in browser.requested if not url.startswith((sample_site().as_uri(), "data:"))}
    assert outside == set()


@pytest.mark.parametrize(
    "path", [path if path in OFTEN else pytest.param(path, marks=pytest.mark.slow) for path in KINDS_OF_PAGES]
)
def test_axe_finds_nothing_serious(browser: Browser, path: str) -> None:
    browser.open(path)
    page = browser.page
    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    for scheme in ("light", "dark") if path in IN_THE_DARK_TOO else ("light",):
        page.emulate_media(color_scheme=scheme)
        found: dict[str, Any] = page.evaluate(
            "axe.run(document, {resultTypes: ['violations'], preload: false})"
        )
        problems = [
            (problem["id"], problem["impact"], problem["nodes"][0]["html"]) for problem in found["violations"]
        ]
        assert [p for p in problems if p[1] in ("serious", "critical")] == []
    page.emulate_media(color_scheme="light")
    assert browser.faults == []


@pytest.mark.parametrize(
    ("text", "first", "shown"),
    [
        ("z9b2z", "Z9B2Z", "Open since 2026-04-01"),
        ("RRP", "RRP", "Replaced by G6V2S"),
        ("QM7", "QM7", "Replaced by D7T5G, S1Y5D"),
        ("NZ902", "NZ902", "Deleted from the register"),
        ("n10 9xd", "D8M2P", "Run by A9C1X"),
        ("maple house", "D8M2P", "ICB Z9B2Z NHS WEST AND NORTH LONDON INTEGRATED CARE BOARD"),
        ("trust whittington", "RKE", "WHITTINGTON HEALTH NHS TRUST"),
        ("weavers yard", "Y99903", "Region Y56"),
        ("G6VS2", "G6V2S", "NORTH LONDON NHS FOUNDATION TRUST"),
        ("N10 2", "F85063", "N10 2PS"),
        ("implant centre", "V99002", "Formerly BRIDGE STREET DENTAL"),
    ],
)
def test_the_look_up_page_finds(browser: Browser, text: str, first: str, shown: str) -> None:
    browser.open("lookup.html")
    _, codes = browser.look_up(text)
    assert codes[0] == first
    assert shown in " ".join(browser.page.inner_text("#found li:first-child").split())
    assert browser.faults == []


def test_it_gives_the_day_if_nothing_is_found(browser: Browser) -> None:
    browser.open("lookup.html")
    note, codes = browser.look_up("no such name at all")
    assert codes == []
    assert "as of 2026-09-04" in note


def as_people_type(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Texts of every kind that ``find`` takes: some by hand, and some made of organisations of the sample."""
    rows = connection.sql("""
        SELECT f.ods_code, f.name, o.town, f.postcode FROM marts.code_finder AS f
        JOIN ord.organisations AS o ON o.ods_code = f.ods_code
        WHERE f.name LIKE '% %' AND f.postcode IS NOT NULL AND o.town IS NOT NULL
        ORDER BY hash(f.ods_code), f.ods_code LIMIT 3
    """).fetchall()
    texts = [*TYPED]
    for code, name, town, postcode in rows:
        words = name.split()
        longest = max(words, key=len)
        texts += [
            name, " ".join(reversed(words)), f"{words[0]} {town}", f"{words[-1]} {postcode}",
            f"{code} {words[0]}", f"{postcode.split()[0]} {words[0]}", "".join(words[:2]),
            name.replace(longest, longest[:2] + longest[3:]), longest[: max(3, len(longest) // 2)],
        ]  # fmt: skip
    return texts


TYPED = (
    "maple house", "mapel house", "maplehouse", "n10 9xd", "N10", "N10 9", "LS1", "RKE", "QM7", "G6VS2",
    "Y99903 weavers yard", "health centre", "health ctr", "dental", "surgery", "saint georges", "ltd",
    "high st", "nhs trust london", "implant centre", "care home leeds", "o'donnell & reeve", "the", "st",
    "no such name", "(RRP),", "E83003.", "E83003 greenfield medical centre", "08H camden",
    "RRP northern hospital", "code E83003", "e83003 e83005", "N200", "nw21", "ZZZ99 maple",
    "north east london icb", "london icb", "barnet primary care network", "oakleigh road hc",
    "uclh", "ncl icb", "sash", "hiow", "cnwl", "uclhft", "TAF-01", "taf/01", "RRP-RKE",
    "gp barnet", "dentist london", "chemist enfield", "pharmacy barnet", "gp", "prison", "care home enfield",
    "pharmacy n2", "gp nw1", "house n10", "dentist n1 9xd", "surgery en1 camden",
    "the mapel house", "themaplehouse", "maplehousecarehome", "northlondonnhsfoundationtrust",
    "bridgestreetdentalandimplantcentre", "N1O 9XD", "NlO 9XD", "nw1ope", "maple house n1o 9xd",
    "\uff32\uff32\uff30", "ma\u00adple house\u00b9", "n10\u20139xd", "surgery barnte", "m\u00e0ple hse",
    "house camdne", "integrated care board london", "R0A R0B", "R0A M13 9WL", "R0A M13",
)  # fmt: skip


@pytest.mark.slow
def test_it_finds_what_find_finds_in_the_same_order(browser: Browser) -> None:
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        texts = as_people_type(connection)
        expected = {}
        for text in texts:
            found = connection.execute(
                "SELECT ods_code FROM ods_find(?) WHERE match_kind <> 'none' LIMIT 20", [text]
            )
            expected[text] = [code for (code,) in found.fetchall()]
    assert len(expected) >= 50 and sum(len(codes) > 1 for codes in expected.values()) > 25
    browser.open("lookup.html")
    assert {text: browser.look_up(text)[1] for text in expected} == expected
    assert browser.faults == []


def test_words_are_spelt_as_the_build_spells_them(browser: Browser) -> None:
    """The table of spellings is in plain_word and in search.js: every word of both goes through both."""
    macro = resources.files("ods_pipeline.marts.macros").joinpath("words_search.sql").read_text()
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            """
            SELECT word, plain_word(word) FROM (
                SELECT DISTINCT unnest(string_split(name_key, ' ') || ?) AS word FROM marts.code_finder
            )
            """,
            [["PHARMACIES", *re.findall("'([A-Z0-9]+)'", macro)]],
        ).fetchall()
    expected = dict(rows)
    assert len(expected) > 500 and expected["SAINT"] == "ST" and expected["PHARMACIES"] == "PHARMACY"
    browser.open("lookup.html")
    spell = "words => words.map(odsSearchWith(odsAbout, null).plain)"
    assert dict(zip(expected, browser.page.evaluate(spell, list(expected)), strict=True)) == expected


def test_it_works_with_the_keyboard_alone(browser: Browser) -> None:
    browser.open("lookup.html")
    page = browser.page
    page.wait_for_function(
        "() => document.activeElement.id === 'entry'"
    )  # a browser gives focus in its own time
    page.keyboard.type("RRP")
    page.wait_for_selector("#found a")
    assert page.get_attribute("#note", "aria-live") == "polite"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "G6V2S"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.body.dataset.answered === 'G6V2S'")
    page.reload()
    page.wait_for_function("() => document.body.dataset.answered === 'G6V2S'")
    browser.open("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
