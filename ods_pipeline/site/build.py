"""Builds the site of a published set.

Lives here: which files there are, in which order they are written. Does not live here: what is on a page
(``content.py``), how it looks (``render.py``, ``static/site.css``), and the swap (``folder.py``).
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import duckdb
import polars as pl

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.lists.writing import safe_csv
from ods_pipeline.lookup.published import marts_day, open_published
from ods_pipeline.publish.build_info import origin_of
from ods_pipeline.schema.derive import ATTRIBUTION, DATA_LICENCE
from ods_pipeline.schema.sample import SAMPLE_MARK, SAMPLE_WARNING
from ods_pipeline.site.content import Page, figures_of, pages
from ods_pipeline.site.feeds import ENTRIES, Feed, entries_of, feed_of
from ods_pipeline.site.figures import Answer, answer
from ods_pipeline.site.folder import site_folder
from ods_pipeline.site.render import Renderer
from ods_pipeline.site.shards import write_lookup

_NEEDED = (
    "closed_codes", "code_changes", "code_crosswalk", "code_finder", "coverage", "drift", "gp_practices",
    "hierarchy_edges", "icb_changes", "organisation_parents", "organisation_status", "pcn_membership",
    "provider_hierarchy", "provider_hierarchy_current", "succession_edges", "trust_sites",
)  # fmt: skip
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Site:
    """A site that was written: its folder, and the number and size of its files."""

    folder: Path
    pages: int
    files: int
    size: int


def write_site(root: DataRoot, out: Path) -> Site:
    """Write the site of the published set into a folder, whole or not at all.

    Args:
        root: The data root; it is only read.
        out: The folder of the site. An earlier site there is replaced.

    Raises:
        OdsError: Nothing is published, the extra is not installed, or the folder holds other files.
    """
    with closing(open_published(root.path, *_NEEDED)) as connection, site_folder(out) as folder:
        _Writer(root, connection, folder).write()
        files = [p for p in folder.rglob("*") if p.is_file()]
        html = sum(p.suffix == ".html" for p in files)
        written = Site(out, html, len(files), sum(p.stat().st_size for p in files))
    return written


class _Writer:
    def __init__(self, root: DataRoot, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._root, self._connection, self._folder = root, connection, folder
        areas = connection.sql(
            "SELECT ods_code, kind FROM marts.organisation_status WHERE kind IN ('icb', 'region')"
        ).fetchall()
        self._day, self._feeds = marts_day(connection), list[Feed]()
        always = {"as_of": self._day.isoformat(), "attribution": ATTRIBUTION, "licence": DATA_LICENCE}
        sample = "SELECT 1 FROM ord.captures WHERE publication_source = ? LIMIT 1"
        is_sample = bool(connection.execute(sample, [SAMPLE_MARK]).fetchall())
        always["warning"] = SAMPLE_WARNING if is_sample else ""
        tables = connection.sql("SELECT schema_name || '.' || table_name FROM duckdb_tables()")
        self._tables = {name for (name,) in tables.fetchall()}
        self._renderer = Renderer(dict(areas), always)

    def write(self) -> None:
        kinds: list[tuple[str, str]] = []
        every_page = list(pages(self._connection))
        # DuckDB answers for the pages to come while one is rendered: each takes half of the time.
        with ThreadPoolExecutor(1) as ahead:
            for page, answers in zip(every_page, ahead.map(self._answers, every_page), strict=True):
                self._write_page(page, answers)
                if page.section == "kinds.html":
                    kinds.append((page.path, page.title))
        self._write(
            "kinds.html", "kinds.html", "Kinds of organisation", links=sorted(kinds, key=lambda k: k[1])
        )
        self._write("feeds.html", "feeds.html", "Feeds", feeds=self._feeds, most=ENTRIES)
        self._write_provenance()
        self._write("lookup.html", "lookup.html", "Look up an organisation")
        write_lookup(self._connection, self._folder, self._day.isoformat())
        for name in ("site.css", "search.js", "lookup.js"):
            file = resources.files("ods_pipeline.site").joinpath(f"static/{name}")
            (self._folder / name).write_bytes(file.read_bytes())

    def _answers(self, page: Page) -> list[Answer]:
        shown_here = [f for f in figures_of(page.figures) if not f.needs or f.needs in self._tables]
        return [answer(self._connection, figure, page.values) for figure in shown_here]

    def _write_page(self, page: Page, answers: list[Answer]) -> None:
        figures = [self._figure(shown, page) for shown in answers]
        if page.feed:
            self._write_feed(page, answers[-1].rows)
        self._write(
            "page.html", page.path, page.title,
            lead=page.lead, figures=figures, section=page.section or page.path, feed=page.feed,
        )  # fmt: skip

    def _figure(self, shown: Answer, page: Page) -> dict[str, object]:
        csv = ""
        if shown.rows.height:
            csv = f"data/{page.path.removesuffix('.html')}/{shown.figure.query}.csv"
            self._write_text(csv, safe_csv(shown.rows))
        return self._renderer.figure(shown, csv)

    def _write_feed(self, page: Page, changes: pl.DataFrame) -> None:
        feed = feed_of(page, changes, self._day)
        self._feeds.append(feed)
        self._write_text(
            f"feeds/{feed.name}.atom", self._renderer.atom(feed=feed, entries=entries_of(changes))
        )
        self._write_text(f"feeds/{feed.name}.csv", safe_csv(changes))

    def _write_provenance(self) -> None:
        build = current_build(self._root)
        origin = origin_of(build) if build else {}
        facts = [("Licence", f"{DATA_LICENCE}. {ATTRIBUTION}")]
        facts += [(name.replace("_", " "), value) for name, value in sorted(origin.items())]
        page = Page("provenance.html", "Where this comes from", "provenance")
        figures = [self._figure(shown, page) for shown in self._answers(page)]
        self._write("provenance.html", page.path, page.title, figures=figures, facts=facts)

    def _write(self, template: str, path: str, title: str, **values: object) -> None:
        values.setdefault("section", path)
        self._write_text(path, self._renderer.page(template, path, title, **values))

    def _write_text(self, path: str, text: str) -> None:
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
